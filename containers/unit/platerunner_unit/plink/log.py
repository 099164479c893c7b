"""Reads PLINK's log: stdout and the log file hold the same, but a line about the log itself reaches stdout alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Optional

from platerunner_unit.contract.regenie import RegenieLog

SAID = re.compile(r"^(Error|Warning): (.+?)(?=\n\n|\n(?:Error|Warning|Note|End time|For more info)|\Z)", re.M | re.S)
"""A message; PLINK breaks lines at 79 characters."""
LOADED = re.compile(r"^(?:(\d+) out of )?(\d+) variants? loaded from", re.M)
SAMPLES = re.compile(r"^(?:\d+ out of )?(\d+) (?:samples?|people|person) \(", re.M)
REMAINING = re.compile(
    r"^(\d+) variants? (?:remaining after main filters|and \d+ (?:people|person|samples?) pass)", re.M
)
ENDED = re.compile(r"^End time: ", re.M)
ABRUPT = re.compile(r"^.*(?:error while loading shared libraries: .+|command not found|bad_alloc.*)$", re.M)


def read(texts: Iterable[str]) -> RegenieLog:
    """What the log says.

    :param texts: stdout with stderr, and log files; what several of them say counts once.
    """
    text = "\n\n".join(texts)
    messages = [(found[1], " ".join(found[2].split())) for found in SAID.finditer(text)]
    loaded = LOADED.search(text)
    remaining = _number(REMAINING, text)
    if remaining is None and loaded is not None and loaded[1]:
        remaining = int(loaded[1])
    return RegenieLog(
        ended=ENDED.search(text) is not None,
        errors=(*_of("Error", messages), *(found[0].strip() for found in ABRUPT.finditer(text))),
        warnings=_of("Warning", messages),
        variants=int(loaded[2]) if loaded is not None else None,
        samples=_number(SAMPLES, text),
        remaining=remaining,
        ignored=0,  # each variant has a row
    )


def _of(kind: str, messages: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(message for its, message in messages if its == kind))


def _number(pattern: re.Pattern[str], text: str) -> Optional[int]:
    found = pattern.search(text)
    return None if found is None else int(found[1])
