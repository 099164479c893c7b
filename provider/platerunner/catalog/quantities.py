"""Quantities as people write them: ``8 GiB``, ``2 h``, ``2%``, ``x2``; and the resources that are made of them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from platerunner.catalog.model import Resources
from platerunner.documents.sentences import where
from platerunner.documents.shape import Place
from platerunner.documents.source import Keys, Source
from platerunner_unit.contract.words import shorten

_NUMBER = re.compile(r"\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[^\s0-9].*?)?\s*")
_SIZES = {
    **{f"{prefix}B": 1000**power for power, prefix in enumerate(("", "k", "M", "G", "T"))},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate(("K", "M", "G", "T"), 1)},
    "KB": 1000,
}
_DURATIONS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LARGEST_FACTOR = 100.0


class QuantityError(ValueError):
    """A text is not a quantity of the required kind.

    :param message: a clause: what is wrong.
    :param remedy: a sentence.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message = message
        self.remedy = remedy


def size(text: str) -> int:
    """Bytes.

    :param text: ``8 GiB`` (1024³), ``7500 MB`` (1000²).
    :raises QuantityError: if it has no number or no unit of size, or is zero.
    """
    return int(_with_unit(text, _SIZES, "8 GiB"))


def duration(text: str) -> float:
    """Seconds.

    :param text: ``90 s``, ``30 min``, ``2 h``, ``7 d``.
    :raises QuantityError: if it has no number or no unit of time, or is zero.
    """
    return _with_unit(text, _DURATIONS, "30 min")


def share(text: str) -> float:
    """A share from 0 to below 1.

    :param text: ``2%``.
    :raises QuantityError: if it is not a percentage below 100%.
    """
    found = _NUMBER.fullmatch(text)
    if found is None or found["unit"] != "%":
        raise QuantityError(
            f"`{shorten(text, 40)}` is not a share", "Write a percentage like `2%`, or a whole number of units."
        )
    if float(found["number"]) >= 100:
        raise QuantityError(f"`{shorten(text, 40)}` would let every unit fail", "Write a percentage below 100%.")
    return float(found["number"]) / 100


def factor(text: str) -> float:
    """A factor of at least 1.

    :param text: ``x2``, ``x1.5``.
    :raises QuantityError: if it is not a factor from 1 to 100.
    """
    number = re.fullmatch(r"\s*x\s*([0-9]+(?:\.[0-9]+)?)\s*", text)
    if number is None or not 1 <= float(number[1]) <= _LARGEST_FACTOR:
        raise QuantityError(f"`{shorten(text, 40)}` is not a factor from x1 to x100", "Write a factor like `x2`.")
    return float(number[1])


def money(text: str) -> float:
    """USD, above 0.

    :param text: ``50 USD``, ``0.50 USD``.
    :raises QuantityError: if it is not an amount in USD, in which AWS's prices are.
    """
    found = _NUMBER.fullmatch(text)
    if found is None or found["unit"] != "USD":
        number = found["number"] if found else "50"
        raise QuantityError(f"`{shorten(text, 40)}` is not an amount in USD", f"Write it like `{number} USD`.")
    if len(found["number"]) > 15 or float(found["number"]) <= 0:
        raise QuantityError(f"`{shorten(text, 40)}` is not an amount that can be used", "Write it like `50 USD`.")
    return float(found["number"])


KINDS: Mapping[str, Callable[[str], float]] = {
    "size": size,
    "duration": duration,
    "share": share,
    "factor": factor,
    "money": money,
}
"""The words of the schema's ``x-quantity``."""


def within(kind: str, text: str, least: str | None = None, most: str | None = None) -> float:
    """Read a quantity and check its limits.

    :param kind: one of :data:`KINDS`.
    :param least: as people write it; None for no limit.
    :param most: likewise.
    :raises QuantityError: if it is not one, or out of this range.
    """
    read = KINDS[kind]
    number = read(text)
    if least is not None and number < read(least):
        raise QuantityError(f"`{shorten(text, 40)}` is less than AWS Batch takes", f"Write {least} or more.")
    if most is not None and number > read(most):
        raise QuantityError(f"`{shorten(text, 40)}` is more than AWS Batch takes", f"Write {most} or less.")
    return number


def check_quantities(source: Source, places: Iterable[Place]) -> set[Keys]:
    """Note every text of a document that should be a quantity and is not.

    :param places: as :func:`platerunner.documents.shape.walk` finds them.
    :returns: the places of those texts.
    """
    bad: set[Keys] = set()
    for keys, value, node in places:
        if "x-quantity" in node and isinstance(value, str) and value not in node.get("x-words", ()):
            try:
                within(node["x-quantity"], value, node.get("x-least"), node.get("x-most"))
            except QuantityError as error:
                words = "".join(f" Or write `{word}`." for word in node.get("x-words", ()))
                source.at_value(keys, f"{where(keys)}: {error.message}", f"{error.remedy}{words}", "bad-quantity")
                bad.add(keys)
    return bad


def resources(*layers: Mapping[str, Any], base: Resources | None = None) -> Resources:
    """Resources as written, on top of others.

    :param layers: valid mappings as in a spec or a catalog file; a later one overrides an earlier one.
    :param base: what holds for keys that no layer has.
    """
    values = {field.name: getattr(base or Resources(), field.name) for field in fields(Resources)}
    for layer in layers:
        values |= quantified(layer)
    return Resources(**values)


def quantified(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Resources as written, as numbers: bytes and seconds."""
    if "memory" in layer:
        measured = layer["memory"] == MEASURED
        rest = {key: value for key, value in layer.items() if key != "memory" or not measured}
        return {**_numbers(rest), "measured": measured}
    return _numbers(layer)


MEASURED = "measured"
"""In place of an amount of memory: what history says."""


def _numbers(layer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: KINDS[_KINDS[key]](value) if key in _KINDS else value for key, value in layer.items()}


_KINDS = {
    **dict.fromkeys(("memory", "disk", "shared_memory", "swap"), "size"),
    **dict.fromkeys(("timeout", "stall"), "duration"),
}


def size_text(count: int) -> str:
    """Bytes as people write them: in the largest unit that leaves no fraction."""
    unit, factor = max((item for item in _SIZES.items() if count % item[1] == 0), key=lambda item: item[1])
    return f"{count // factor} {unit}"


def duration_text(seconds: float) -> str:
    """Seconds as people write them: in the largest unit that leaves no fraction, else in seconds."""
    unit, factor = next((u, f) for u, f in reversed(_DURATIONS.items()) if seconds % f == 0 or f == 1)
    return f"{seconds / factor:g} {unit}"


def _with_unit(text: str, units: Mapping[str, float], example: str) -> float:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise QuantityError(f"`{shorten(text, 40)}` is not a number with a unit", f"Write it like `{example}`.")
    number, unit = found["number"], found["unit"]
    if unit is None:
        raise QuantityError(
            f"`{shorten(text, 40)}` has no unit", f"Write `{number} {example.split()[1]}`, if you meant that."
        )
    if unit not in units:
        meant = [u for u in units if u.lower() == unit.lower()]
        remedy = f"Did you mean `{number} {meant[0]}`?" if meant else f"Use one of {', '.join(units)}."
        raise QuantityError(f"`{shorten(unit, 40)}` is not a unit here", remedy)
    if len(number) > 15 or float(number) * units[unit] < 1:
        raise QuantityError(f"`{shorten(text, 40)}` is not an amount that can be used", f"Write it like `{example}`.")
    return float(number) * units[unit]
