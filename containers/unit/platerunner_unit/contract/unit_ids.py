"""Unit ids (``plate=P1/well=A01``): names of units that are safe as part of a key, and their natural order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

SINGLE = "all"
"""The id of the only unit of a step without ``foreach``."""

_DIGITS = re.compile(r"([0-9]+)")


def unit_id(values: Mapping[str, Any], foreach: Iterable[str]) -> str:
    """The id of a unit, one folder level per wildcard.

    :param values: wildcard to value.
    :param foreach: the wildcards that make a unit, in the order of the spec.
    :raises KeyError: if a wildcard has no value.
    """
    return "/".join([f"{name}={_encode(str(values[name]))}" for name in foreach]) or SINGLE


def parse_unit_id(text: str) -> dict[str, str]:
    """Wildcard to value, as text, of a unit id.

    :raises ValueError: if the text is no unit id.
    """
    if text == SINGLE:
        return {}
    pairs = [part.partition("=") for part in text.split("/")]
    if not all(name and equals and value for name, equals, value in pairs):
        raise ValueError(f"{text!r} is no unit id: write it like `plate=P1/well=A01`")
    return {name: unquote(value, errors="strict") for name, _, value in pairs}


def natural_key(text: str) -> tuple[Any, ...]:
    """Sort key that puts A2 before A10 and site 9 before site 10; texts that differ never compare equal."""
    parts: list[Any] = _DIGITS.split(text)
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return (*parts, -1, text)


@lru_cache(maxsize=1 << 16)
def _encode(value: str) -> str:
    if value in {".", ".."}:
        return value.replace(".", "%2E")
    return quote(value, safe="._ -+").replace("~", "%7E")
