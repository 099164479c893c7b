"""What is wrong with a pipeline file, found before CellProfiler passes over it in silence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.category import Category
from platerunner_unit.cppipe_model import Cppipe, Module
from platerunner_unit.evidence import PreflightProblem

_DATA = Path(__file__).with_name("cellprofiler_modules.json")
_COLUMN = re.compile(r"^(?:Image_)?(?:FileName|URL|PathName|ObjectsFileName|ObjectsURL|ObjectsPathName)_(.+)$")
_NOT_A_NAME = {"", "None", "Do not use", "Leave blank", "Leave this blank", "none"}
# These name images or objects by rules of their own, so nothing can be said of names once one of them runs.
_INPUT_MODULES = {"LoadData", "Images", "Metadata", "NamesAndTypes", "Groups"}


@lru_cache(maxsize=1)
def installed() -> dict[str, Any]:
    """What CellProfiler 4.2.8 has: its format, its modules, their revisions and settings (dump_modules.py)."""
    data: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return data


def check(
    cppipe: Cppipe, known_modules: Optional[set[str]] = None, load_data_columns: Optional[set[str]] = None
) -> tuple[PreflightProblem, ...]:
    """What will make a run of this pipeline fail or, worse, go wrong unnoticed.

    :param cppipe: as read.
    :param known_modules: names of modules that plugins bring, besides CellProfiler's own; None if plugins are not
        known, which makes an unknown module no problem.
    :param load_data_columns: header of LoadData's CSV; None if it is not known.
    :returns: the problems, most decisive first.
    """
    broken = _broken(cppipe)
    if broken is not None:
        return (_invalid(f"The pipeline {cppipe.path} {broken}."),)
    if cppipe.form == "hdf5":
        return ()
    found = [*_unknown_modules(cppipe, known_modules), *_short_modules(cppipe), *_bad_values(cppipe)]
    if not found and load_data_columns is not None:
        found.extend(_missing_names(cppipe, load_data_columns))
    return tuple(found)


def warnings(cppipe: Cppipe) -> tuple[str, ...]:
    """What may change results without failing the run: newer revisions, which CellProfiler reads as its own."""
    data = installed()
    ours = _revision_number(data["cellprofiler"])
    found = []
    if cppipe.date_revision is not None and _comparable(cppipe.date_revision) > ours:
        found.append(f"{cppipe.path} was saved by a newer CellProfiler (revision {cppipe.date_revision}).")
    for module in cppipe.enabled:
        known = data["modules"].get(module.name)
        if known and module.revision is not None and module.revision > known["revision"]:
            found.append(f"{module.place} has revision {module.revision}, newer than {known['revision']}.")
    return tuple(found)


def _invalid(sentence: str) -> PreflightProblem:
    return PreflightProblem(Category.PIPELINE_INVALID.value, sentence)


def _broken(cppipe: Cppipe) -> Optional[str]:
    """Why the file as such cannot be run, as a clause."""
    if cppipe.empty:
        return "is empty"
    if cppipe.broken is not None:
        return f"is no readable JSON ({cppipe.broken})"
    if cppipe.form == "unknown":
        return 'is no CellProfiler pipeline: its first line does not begin with "CellProfiler Pipeline:"'
    if cppipe.form == "hdf5":
        return None
    if cppipe.form == "json" and not cppipe.path.endswith(".json"):
        return "is JSON, which CellProfiler reads only from a file named .json"
    newest = 6 if cppipe.form == "json" else installed()["format"]
    if cppipe.version is not None and cppipe.version > newest:
        return f"has format {cppipe.version}, but this CellProfiler reads {newest} at most: save it with this version"
    return _cut(cppipe)


def _cut(cppipe: Cppipe) -> Optional[str]:
    if not cppipe.header_ended:
        return "is cut off within its header"
    if cppipe.module_count is not None and cppipe.module_count != cppipe.blocks:
        return f"is cut off: its header says {cppipe.module_count} modules and it has {cppipe.blocks}"
    if cppipe.blocks == 0:
        return "has no module"
    for module in cppipe.modules:
        if not module.attributes_whole or module.revision is None:
            return f"is damaged: the first line of {module.place} is not whole"
    return None


def _unknown_modules(cppipe: Cppipe, plugins: Optional[set[str]]) -> Iterator[PreflightProblem]:
    if plugins is None:
        return
    ours = installed()["modules"]
    for module in cppipe.modules:
        if module.name not in ours and module.name not in plugins:
            sentence = f"{cppipe.path} uses {module.place}, which neither CellProfiler nor a plugin has."
            yield PreflightProblem(Category.PLUGIN_MISSING.value, sentence)


def _short_modules(cppipe: Cppipe) -> Iterator[PreflightProblem]:
    for module in cppipe.modules:
        known = installed()["modules"].get(module.name)
        if known is None or known["count"] is None or module.revision != known["revision"]:
            continue
        if len(module.settings) < known["count"]:
            yield _invalid(
                f"{cppipe.path}: {module.place} has only {len(module.settings)} of its {known['count']} settings."
            )


def _bad_values(cppipe: Cppipe) -> Iterator[PreflightProblem]:
    for module in cppipe.enabled:
        known = installed()["modules"].get(module.name)
        if known is None or module.revision != known["revision"]:
            continue
        for text, value in module.settings:
            wanted = _wanted(known["settings"].get(text), value)
            if wanted is not None:
                yield _invalid(
                    f'{cppipe.path}: "{text}" of {module.place} is "{value}", but must be {wanted}; '
                    "CellProfiler would use another value without a word."
                )


def _wanted(setting: Optional[dict[str, Any]], value: str) -> Optional[str]:
    """What a setting should be; None if its value is fine, or nothing can be said."""
    if setting is None or len(setting["kinds"]) != 1:
        return None
    kind = setting["kinds"][0]
    if kind == "binary":
        return None if value in ("Yes", "No") else "Yes or No"
    if kind == "choice":
        return None if value in setting["choices"] else f"one of: {', '.join(setting['choices'])}"
    if kind in ("integer", "float"):
        return _wanted_number(kind, value, setting.get("bounds", [None, None]))
    if kind in ("integer_range", "float_range"):
        return None if _is_range(value) else "two numbers with a comma between"
    return None


def _wanted_number(kind: str, value: str, bounds: list[Optional[float]]) -> Optional[str]:
    try:
        number = int(value) if kind == "integer" else float(value)
    except ValueError:
        return "a whole number" if kind == "integer" else "a number"
    least, largest = bounds
    if least is not None and number < least:
        return f"at least {least}"
    return f"at most {largest}" if largest is not None and number > largest else None


def _is_range(value: str) -> bool:
    parts = [part.strip() for part in re.split(r"[,]", value)]
    return len(parts) == 2 and all(
        re.match(r"^(?:-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|-?\.\d+|-?end|-?inf)$", part) for part in parts
    )


def _missing_names(cppipe: Cppipe, columns: set[str]) -> Iterator[PreflightProblem]:
    """Images that a module begins with and nothing before it supplies; only where that can be told for certain."""
    names = {found.group(1) for column in columns for found in [_COLUMN.match(column)] if found}
    modules = cppipe.enabled
    if not modules or modules[0].name != "LoadData" or any(m.name in _INPUT_MODULES for m in modules[1:]):
        return
    for module in modules[1:]:
        known = installed()["modules"].get(module.name)
        if known is None:
            return
        wanted = _first_image(module, known)
        if wanted is not None and wanted not in names:
            yield _invalid(
                f'{cppipe.path}: {module.place} needs an image called "{wanted}", which no column of '
                f"LoadData and no module before it supplies."
            )
        names.update(_names_given(module, known))


def _first_image(module: Module, known: dict[str, Any]) -> Optional[str]:
    """The image that a module cannot do without: its first setting, if that is an image's name."""
    if not module.settings or module.settings[0][0] != known["first"] or module.revision != known["revision"]:
        return None
    kinds = known["settings"][known["first"]]["kinds"]
    value = module.settings[0][1]
    return value if kinds == ["image"] and value not in _NOT_A_NAME else None


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
