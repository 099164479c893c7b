"""A pipeline file as its checks and the judge see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Fault:
    """Why CellProfiler's loader stops at a place.

    :param clause: what the file has or is, to follow its name in a sentence.
    :param line: from 1; None if it has no place.
    """

    clause: str
    line: Optional[int] = None


@dataclass(frozen=True)
class Module:
    """A module block.

    :param number: its place in the file, from 1, counting disabled modules too: the number that CellProfiler logs.
    :param revision: ``variable_revision_number``; None if the header line lacks it.
    :param settings: text and value of each line, in order; a text may come twice. CellProfiler goes by order only.
    :param line: where it begins in the file, from 1; None in JSON.
    :param fault: why the block cannot be read; None if it can.
    :param saved_as: its number when CellProfiler saved the file; None if the header line lacks it.
    """

    name: str
    number: int
    revision: Optional[int] = None
    enabled: bool = True
    settings: tuple[tuple[str, str], ...] = ()
    line: Optional[int] = None
    fault: Optional[Fault] = None
    saved_as: Optional[int] = None

    @property
    def place(self) -> str:
        """What a person calls it, e.g. ``SaveImages (module 3)``."""
        return f"{self.name} (module {self.number})"

    def value(self, text: str) -> Optional[str]:
        """The first setting of that text; None if there is none."""
        return next((value for key, value in self.settings if key == text), None)


@dataclass(frozen=True)
class Cppipe:
    """A pipeline file; what could not be read is None or empty.

    :param path: the file's name, for messages.
    :param form: ``text``, ``json``, ``hdf5`` (a project or batch file, whose modules are not read) or ``unknown``.
    :param version: of the format; CellProfiler 4.2 writes 5, and JSON as 6.
    :param date_revision: of the CellProfiler that saved it, e.g. 428 or 4281.
    :param module_count: as the header claims.
    :param unread: modules beyond that count, which CellProfiler passes over.
    :param ends_open: whether it ends with the empty line that stands before a module, and never after the last.
    :param fault: why the file as such cannot be read; None if it can.
    """

    path: str
    form: str
    version: Optional[int] = None
    date_revision: Optional[int] = None
    module_count: Optional[int] = None
    modules: tuple[Module, ...] = ()
    unread: int = 0
    ends_open: bool = False
    fault: Optional[Fault] = None

    @property
    def blocks(self) -> int:
        """How many module blocks CellProfiler reads."""
        return len(self.modules)

    @property
    def enabled(self) -> tuple[Module, ...]:
        """The modules that run."""
        return tuple(module for module in self.modules if module.enabled)

    @property
    def last_module(self) -> Optional[int]:
        """Number of the last module that runs; None if there is none."""
        return max((module.number for module in self.enabled), default=None)

    @property
    def grouping_tags(self) -> tuple[str, ...]:
        """Metadata tags that image sets are grouped by; empty if they are not."""
        for module in self.enabled:
            if module.name == "LoadData" and module.value("Group images by metadata?") == "Yes":
                return _tags(module.value("Select metadata tags for grouping"))
            if module.name == "Groups" and module.value("Do you want to group your images?") == "Yes":
                return tuple(
                    value for text, value in module.settings if text == "Metadata category" and value != "None"
                )
        return ()

    @property
    def aggregates(self) -> bool:
        """Whether a module makes one result of all image sets of a group."""
        return any(_aggregates(module) for module in self.enabled)

    def has(self, name: str) -> bool:
        """Whether an enabled module of that name is there."""
        return any(module.name == name for module in self.enabled)


def _tags(value: Optional[str]) -> tuple[str, ...]:
    return tuple(tag.strip() for tag in (value or "").split(",") if tag.strip())


# Modules of CellProfiler 4.2.8 whose is_aggregation_module() is true: always, or if a setting begins with a value.
_AGGREGATING: dict[str, tuple[tuple[str, str], ...]] = {
    "CorrectIlluminationCalculate": (
        ("Calculate function for each image individually, or based on all images?", "All"),
    ),
    "MakeProjection": (),
    "RescaleIntensity": (
        ("Method to calculate the maximum intensity", "Maximum of all images"),
        ("Method to calculate the minimum intensity", "Minimum of all images"),
    ),
    "SaveImages": (("When to save", "Last cycle"), ("Select the type of image to save", "Movie")),
    "Tile": (("Tile assembly method", "Across cycles"),),
    "TrackObjects": (),
}


def _aggregates(module: Module) -> bool:
    conditions = _AGGREGATING.get(module.name)
    if conditions is None:
        return False
    return not conditions or any((module.value(text) or "").startswith(value) for text, value in conditions)
