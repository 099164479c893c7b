"""No text can hold up a regular expression that is taken; the expressions that people write are taken."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.spec.regexes import why_slow
from platerunner.spec.run_params import RUN_PARAMS

BOTH_WAYS = [
    "(a+)+$", "^(a|aa)+$", "^(?:a|b|ab)+$", "(.*)*$", "(a*)*", "(a?b?)*c", "(x+x+)+y", r"^(\w+\s?)*$", "(?=(a+)+$)b",
    r"^(([a-z])+.)+[A-Z]([a-z])+$", r"([a-z])(([\-.]|[_]+)?([a-z]+))*@x", "((a{1,9})+)+$", "(a+){20}$", "((a?){8}){8}$",
    "^(a?){30}a{30}$", "(?i)^(ab|A[bc])*$", r"^(\d|[\u0600-\u06ff]a?)*$", "^(.*?,){11}P", "^(a|b|[ab]c?)*$",
]  # fmt: skip
CHAINS = [".*a.*b.*c$", r"^\s*\s*\s*$", "^.*_.*_.*$"]
FAST = [
    "", ".*", "^P[0-9]+$", "^P[0-9]+(,P[0-9]+)*$", "^([A-Z]+_)*$", "[A-Za-z][A-Za-z0-9_]{0,63}", "a+$", "^.*foo.*$",
    r"^(?!asset$)[^\s{}][^{}]{0,1499}$", r"^\s*[0-9]+(\.[0-9]+)?\s*$", r"^[^@\s,;]+@[^@\s,;]+$", "[a-z]+_[a-z]+",
    r"^\d{4}-\d{2}-\d{2}$", r"(\d{1,3}\.){3}\d{1,3}$", "^(DNA|RNA|ER)(,(DNA|RNA|ER))*$", "^[0-9a-f]{64}$",
    "^[A-P](0?[1-9]|1[0-9]|2[0-4])$", "^(DNA|RNA|ER|AGP|Mito){8}$", r"^(?P<year>\d{4})_(?P<batch>\d{1,2})$",
    "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$", r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$", "^[A-Z]+_[A-Z]+_[A-Z]+$",
    r"^\w+([-+.']\w+)*@\w+([-.]\w+)*\.\w+([-.]\w+)*$", r"^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$",
    RUN_PARAMS["only"]["items"]["pattern"],
]  # fmt: skip
PIECES = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", r"\w", "^", "$"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}|{both[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{9}", "*?"])).map(
            lambda it: f"({it[0]}){it[1]}"
        ),
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("pattern", BOTH_WAYS)
def test_a_loop_that_reads_a_text_in_several_ways_is_refused(pattern):
    assert "ever more ways" in why_slow(pattern)


@pytest.mark.parametrize("pattern", CHAINS)
def test_loops_in_a_row_that_read_the_same_are_refused(pattern):
    assert "three loops in a row" in why_slow(pattern)


def test_other_ways_to_take_for_ever_are_refused():
    assert "refers back to a group" in why_slow(r"^(a+)\1$")
    assert "thousands of ways" in why_slow(f"^{'a?' * 25}{'a' * 25}$")
    assert "too large" in why_slow("(abcdefgh){8}" * 8)


@pytest.mark.parametrize("pattern", FAST)
def test_what_people_write_is_taken(pattern):
    assert why_slow(pattern) is None


@given(PIECES)
def test_what_is_taken_tries_few_ways(pattern):
    """Counted by reading the text in every way, as Python does; on a text that does not match."""
    if why_slow(f"^(?:{pattern})$") is None:
        assert ways(re._parser.parse(pattern), "a" * 24) <= 24**2 * 2**12


def ways(tree, text: str) -> int:
    """In how many ways an expression reads the beginnings of a text."""
    return sum(_sequence(list(tree), {0: 1}, text).values())


def _sequence(nodes, places, text):
    for kind, value in nodes:
        places = _node(str(kind), value, places, text)
    return places


def _node(kind, value, places, text):
    if kind == "AT":
        wanted = 0 if "BEGINNING" in str(value) else len(text)
        return {place: n for place, n in places.items() if place == wanted}
    if kind == "SUBPATTERN":
        return _sequence(value[-1], places, text)
    if kind == "BRANCH":
        return _sum(_sequence(each, places, text) for each in value[1])
    if "REPEAT" in kind:
        return _repeated(*value, places, text)
    one = re.compile(r"[ab.\w]") if kind in ("ANY", "IN", "CATEGORY") else re.compile(chr(value))
    return {place + 1: n for place, n in places.items() if place < len(text) and one.match(text[place])}


def _repeated(least, most, body, places, text):
    found = [places] if least == 0 else []
    for count in range(1, min(int(most), 2 * len(text)) + 1):
        after = _sum(
            # What is read by a loop once more has to be something, or the loop ends.
            {to: n * ways for to, ways in _sequence(body, {at: 1}, text).items() if to > at or count <= least}
            for at, n in places.items()
        )
        places = after
        found += [places] if count >= least else []
    return _sum(found)


def _sum(parts):
    whole = {}
    for part in parts:
        for place, n in part.items():
            whole[place] = whole.get(place, 0) + n
    return whole
