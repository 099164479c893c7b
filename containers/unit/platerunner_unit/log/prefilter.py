"""Finds which literals occur where in a block of bytes: Aho-Corasick if it is installed, else a search for each."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Callable

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
    """The same without Aho-Corasick.

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
