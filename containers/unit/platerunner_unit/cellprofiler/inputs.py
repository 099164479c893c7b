"""How a pipeline finds its images: by LoadData, whose table a spec can make, or by rules of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Optional

from platerunner_unit.cellprofiler.model import Cppipe, Module
from platerunner_unit.cellprofiler.module_settings import own_name

RULE_MODULES = ("Images", "Metadata", "NamesAndTypes", "Groups")


class ReadsBy(Enum):
    """What makes a pipeline's image sets."""

    LOAD_DATA = "LoadData"
    RULES = "Images, Metadata, NamesAndTypes and Groups"
    BOTH = "LoadData and NamesAndTypes"
    NOTHING = "nothing"
    UNKNOWN = "a project file's list"


@dataclass(frozen=True)
class Finding:
    """Something about a pipeline that its user should change.

    :param message: a clause.
    :param remedy: one sentence or two.
    :param module: whose matter it is; None for the pipeline as a whole.
    :param of_mapping: whether the step's ``load_data`` is to be changed, not the pipeline.
    """

    message: str
    remedy: str
    module: Optional[Module] = None
    of_mapping: bool = False

    @property
    def sentence(self) -> str:
        """Message and remedy, for a place where there is one line for both."""
        return f"{self.message}. {self.remedy}"


def reads_by(cppipe: Cppipe) -> ReadsBy:
    """What makes the image sets, by the modules that are enabled.

    :param cppipe: as read.
    """
    if cppipe.form == "hdf5":
        return ReadsBy.UNKNOWN
    names = {own_name(module.name) for module in cppipe.enabled}
    table, rules = "LoadData" in names, "NamesAndTypes" in names
    if table and rules:
        return ReadsBy.BOTH
    if table:
        return ReadsBy.LOAD_DATA
    return ReadsBy.RULES if rules else ReadsBy.NOTHING


def check(cppipe: Cppipe, *, load_data: bool) -> Iterator[Finding]:
    """Whether a pipeline's way to its images is the step's.

    :param cppipe: a pipeline without faults.
    :param load_data: whether the step has ``load_data``.
    """
    how, name = reads_by(cppipe), cppipe.path
    if how is ReadsBy.BOTH:
        remedy = "Disable LoadData, or disable Images, Metadata, NamesAndTypes and Groups."
        yield Finding(f"{name} reads its images by LoadData and by NamesAndTypes at once", remedy, _first(cppipe))
    elif load_data:
        yield from _check_table(cppipe, how)
    elif how is ReadsBy.LOAD_DATA:
        remedy = 'Add `load_data: {images: {"Orig{channel}": images}, metadata: [plate, well, site]}`.'
        yield Finding(f"CellProfiler needs `load_data` to find its images, since {name} reads them by LoadData", remedy)
    elif how is ReadsBy.NOTHING:
        remedy = "Enable NamesAndTypes, or LoadData and give the step `load_data`."
        yield Finding(f"{name} reads no images: neither NamesAndTypes nor LoadData is enabled", remedy)
    elif how is ReadsBy.UNKNOWN:
        remedy = "Save it with File > Export > Pipeline."
        yield Finding(f"{name} is a project, whose list of images is another machine's", remedy)


def _check_table(cppipe: Cppipe, how: ReadsBy) -> Iterator[Finding]:
    name = cppipe.path
    if how is ReadsBy.RULES:
        remedy = (
            "Delete `load_data`, so that the pipeline's own rules decide, or run `platerunner loaddata "
            f"{name}` and use the LoadData form that it writes."
        )
        message = f"{name} reads its images by NamesAndTypes and not by LoadData, so that `load_data` has no effect"
        yield Finding(message, remedy, _first(cppipe))
    elif how is ReadsBy.NOTHING:
        remedy = "Put LoadData in front, or enable it."
        yield Finding(f"{name} has no LoadData that is enabled, so that `load_data` has no effect", remedy)
    for module in cppipe.enabled:
        if module.name == "LoadData" and module.value("Load images based on this data?") == "No":
            setting = '"Load images based on this data?"'
            message = f"{module.place} loads no images: its setting {setting} is No"
            yield Finding(message, f"Set {setting} to Yes.", module)


def _first(cppipe: Cppipe) -> Optional[Module]:
    return next((module for module in cppipe.enabled if module.name == "NamesAndTypes"), None)
