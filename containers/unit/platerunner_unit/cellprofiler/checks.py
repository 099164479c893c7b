"""What is wrong with a pipeline file, found before CellProfiler passes over it in silence.

Refused is what CellProfiler's own loader refuses, and what it would certainly replace; what is odd is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Optional

from platerunner_unit.cellprofiler.model import Cppipe, Fault, Module
from platerunner_unit.cellprofiler.module_settings import (
    ends_early,
    installed,
    known_places,
    odd_value,
    own_name,
    refusal,
    replaced_value,
)
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import PreflightProblem

# Without one of these, or a plugin, nothing is left of a run.
_WRITERS = {
    "CreateBatchFiles", "ExportToDatabase", "ExportToSpreadsheet", "SaveCroppedObjects", "SaveImages",
}  # fmt: skip
_COLUMN = re.compile(r"^(?:Image_)?(?:FileName|URL|PathName|ObjectsFileName|ObjectsURL|ObjectsPathName)_(.+)$")
_NAME_IT = (
    'Name it in `load_data`, as "{0}" or with a wildcard one of whose values makes "{0}" (`rename` gives files other '
    "values), or choose another image in that module."
)
_NOT_A_NAME = {"", "None", "Do not use", "Leave blank", "Leave this blank", "none"}
# These name images or objects by rules of their own, so names cannot be checked once one of them runs.
_INPUT_MODULES = {"LoadData", "Images", "Metadata", "NamesAndTypes", "Groups"}


def check(
    cppipe: Cppipe, known_modules: Optional[set[str]] = None, load_data_columns: Optional[set[str]] = None
) -> tuple[PreflightProblem, ...]:
    """What CellProfiler's own loader refuses, and values in whose place it would take others silently.

    :param cppipe: as read.
    :param known_modules: names of modules that plugins bring, besides CellProfiler's own; None if plugins are not
        known, which makes an unknown module no problem.
    :param load_data_columns: header of LoadData's CSV; None if it is not known.
    :returns: the problems, most decisive first.
    """
    if cppipe.fault is not None:
        return (_invalid(cppipe, cppipe.fault),)
    if cppipe.form == "hdf5":
        return ()
    if not cppipe.modules:
        return (_invalid(cppipe, Fault("has no module: nothing would run")),)
    found = [problem for module in cppipe.modules for problem in _module_problems(cppipe, module, known_modules)]
    cut = _cut_off(cppipe)
    if not found and cut is not None:
        found.append(_invalid(cppipe, cut))
    if not found and load_data_columns is not None:
        found.extend(_missing_names(cppipe, load_data_columns))
    return tuple(found)


def _module_problems(cppipe: Cppipe, module: Module, plugins: Optional[set[str]]) -> Iterator[PreflightProblem]:
    """The first thing that stops the loader at a module; what is known of a plugin's module is its name alone."""
    name = module.name.rpartition(".")[2]
    if module.fault is not None:
        yield _invalid(cppipe, module.fault)
    elif plugins is not None and name in plugins:
        return
    elif own_name(name) is not None:
        fault = refusal(module) or replaced_value(module)
        if fault is not None:
            yield _invalid(cppipe, fault)
    elif name in installed()["gone"]:
        clause = f"uses {module.place}, which CellProfiler no longer has: {installed()['gone'][name]}"
        yield _invalid(cppipe, Fault(clause, module.line))
    elif plugins is not None:
        clause = f"uses {module.place}, which neither CellProfiler nor a plugin has: give its file in `with: plugins`"
        yield PreflightProblem(Category.PLUGIN_MISSING.value, _sentence(cppipe, Fault(clause, module.line)))


def _cut_off(cppipe: Cppipe) -> Optional[Fault]:
    """Whether the file is cut off: others should follow its last module, and something else says so too.

    A count alone proves nothing: people take out modules by hand. Nor do settings: some versions wrote fewer. A file
    whose last module was saved as the last is whole.
    """
    if cppipe.module_count is None or cppipe.module_count <= cppipe.blocks or cppipe.form != "text":
        return None
    last = cppipe.modules[-1]
    if last.saved_as == cppipe.module_count:
        return None
    short = len(last.settings) < len(known_places(last)) and ends_early(last)
    if not short and not cppipe.ends_open and any(map(_writes, cppipe.enabled)):
        return None
    where = f"ends within {last.place}" if short else f"ends after {last.place}"
    counts = f"its header says {cppipe.module_count} modules, and it has {cppipe.blocks}"
    remedy = "copy the file here once more, or correct ModuleCount if it is whole"
    return Fault(f"{where}, and {counts}: {remedy}", last.line)


