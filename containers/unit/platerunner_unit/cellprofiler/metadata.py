"""The metadata that a pipeline asks its image sets for: to group them by, and to name files by."""

from __future__ import annotations

import re
from collections.abc import Iterator

from platerunner_unit.cellprofiler.inputs import Finding
from platerunner_unit.cellprofiler.model import Cppipe, Module
from platerunner_unit.cellprofiler.module_settings import own_name

# cellprofiler_core/measurement/_measurements.py 4.2.8, apply_metadata: a doubled backslash is a backslash, not a tag.
_TAG = re.compile(r"\(\?<(.+?)>\)|\\g<(.+?)>")
_OF_EVERY_IMAGE = {"Series", "Frame"}
# cellprofiler_core/utilities/measurement.py 4.2.8, is_well_row_token and is_well_column_token: two make a Well.
_ROWS = {"wellrow", "well_row", "row"}
_COLUMNS = {"wellcol", "well_col", "wellcolumn", "well_column", "column", "col"}


def check(cppipe: Cppipe, given: set[str]) -> Iterator[Finding]:
    """Metadata that is wanted and that no column gives.

    :param cppipe: a pipeline that reads its images by LoadData.
    :param given: names of ``Metadata_`` columns, without that word.
    """
    if any(own_name(module.name) is None for module in cppipe.enabled):
        return  # a plugin may make metadata
    known = {*given, *_OF_EVERY_IMAGE, *(name for module in cppipe.enabled for name in _flags(module))}
    if {name.lower() for name in given} & _ROWS and {name.lower() for name in given} & _COLUMNS:
        known.add("Well")
    for module in cppipe.enabled:
        for setting, tags in _wanted(module):
            for tag in sorted(set(tags) - known):
                message = (
                    f'{module.place} needs the metadata "{tag}" (setting "{setting}"), which LoadData is not given'
                )
                yield Finding(message, _remedy(tag, given), module, of_mapping=True)


def _remedy(tag: str, given: set[str]) -> str:
    there = ", ".join(sorted(given)) or "none"
    if tag.lower() in {name.lower() for name in given}:
        return f"Capitals count: `load_data: metadata` gives {there}. Name it as in `metadata: {{{tag}: <wildcard>}}`."
    return f"Name it under `load_data: metadata`, which gives {there}."


def _flags(module: Module) -> Iterator[str]:
    """FlagImage may put what it finds beside the metadata."""
    if module.name == "FlagImage":
        yield from (value for text, value in module.settings if text == "Name the flag")


def _wanted(module: Module) -> Iterator[tuple[str, list[str]]]:
    """Setting and the tags in it, where the setting is in force."""
    if module.name == "LoadData" and module.value("Group images by metadata?") == "Yes":
        setting = "Select metadata tags for grouping"
        yield setting, [tag.strip() for tag in (module.value(setting) or "").split(",") if tag.strip()]
    if module.name == "SaveImages" and not (module.value("Select the type of image to save") or "").startswith("Movie"):
        settings = ["Output file location"]
        if module.value("Select method for constructing file names") != "From image filename":
            settings.append("Enter single file name")
        elif module.value("Append a suffix to the image file name?") == "Yes":
            settings.append("Text to append to the image name")
        for setting in settings:
            yield setting, list(_tags(module.value(setting) or ""))


def _tags(text: str) -> Iterator[str]:
    for piece in text.split("\\\\"):
        yield from (tag for found in _TAG.findall(piece) for tag in found if tag)
