"""What CellProfiler 4.2.8 makes of a module's settings, by cellprofiler_modules.json (dump_modules.py measures it)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Optional

from platerunner_unit.cellprofiler.model import Fault, Module

_DATA = Path(__file__).with_name("cellprofiler_modules.json")


class _Refused(NamedTuple):
    """A value that an upgrade refuses.

    :param revisions: the first and the last that are upgraded so.
    :param place: of the setting, from 0.
    :param remedy: what to do, as a clause.
    """

    revisions: tuple[int, int]
    place: int
    values: tuple[str, ...]
    remedy: str


_OBJECTS = "save an image that ConvertObjectsToImage made of them"
_REFUSED = {
    "SaveImages": (
        _Refused((11, 11), 0, ("Objects",), _OBJECTS),
        _Refused((11, 11), 10, ("bmp", "mat"), "write npy or tiff in its place, and name the output so"),
    ),
    "MeasureImageOverlap": (
        _Refused((2, 4), 0, ("Segmented objects",), "measure objects by MeasureObjectOverlap"),
    ),
}  # fmt: skip

# Choices that were taken away and that upgrades let through; the module stops at them when it runs.
_ONCE = {
    "Morph": (
        "bothat", "bottom hat", "close", "dilate", "erode", "fill small", "invert", "life", "open", "top hat", "tophat",
    ),
}  # fmt: skip
# A longer list of choices is a library's, such as matplotlib's color maps, and changes with its version.
_LIBRARY = 30


@lru_cache(maxsize=1)
def installed() -> dict[str, Any]:
    """What CellProfiler 4.2.8 has: its format, its modules, their revisions and settings."""
    data: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return data


def own_name(name: str) -> Optional[str]:
    """What CellProfiler calls a module of its own today; None if it has none of that name.

    :param name: as a file has it: maybe an old name, maybe with a path of packages before it.
    """
    last = name.rpartition(".")[2]
    found = installed()["renamed"].get(last, last) if last not in installed()["modules"] else last
    return found if found in installed()["modules"] else None


def refusal(module: Module) -> Optional[Fault]:
    """Why CellProfiler's loader refuses the settings of one of its own modules; None if it is not known to.

    :param module: as read.
    """
    name = own_name(module.name)
    known = installed()["modules"].get(name or "")
    if known is None or module.revision is None:
        return None
    if module.revision < known.get("oldest", 0):
        made = f"was made by a CellProfiler so old that 4.2 does not upgrade its settings (revision {module.revision})"
        return Fault(f"has {module.place}, which {made}: add that module again", module.line)
    for each in _REFUSED.get(name or "", ()):
        if each.revisions[0] <= module.revision <= each.revisions[1] and _value(module, each.place) in each.values:
            clause = f'has "{_value(module, each.place)}" in {module.place}, which CellProfiler 4 no longer takes'
            return Fault(f"{clause}: {each.remedy}", _line(module, each.place))
    return _miscount(module, known) if module.revision == known["revision"] else None


def _miscount(module: Module, known: dict[str, Any]) -> Optional[Fault]:
    """Whether settings are missing or shifted so that the loader stops."""
    count = len(module.settings)
    there = f"has {module.place} with {count} settings"
    if count < known.get("fewest", 0):
        return Fault(f"{there}, where {known['fewest']} or more belong: lines are missing", module.line)
    if "step" in known and (count - len(known["places"])) % known["step"]:
        return Fault(f"{there}, which is no number that it can have: lines are missing or too many", module.line)
    for place in known.get("numbers", ()):
        if not _is_integer(_value(module, place) or ""):
            wrong = f'has "{_value(module, place)}" in {module.place} where a count belongs'
            return Fault(f"{wrong}: lines before it are missing or too many", _line(module, place))
    return None


def ends_early(module: Module) -> bool:
    """Whether settings that count are missing at its end: CellProfiler takes its own values for them.

    :param module: as read; a module whose settings grow in number is not checked.
    """
    places, given = known_places(module), module.settings
    if not places or installed()["modules"][own_name(module.name)].get("grows") or len(given) >= len(places):
        return False
    begins = all(text == place["text"] for (text, _), place in zip(given, places))  # noqa: B905  (Python 3.9)
    return begins and any(_counts(module, place) for place in places[len(given) :])


def known_places(module: Module) -> list[dict[str, Any]]:
    """The settings of one of CellProfiler's own modules in order, as it has them when new; empty if not known.

    :param module: of any revision: older ones have other settings, which are not known.
    """
    known = installed()["modules"].get(own_name(module.name) or "")
    return known["places"] if known is not None and module.revision == known["revision"] else []


def replaced_value(module: Module) -> Optional[Fault]:
    """The first value that counts and that CellProfiler would certainly not use as written, silently.

    :param module: as read.
    """
    offered = _offered(module)
    for i, text, value, setting in _sure(module):
        wanted = _wanted(setting, value)
        if wanted is not None and value not in offered:
            wrong = f'has "{value}" as "{text}" of {module.place}, which must be {wanted}'
            return Fault(f"{wrong}; CellProfiler would silently use another value", _line(module, i))
    return None


def odd_value(module: Module) -> Optional[str]:
    """The first value that its setting does not offer but CellProfiler may have written, as a clause.

    :param module: as read.
    """
    offered = _offered(module)
    for _, text, value, setting in _sure(module):
        wanted = _wanted(setting, value)
        if wanted is not None and value in offered:
            taken = "takes as No" if setting["kinds"] == ["binary"] else "does not offer there"
            return f'has "{value}" as "{text}" of {module.place}, which CellProfiler {taken}'
    return None


def _offered(module: Module) -> set[str]:
    """What a module offers in any of its settings, or once did: CellProfiler itself may have written that."""
    name = own_name(module.name) or ""
    settings = installed()["modules"].get(name, {"settings": {}})["settings"].values()
    return {"", "Yes", "No", *_ONCE.get(name, ()), *(choice for each in settings for choice in each.get("choices", ()))}


def _sure(module: Module) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    """Settings that are where CellProfiler looks for them and count for certain: place, text, value, facts."""
    places = known_places(module)
    if not places or not module.enabled:
        return
    settings = installed()["modules"][own_name(module.name)]["settings"]
    for i, ((text, value), place) in enumerate(zip(module.settings, places)):  # noqa: B905  (Python 3.9)
        if place["text"] == text and _counts(module, place) and len(settings[text]["kinds"]) == 1:
            yield i, text, value, settings[text]


def _counts(module: Module, place: dict[str, Any]) -> bool:
    """Whether a setting counts for certain, whatever the others are or because of the one that shows it."""
    when = place.get("counts", False)
    return when if isinstance(when, bool) else _value(module, when[0]) in when[1]


def _value(module: Module, place: int) -> Optional[str]:
    return module.settings[place][1] if place < len(module.settings) else None


def _line(module: Module, place: int) -> Optional[int]:
    return None if module.line is None else module.line + 1 + place


def _is_integer(text: str) -> bool:
    try:
        int(text)
    except ValueError:
        return False
    return True


def _wanted(setting: dict[str, Any], value: str) -> Optional[str]:
    """What a setting should be; None if its value is fine, or cannot be checked."""
    kind = setting["kinds"][0]
    if kind == "binary":
        return None if value in ("Yes", "No") else "Yes or No"
    if kind == "choice":
        if value in setting["choices"] or len(setting["choices"]) > _LIBRARY:
            return None
        return f"one of: {', '.join(setting['choices'])}"
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
    parts = [part.strip() for part in value.split(",")]
    return len(parts) == 2 and all(
        re.match(r"^(?:-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|-?\.\d+|-?end|-?inf)$", part) for part in parts
    )