def _writes(module: Module) -> bool:
    """Whether a module may leave a file: a plugin's may do anything."""
    name = own_name(module.name)
    return name is None or name in _WRITERS


def warnings(cppipe: Cppipe) -> tuple[str, ...]:
    """What is odd and may change results without failing the run."""
    return tuple(_warnings(cppipe))


def _warnings(cppipe: Cppipe) -> Iterator[str]:
    data = installed()
    if cppipe.date_revision is not None and _comparable(cppipe.date_revision) > _revision_number(data["cellprofiler"]):
        yield f"{cppipe.path} was saved by a newer CellProfiler (revision {cppipe.date_revision})."
    if cppipe.unread:
        count = f"The header of {cppipe.path} says {cppipe.module_count} modules"
        yield f"{count}: CellProfiler passes over the {cppipe.unread} after them."
    elif cppipe.module_count is not None and cppipe.module_count > cppipe.blocks and cppipe.form == "text":
        yield f"The header of {cppipe.path} says {cppipe.module_count} modules, and the file has {cppipe.blocks}."
    for module in cppipe.enabled:
        known = data["modules"].get(own_name(module.name) or "")
        if known and module.revision is not None and module.revision > known["revision"]:
            yield f"{module.place} has revision {module.revision}, newer than {known['revision']}."
        odd = odd_value(module)
        if odd is not None:
            yield f"{cppipe.path} {odd}."
        if ends_early(module):
            yield f"{cppipe.path} has {module.place} without its last settings: CellProfiler takes its own for them."


def _invalid(cppipe: Cppipe, fault: Fault) -> PreflightProblem:
    return PreflightProblem(Category.PIPELINE_INVALID.value, _sentence(cppipe, fault))


def _sentence(cppipe: Cppipe, fault: Fault) -> str:
    place = f", line {fault.line}," if fault.line is not None else ""
    return f"The pipeline {cppipe.path}{place} {fault.clause}."


def _missing_names(cppipe: Cppipe, columns: set[str]) -> Iterator[PreflightProblem]:
    """Images that a module begins with and nothing before it supplies; only where that is certain."""
    names = {found.group(1) for column in columns for found in [_COLUMN.match(column)] if found}
    modules = cppipe.enabled
    if not modules or modules[0].name != "LoadData" or any(m.name in _INPUT_MODULES for m in modules[1:]):
        return
    for module in modules[1:]:
        known = installed()["modules"].get(own_name(module.name) or "")
        if known is None:
            return
        wanted = _first_image(module, known)
        if wanted is not None and wanted not in names:
            clause = f'has {module.place}, which needs an image called "{wanted}"'
            fault = Fault(f"{clause}: no column of LoadData and no module before it supplies it", module.line)
            yield replace(_invalid(cppipe, fault), hint=_NAME_IT.format(wanted))
        names.update(_names_given(module, known))


def _first_image(module: Module, known: dict[str, Any]) -> Optional[str]:
    """The image that a module cannot do without: its first setting, if that is an image's name."""
    if not module.settings or not known["places"] or module.revision != known["revision"]:
        return None
    first, value = known["places"][0], module.settings[0][1]
    sure = first["kind"] == "image" and first.get("counts") is True and module.settings[0][0] == first["text"]
    return value if sure and value not in _NOT_A_NAME else None


def _names_given(module: Module, known: dict[str, Any]) -> Iterable[str]:
    """Every value of a setting that may name an image: too many is safe, too few is not."""
    for text, value in module.settings:
        kinds = known["settings"].get(text, {"kinds": [None]})["kinds"]
        if "image" not in kinds:
            yield value


def _comparable(revision: int) -> int:
    """CellProfiler writes 428 for 4.2.8 and 4281 for 4.2.8.1, and once wrote dates: bring them to four digits."""
    if revision > 10**7:
        return 0
    return revision * 10 if revision < 1000 else revision


def _revision_number(version: str) -> int:
    return _comparable(int("".join(re.findall(r"\d+", version))[:4]))
