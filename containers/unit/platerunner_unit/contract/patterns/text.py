"""The text of a pattern: read into pieces, checked, and written again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Optional

from platerunner_unit.contract.patterns.wildcard_types import type_of

# Within `( )?`: text and wildcards, no folder, no star, no part of a part.
MISSING_PART = r"\((?:[^(){}/*]|\{[^{}/]*\})+\)\?"
_TOKEN = re.compile(
    r"(?P<escape>\{\{|\}\}|\{[*?]\})"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<type>[^{}/=]*))?(?:=(?P<default>[^{}/()*?]*))?\}"
    r"|\{:(?P<unnamed>[^{}/=]*)\}"
    rf"|(?P<part>{MISSING_PART})|(?P<glob>\*+/?)|(?P<literal>(?:[^{{}}*(]+|(?!{MISSING_PART})\()+)|(?P<bad>.)",
    re.DOTALL,
)
_ESCAPES = {"{{": "{", "}}": "}", "{*}": "*", "{?}": "?"}
_GLOBS = frozenset({"*", "**/", "**"})


class PatternError(ValueError):
    """A pattern, or a value for one, is not usable.

    :param message: one clause for people.
    :param column: where in the pattern's text, from 1.
    :param wildcard: the wildcard that it is about, if it is about one.
    """

    def __init__(self, message: str, column: int = 1, wildcard: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.wildcard = wildcard


class Token(NamedTuple):
    """A piece of a pattern.

    :param kind: ``literal``, ``wildcard``, ``glob`` or ``optional``.
    :param text: the literal's text, the wildcard's name, the glob, or all of the part that may be missing.
    :param column: where it begins, from 1.
    :param parts: the pieces of a part that may be missing.
    :param default: what a wildcard of such a part is where the part is missing.
    """

    kind: str
    text: str
    column: int
    parts: tuple[Any, ...] = ()
    default: Optional[str] = None


def tokens_of(text: str) -> tuple[Token, ...]:
    """The pieces of a pattern.

    :raises PatternError: if it is empty, points out of its root or has a lone brace.
    """
    tokens = merged(_tokens(text))
    _check_path(text, tokens)
    _check_parts(tokens)
    return tokens


def written(tokens: Iterable[Token], types: Mapping[str, str]) -> str:
    """The text of a pattern, with the type at every mention of a wildcard."""
    return "".join(_write(tokens, types))


def _write(tokens: Iterable[Token], types: Mapping[str, str]) -> Iterator[str]:
    for token in tokens:
        if token.kind == "wildcard":
            type_ = "" if types[token.text] == "text" else f":{types[token.text]}"
            yield f"{{{token.text}{type_}{'' if token.default is None else f'={token.default}'}}}"
        elif token.kind == "literal":
            yield escaped(token.text)
        elif token.kind == "optional":
            yield f"({written(token.parts, types)})?"
        else:
            yield token.text


def escaped(text: str) -> str:
    """A text as a pattern has it that matches this text alone."""
    marked = re.sub(r"[{}*]", lambda found: "{*}" if found[0] == "*" else found[0] * 2, text)
    return marked.replace(")?", "){?}")


def _tokens(text: str, offset: int = 0) -> Iterator[Token]:
    for found in _TOKEN.finditer(text):
        column = found.start() + 1 + offset
        if found["bad"]:
            raise PatternError(
                f"a lone `{found['bad']}`: a brace is `{found['bad'] * 2}`, a wildcard `{{name}}`", column
            )
        if found["name"]:
            yield Token("wildcard", found["name"], column, (), found["default"])
        elif found["unnamed"] is not None:
            _known(found["unnamed"], column + 2)
            yield Token("glob", found[0], column)
        elif found["part"]:
            parts = merged(_tokens(found["part"][1:-2], column))
            yield Token("optional", found[0], column, parts)
        elif found["glob"]:
            yield from _glob(text, found)
        else:
            yield Token("literal", _ESCAPES.get(found[0], found[0]), column)


def _known(type_: str, column: int, name: Optional[str] = None) -> None:
    try:
        type_of(type_)
    except ValueError as error:
        raise PatternError(str(error), column, name) from None


def _glob(text: str, found: re.Match[str]) -> Iterator[Token]:
    column, glob = found.start() + 1, found[0]
    if glob in {"*", "*/"}:
        yield Token("glob", "*", column)
        if glob == "*/":
            yield Token("literal", "/", column + 1)
        return
    starts_name = found.start() == 0 or text[found.start() - 1] == "/"
    if glob not in _GLOBS or not starts_name or (glob == "**" and found.end() != len(text)):
        raise PatternError("`**` stands for whole folders: write `**/` at the start of a folder's name", column)
    yield Token("glob", glob, column)


def merged(tokens: Iterable[Token]) -> tuple[Token, ...]:
    """The pieces, with neighbouring literals in one."""
    found: list[Token] = []
    for token in tokens:
        if token.kind == "literal" and found and found[-1].kind == "literal":
            found[-1] = found[-1]._replace(text=found[-1].text + token.text)
        else:
            found.append(token)
    return tuple(found)


def types_of(text: str, tokens: tuple[Token, ...]) -> dict[str, str]:
    """The type of each wildcard; written once, it holds for every mention."""
    types: dict[str, str] = {token.text: "" for token in within(tokens) if token.kind == "wildcard"}
    for name, type_, column in _mentions(text):
        _known(type_, column, name)
        if types[name] not in {"", type_}:
            raise PatternError(f"`{{{name}}}` is `{types[name]}` and `{type_}` in one pattern", column, name)
        types[name] = type_
    return {name: type_ or "text" for name, type_ in types.items()}


def _mentions(text: str, offset: int = 0) -> Iterator[tuple[str, str, int]]:
    """Wildcards that are written with a type: name, type, and the column of the type."""
    for found in _TOKEN.finditer(text):
        if found["part"]:
            yield from _mentions(found["part"][1:-2], found.start() + 1 + offset)
        elif found["name"] and found["type"] is not None:
            yield found["name"], found["type"], found.start("type") + 1 + offset


def within(tokens: Iterable[Token]) -> Iterator[Token]:
    """All pieces, with those of the parts that may be missing."""
    for token in tokens:
        yield token
        yield from token.parts


def _check_parts(tokens: tuple[Token, ...]) -> None:
    """Refuse a wildcard in a part that may be missing if it has no default, or stands twice."""
    for token in tokens:
        if token.default is not None:
            message = (
                f"`={token.default}` is for a part that may be missing, like `(_{{{token.text}={token.default}}})?`"
            )
            raise PatternError(message, token.column, token.text)
        for part in [each for each in token.parts if each.kind == "wildcard"]:
            if part.default is None:
                message = f"what is `{{{part.text}}}` where its part is missing? Write it, like `{{{part.text}:int=1}}`"
                raise PatternError(message, part.column, part.text)
            if sum(each.kind == "wildcard" and each.text == part.text for each in within(tokens)) > 1:
                message = (
                    f"`{{{part.text}}}` stands in a part that may be missing, and once more: give one another name"
                )
                raise PatternError(message, part.column, part.text)


def _check_path(text: str, tokens: tuple[Token, ...]) -> None:
    if not tokens:
        raise PatternError("an empty pattern matches nothing")
    column = 1
    for part in text.split("/"):
        if part in {".", ".."}:
            raise PatternError(f"`{part}` in a pattern: name the folders from the root downwards", column)
        if part == "":
            raise PatternError(_EMPTY_PARTS[column > 1 if column <= len(text) else 2], min(column, len(text)))
        column += len(part) + 1


_EMPTY_PARTS = (
    "a pattern is relative to its root: leave out the `/` at its start",
    "two slashes in a row: leave one out",
    "a pattern names files: write a file name after the last `/`",
)
