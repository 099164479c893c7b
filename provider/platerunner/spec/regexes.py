"""Regular expressions that no text can hold up: those of params, which Airflow tries on whatever a form sends.

Python tries all ways in which an expression can match before it says that none does. Where a loop can read one text in
two ways, the ways double with each character; where loops that read the same text follow each other, they grow with a
power of its length. Both are seen in the automaton whose states are the characters of the expression (Glushkov; Weber
and Seidl, "On the degree of ambiguity of finite automata", 1991), without trying any text.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from math import log2
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MAX_CHARACTERS = 250
"""States of an automaton; a repetition counts for as often as it must be there, eight times at most."""
MAX_STEPS = 300_000
UNROLLED = 8
MAX_WAYS = 12
"""Ways to read one text that no loop is to blame for, as a power of two."""

_LOOPS = "it can read one text in ever more ways, so that a text which does not match takes forever"
_CHAIN = "three loops in a row can read the same text, so that a long text which does not match takes forever"
_WAYS = "it can read one text in thousands of ways, all of which are tried on a text that does not match"
_LARGE = "it is too large, or too intricate, to tell how long it takes"
_BACK = "it refers back to a group, and nobody can tell how long that takes"


class _Refused(Exception):  # noqa: N818  (says what happened)
    """The expression is refused; the message says why."""


@lru_cache(maxsize=1024)
def why_slow(pattern: str) -> str | None:
    """Why an expression may take forever, as a clause; None if its time grows with the square of a text at most.

    :param pattern: as Python reads it.
    :raises re.error: if it is not one, as for :func:`re.compile`.
    """
    tree = parser.parse(pattern)
    try:
        for part, anchored in _parts(tree):
            _Automaton(part, anchored=anchored, folded=bool(tree.state.flags & re.IGNORECASE)).check()
    except _Refused as error:
        return str(error)
    except RecursionError:
        return _LARGE
    return None


def _parts(tree: Any) -> Iterator[tuple[Any, bool]]:
    """The expression, and those that it looks ahead or back for; each with whether it is tried at one place alone."""
    first = next(iter(tree), (None, None))
    yield tree, first[0] is op.AT and first[1] in (op.AT_BEGINNING, op.AT_BEGINNING_STRING)
    yield from ((part, True) for part in _looks(tree))


def _looks(node: Any) -> Iterator[Any]:
    if _is(node, op.ASSERT, op.ASSERT_NOT):
        yield node[1][1]
    if isinstance(node, tuple | list | parser.SubPattern):
        for each in node:
            yield from _looks(each)


def _is(node: Any, *kinds: Any) -> bool:
    """Whether a node is of one of these kinds, which are equal to plain numbers."""
    return isinstance(node, tuple) and len(node) == 2 and any(node[0] is kind for kind in kinds)


@dataclass(slots=True)
class _Part:
    """A part of the expression; everything is counted, since what can be reached in two ways is what matters.

    :param empty: ways to match nothing.
    :param first: states that it can begin with.
    :param last: states that it can end with.
    """

    empty: int = 1
    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)


class _Automaton:
    """The automaton of an expression.

    :param anchored: whether it is tried at one place of a text alone.
    :param folded: whether large and small letters are the same.
    """

    def __init__(self, tree: Any, *, anchored: bool, folded: bool) -> None:
        self._folded = folded
        self._alphabet = _alphabet(tree)
        self._reads: list[frozenset[str]] = []
        self._next: list[Counter[int]] = []
        self._steps = 0
        begin = self._state(frozenset())
        whole = self._sequence(tree)
        if not anchored:  # the search for a place to begin is one more loop, which reads anything
            anything = self._state(frozenset(self._alphabet))
            whole = self._then(self._repeat(anything, 0, op.MAXREPEAT, None), whole)
        self._link(begin, whole)

    def check(self) -> None:
        """Refuse a loop that is ambiguous, and chains of loops that read the same.

        :raises _Refused: with the reason.
        """
        component = _components(self._next)
        for state, component_of in enumerate(component):
            if any(n > 1 and component[to] == component_of for to, n in self._next[state].items()):
                raise _Refused(_LOOPS)
        loops = [state for state in range(len(self._next)) if self._is_in_loop(state, component)]
        if any(self._splits(state, component) for state in loops):
            raise _Refused(_LOOPS)
        after = {
            state: {to for to in loops if component[to] != component[state] and self._shares(state, to, component)}
            for state in loops
        }
        # A loop's states share what they can read, so that a chain leads from loop to loop.
        meant: dict[int, set[int]] = {}
        for state, others in after.items():
            meant.setdefault(component[state], set()).update(component[to] for to in others)
        if any(meant.get(second) for others in meant.values() for second in others):
            raise _Refused(_CHAIN)
        if self._ways(0, component, {}) > MAX_WAYS:
            raise _Refused(_WAYS)

    def _ways(self, state: int, component: list[int], known: dict[int, float]) -> float:
        """In how many ways one text can be read from a state on, at most, apart from what loops repeat."""
        if state not in known:
            outside = (to for to in self._next[state] if component[to] != component[state])
            onwards = max((self._ways(to, component, known) for to in outside), default=0)
            known[state] = onwards + log2(self._fork(state))
        return known[state]

    def _fork(self, state: int) -> int:
        """How many states one character can lead to."""
        if len(self._next[state]) < 2:
            return max(1, *self._next[state].values(), 1)
        self._count(len(self._next[state]))
        read = Counter[str]()
        for to, ways in self._next[state].items():
            for each in self._reads[to]:
                read[each] += ways
        return max(1, *read.values(), 1)

    def _is_in_loop(self, state: int, component: list[int]) -> bool:
        return any(component[to] == component[state] for to in self._next[state])

    def _splits(self, state: int, component: list[int]) -> bool:
        """Whether one text leads from a state back to itself in two ways."""
        mine = component[state]

        def steps(pair: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
            return self._together(pair, (lambda to: component[to] == mine,) * 2)

        apart = [pair for pair in self._reach([(state, state)], steps) if pair[0] != pair[1]]
        return bool(apart) and (state, state) in self._reach(apart, steps)

    def _shares(self, one: int, other: int, component: list[int]) -> bool:
        """Whether one text leads round a loop, round a later one, and from the first to the second."""
        inside = (
            lambda to: component[to] == component[one],
            lambda _: True,
            lambda to: component[to] == component[other],
        )
        return (one, other, other) in self._reach([(one, one, other)], lambda each: self._together(each, inside))

    def _together(self, states: tuple[int, ...], inside: tuple[Any, ...]) -> Iterator[tuple[int, ...]]:
        """Where copies of the automaton get to by reading one character."""
        found: list[tuple[tuple[int, ...], frozenset[str]]] = [((), frozenset(self._alphabet))]
        for state, holds in zip(states, inside, strict=True):
            found = [
                ((*before, to), both)
                for before, read in found
                for to in self._next[state]
                if holds(to) and (both := read & self._reads[to])
            ]
            self._count(len(found) + 1)
        return (each for each, _ in found)

    def _reach(self, begin: Iterable[tuple[int, ...]], steps: Any) -> Collection[tuple[int, ...]]:
        """What can be reached in one step or more."""
        seen: set[tuple[int, ...]] = set()
        waiting = list(begin)
        while waiting:
            for each in steps(waiting.pop()):
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
        return seen

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise _Refused(_LARGE)

    def _state(self, reads: frozenset[str]) -> _Part:
        self._reads.append(reads)
        self._next.append(Counter())
        if len(self._reads) > MAX_CHARACTERS:
            raise _Refused(_LARGE)
        number = len(self._reads) - 1
        return _Part(0, Counter({number: 1}), Counter({number: 1}))

    def _link(self, before: _Part, after: _Part) -> None:
        for state, ways in before.last.items():
            for to, more in after.first.items():
                self._next[state][to] += ways * more

    def _then(self, one: _Part, two: _Part) -> _Part:
        self._link(one, two)
        first = one.first + Counter({state: n * one.empty for state, n in two.first.items()})
        last = two.last + Counter({state: n * two.empty for state, n in one.last.items()})
        return _Part(one.empty * two.empty, first, last)

    def _sequence(self, nodes: Iterable[Any]) -> _Part:
        whole = _Part()
        for kind, value in nodes:
            whole = self._then(whole, self._node(kind, value))
        return whole

    def _node(self, kind: Any, value: Any) -> _Part:
        if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
            return _Part()
        if kind is op.SUBPATTERN:
            return self._sequence(value[-1])
        if kind is op.ATOMIC_GROUP:
            return self._sequence(value)
        if kind is op.BRANCH:
            ways = [self._sequence(each) for each in value[1]]
            return _Part(
                sum(way.empty for way in ways),
                sum((way.first for way in ways), Counter()),
                sum((way.last for way in ways), Counter()),
            )
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, body = value
            return self._repeat(self._sequence(body), least, most, lambda: self._sequence(body))
        if kind in (op.GROUPREF, op.GROUPREF_EXISTS):
            raise _Refused(_BACK)
        return self._state(frozenset(each for each in self._alphabet if self._matches(kind, value, each)))

    def _repeat(self, part: _Part, least: int, most: Any, again: Any) -> _Part:
        if part.empty and most > 1 and (most is not op.MAXREPEAT or least > 1):
            raise _Refused(_LOOPS)  # what is counted may each time be there or not
        if most is not op.MAXREPEAT and most <= UNROLLED:
            return self._unrolled(part, least, most, again)
        self._link(part, part)
        return _Part(int(least == 0 or part.empty > 0), part.first, part.last)

    def _unrolled(self, part: _Part, least: int, most: int, again: Any) -> _Part:
        """As often as it may be there; optional repeats are left out from the end, so that there is one way."""
        if most == 0:
            return _Part()
        rest = self._unrolled(again(), max(least - 1, 0), most - 1, again) if most > 1 else _Part()
        whole = self._then(part, rest)
        return whole if least else _Part(1 + whole.empty, whole.first, whole.last)

    def _matches(self, kind: Any, value: Any, character: str) -> bool:
        ways = {character, character.lower(), character.upper()} if self._folded else {character}
        return any(_matches(kind, value, each) for each in ways)


def _matches(kind: Any, value: Any, character: str) -> bool:
    """Whether one character is read; of categories, what is not ASCII counts as every one, to be safe."""
    code = ord(character)
    if kind is op.LITERAL:
        return bool(code == value)
    if kind is op.NOT_LITERAL:
        return bool(code != value)
    if kind is op.RANGE:
        return bool(value[0] <= code <= value[1])
    if kind is op.CATEGORY:
        return code > 127 or re.match(_CATEGORIES[value], character) is not None
    if kind is op.IN:
        negated = value[0][0] is op.NEGATE
        sure = (each for each in value if each[0] is not op.NEGATE)
        if negated and code > 127:  # a category that may be another's character leaves it in
            return not any(_matches(each[0], each[1], character) for each in sure if each[0] is not op.CATEGORY)
        return any(_matches(each[0], each[1], character) for each in sure) != negated
    return True  # any character


_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _alphabet(tree: Any) -> list[str]:
    """Characters that stand for all others: ASCII, the ends of every range and their neighbours, and one elsewhere."""
    codes = set(range(128)) | {0x2603}
    for kind, value in _leaves(tree):
        ends = value if kind is op.RANGE else (value,)
        codes.update(code for end in ends for code in (end - 1, end, end + 1) if 0 <= code <= 0x10FFFF)
    return [chr(code) for code in sorted(codes)]


def _leaves(node: Any) -> Iterator[tuple[Any, Any]]:
    if _is(node, op.LITERAL, op.NOT_LITERAL, op.RANGE):
        yield node
    elif isinstance(node, tuple | list | parser.SubPattern):
        for each in node:
            yield from _leaves(each)


def _components(following: list[Counter[int]]) -> list[int]:
    """A number for each state, the same for those that lead to each other."""
    reach: list[set[int]] = []
    for state in range(len(following)):
        seen: set[int] = set()
        waiting = [state]
        while waiting:
            new = following[waiting.pop()].keys() - seen
            seen |= new
            waiting.extend(new)
        reach.append(seen)
    return [min([state, *(to for to in seen if state in reach[to])]) for state, seen in enumerate(reach)]
