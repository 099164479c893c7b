"""Patterns whose pieces cannot be told apart: where one piece ends, nothing in a file's name says."""

from collections.abc import Iterator
from itertools import pairwise

from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft
from platerunner_unit.contract.patterns import Pattern, Token

_NUMBERS = frozenset({"int", "digits"})
_LETTERS = frozenset({"text", "word", "alpha"})
_GLOB = "*"
# What follows a piece directly and may begin with a character that the piece may end with. A well ends after its
# column, and `**/` with a slash.
_RUNS_INTO = {
    **dict.fromkeys(_NUMBERS, _NUMBERS | {"text", "word", _GLOB}),
    **dict.fromkeys(_LETTERS, _LETTERS | {_GLOB}),
    _GLOB: _NUMBERS | _LETTERS,
}


def check_apart(draft: Draft, keys: Keys, pattern: Pattern, complete: frozenset[str] = frozenset()) -> None:
    """Note neighbours without anything between them of which a name does not say where the first ends.

    :param keys: where the pattern stands.
    :param complete: wildcards of which every combination must exist, so that a wrong cut would be noticed.
    """
    for first, second in _neighbours(pattern):
        kinds = _kind(pattern, first), _kind(pattern, second)
        if kinds[1] not in _RUNS_INTO.get(kinds[0], ()):
            continue
        at = draft.source.inside(keys, second.column - 1)
        message = f"a name does not say where {_shown(pattern, first)} ends and {_shown(pattern, second)} begins"
        if kinds[0] == "digits" and kinds[1] in {"text", "word"}:
            if not {first.text, second.text} <= complete:
                text = (
                    f"{_shown(pattern, first)} takes all digits, also those that {_shown(pattern, second)} begins with"
                )
                draft.source.warn(at, text, f"{_REMEDY[kinds]} Ignore this if it never begins with one.", "ambiguous")
            continue
        draft.source.add(at, message, _REMEDY.get(kinds, _BETWEEN), "ambiguous")
        return  # the next pair often shares a piece with this one


_BETWEEN = "Write what stands between them, such as `_`, or make one wildcard of the two, such as `{site_id}`."
_REMEDY = {
    (number, other): "Write what stands between them, give the second a type that begins with a letter, such as "
    "`{channel:alpha}`, or make one wildcard of the two, such as `{site_id}`."
    for number in _NUMBERS
    for other in ("text", "word")
}


def _neighbours(pattern: Pattern) -> Iterator[tuple[Token, Token]]:
    """Pieces that touch, or have nothing but digits between two numbers."""
    for first, second in pairwise(pattern.tokens):
        if first.kind != "literal" and second.kind != "literal":
            yield first, second
    for first, between, second in zip(pattern.tokens, pattern.tokens[1:], pattern.tokens[2:], strict=False):
        if between.kind == "literal" and between.text.isdigit() and _kind(pattern, first) in _NUMBERS:
            yield first, second


def _kind(pattern: Pattern, token: Token) -> str:
    return pattern.types[token.text] if token.kind == "wildcard" else token.text


def _shown(pattern: Pattern, token: Token) -> str:
    kind = _kind(pattern, token)
    return (
        f"`{{{token.text}}}`"
        if token.kind == "wildcard" and kind == "text"
        else (f"`{{{token.text}:{kind}}}`" if token.kind == "wildcard" else f"`{token.text}`")
    )
