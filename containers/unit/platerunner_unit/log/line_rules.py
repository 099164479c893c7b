"""One kind of line that the detector looks for, as data, and what finds the literals of many in a block of bytes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Callable, Optional

from platerunner_unit.contract.category import Category


@dataclass(frozen=True)
class LineRule:
    """A rule that names a cause, or marks a place in the run.

    :param name: the rule's name, as in :attr:`LogMatch.rule`.
    :param literals: a line is looked at if it holds one of these texts; they are separated by ``; ``.
    :param pattern: what the line must match (searched, not anchored); its named groups fill the clause.
    :param learnt_from: a line that was really seen.
    :param category: what it means for a run that is not proven good; None for a mark that means nothing by itself.
    :param clause: what happened, as a clause with ``{group}`` places; for a mark, where in the run it is.
    :param veto: whether no run that says this can have succeeded.
    :param frames: the traceback must have gone through one of these functions; empty for any line.
    :param outside: the traceback must have gone through none of these functions.
    :param in_source: whether source lines within a traceback count too.
    :param hint: what to do about it; empty leaves that to :mod:`platerunner_unit.contract.hints`.
    :param tool: the only tool in whose output it means this; empty for any. CellProfiler's own words are no cause of
        anything in the log of another program.
    """

    name: str
    literals: str
    pattern: str
    learnt_from: str
    category: Optional[Category] = None
    clause: str = ""
    veto: bool = False
    frames: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    in_source: bool = False
    hint: str = ""
    tool: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The literals, one by one."""
        return tuple(self.literals.split("; "))

    def search(self, line: str) -> Optional[re.Match[str]]:
        """Look for the pattern in a decoded line."""
        return re.search(self.pattern, line)


Finder = Callable[[bytes], list[tuple[int, int]]]


def make_finder(literals: Sequence[bytes]) -> Finder:
    """A function that yields (literal's index, start) for each occurrence in a block, overlapping ones too.

    :param literals: not empty, no empty member.
    """
    try:
        import ahocorasick_rs  # noqa: F401
    except ImportError:
        return plain_finder(literals)
    return _automaton_finder(tuple(literals))


@functools.cache  # milliseconds for the rules of a detector, which forks of this process have for nothing
def _automaton_finder(literals: tuple[bytes, ...]) -> Finder:
    from ahocorasick_rs import BytesAhoCorasick, Implementation

    automaton = BytesAhoCorasick(list(literals), implementation=Implementation.DFA)

    def find(block: bytes) -> list[tuple[int, int]]:
        return [(index, start) for index, start, _ in automaton.find_matches_as_indexes(block, overlapping=True)]

    return find


def plain_finder(literals: Sequence[bytes]) -> Finder:
    """A finder that works without Aho-Corasick.

    :param literals: not empty, no empty member.
    """

    def find(block: bytes) -> list[tuple[int, int]]:
        return [
            (index, start)
            for index, literal in enumerate(literals)
            if literal in block
            for start in _places(block, literal)
        ]

    return find


def _places(block: bytes, literal: bytes) -> Iterator[int]:
    start = block.find(literal)
    while start >= 0:
        yield start
        start = block.find(literal, start + 1)
