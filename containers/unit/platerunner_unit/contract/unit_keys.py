"""Unit ids (``plate=P1/well=A01``), their natural order, and the keys of what is kept of a unit.

That is outcomes, logs, and the markers of outputs that are folders (:mod:`platerunner_unit.contract.folders`).
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Optional
from urllib.parse import quote, unquote

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import MARKERS, PREFIX

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

    :raises ValueError: if the text is not a unit id.
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


LONGEST_RUN = 120
"""Characters of a run's id in a key; a file's name may have 255."""
FORGOTTEN = "forgotten"
"""Stands in the place of a category: the unit succeeded, and somebody asked for it to be done again."""
OVERWRITTEN = "overwritten"
"""Stands in the place of a category: a later success with other inputs or settings overwrote the unit's outputs."""
_SET_ASIDE = frozenset({FORGOTTEN, OVERWRITTEN})


class Kept(NamedTuple):
    """What the name of an outcome tells.

    :param word: category, or :data:`FORGOTTEN`, or :data:`OVERWRITTEN`.
    :param run: :func:`run_token` of its run; empty for one of a version that kept one per fingerprint and verdict.
    :param attempt: its number within the run; 0 if the name has none.
    """

    fingerprint: str
    word: str
    run: str = ""
    attempt: int = 0

    @property
    def category(self) -> Optional[Category]:
        """How the attempt ended; None if that does not count any more."""
        return None if self.word in _SET_ASIDE else Category(self.word)


def outcomes_prefix(step: str) -> str:
    """The prefix under which one LIST tells what of a step is done."""
    return f"{PREFIX}/outcomes/{step}/"


def run_token(run_id: str) -> str:
    """A run's id as it stands in an outcome's name: without slashes, and short enough for a file."""
    token = quote(run_id, safe="+:~@=,")
    if len(token) > LONGEST_RUN:
        token = f"{token[: LONGEST_RUN - 17]}~{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"
    return sys.intern(token)


def outcome_key(step: str, unit: str, kept: Kept) -> str:
    """Where an outcome is kept, relative to the workspace: no attempt takes the place of another."""
    made = f".{kept.attempt}.{kept.run}" if kept.run else ""
    return f"{outcomes_prefix(step)}{unit}/{kept.fingerprint}.{kept.word}{made}.json"


def parse_outcome_key(key: str) -> Optional[tuple[str, Kept]]:
    """Unit id and name of an outcome by its key; None if the key is no outcome's.

    :param key: relative to the workspace.
    """
    parts = key.split("/")
    name, mark, ending = parts[-1].rpartition(".")
    if len(parts) < 5 or not mark or ending != "json" or parts[:2] != [PREFIX, "outcomes"]:
        return None
    fingerprint, *rest = name.split(".", 3)
    if not rest or rest[0] not in _WORDS or len(rest) == 2:
        return None
    if len(rest) == 3 and not (rest[1].isascii() and rest[1].isdigit() and rest[2]):
        return None
    made = (sys.intern(rest[2]), int(rest[1])) if len(rest) == 3 else ("", 0)
    return "/".join(parts[3:-1]), Kept(fingerprint, sys.intern(rest[0]), *made)


_WORDS = _SET_ASIDE | {category.value for category in Category}


def log_key(run_id: str, step: str, unit: str, attempt: int) -> str:
    """Where an attempt's log is kept."""
    return f"{PREFIX}/logs/{run_id}/{step}/{unit}/{attempt}.log.gz"


def marker_of(folder: str) -> str:
    """The key, or the pattern, of the marker of a folder.

    :param folder: its path, or a pattern of such paths.
    """
    return f"{MARKERS}{folder}.json"


def folder_of(key: str) -> Optional[str]:
    """The folder that a key, or a pattern, stands for; None if it stands for one file.

    :param key: of a marker, or a path with a slash at the end.
    """
    if key.endswith("/"):
        return key[:-1]
    return key[len(MARKERS) : -len(".json")] if is_marker(key) else None


def is_marker(key: str) -> bool:
    """Whether a key is that of a folder's marker."""
    return key.startswith(MARKERS) and key.endswith(".json")


def shown_key(key: str) -> str:
    """A key as people know it: a folder ends with a slash."""
    folder = folder_of(key)
    return key if folder is None else f"{folder}/"
