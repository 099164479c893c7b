"""Path patterns with wildcards: ``{plate}/{well:well96}_s{site:int}_{channel}.tif``, to match keys and to write them.

Syntax: ``{name}`` is text within one folder or file name, ``{name:type}`` one of :data:`TYPES`, ``*`` any text within a
name, ``**/`` any folders (or none), a final ``**`` everything below; ``{{``, ``}}`` and ``{*}`` are a brace and a star.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Optional, Union

Value = Union[str, int]

# Two-digit columns come first, so that in `A0112` with `{well:well96}{site:digits}` the well is A01.
TYPES: dict[str, str] = {
    "text": r"[^/]+?",
    "int": r"0*(?:0|[1-9][0-9]{0,17})",
    "digits": r"[0-9]+",
    "alpha": r"[A-Za-z]+?",
    "word": r"[A-Za-z0-9_]+?",
    "well96": r"[A-Ha-h](?:0[1-9]|1[0-2]|[1-9])",
    "well384": r"[A-Pa-p](?:0[1-9]|1[0-9]|2[0-4]|[1-9])",
    "well1536": r"(?:[Aa][A-Fa-f]|[A-Za-z])(?:0[1-9]|[1-3][0-9]|4[0-8]|[1-9])",
}
# These have several spellings of one value, so that a repeated wildcard cannot be a plain back reference.
_SPELLINGS = frozenset({"int", "well96", "well384", "well1536"})

_TOKEN = re.compile(
    r"(?P<escape>\{\{|\}\}|\{\*\})|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<type>[^{}/]*))?\}|(?P<glob>\*+/?)"
    r"|(?P<literal>[^{}*]+)|(?P<bad>.)",
    re.DOTALL,
)
_ESCAPES = {"{{": "{", "}}": "}", "{*}": "*"}
_GLOBS = {"*": r"[^/]*", "**/": r"(?:[^/]+/)*", "**": r".+"}


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

    :param kind: ``literal``, ``wildcard`` or ``glob``.
    :param text: the literal's text, the wildcard's name or the glob.
    :param column: where it begins, from 1.
    """

    kind: str
    text: str
    column: int


class Pattern:
    """A parsed pattern; make one with :meth:`parse`.

    :param tokens: its pieces in order.
    :param types: wildcard name to type, in order of appearance.
    """

    def __init__(self, tokens: tuple[Token, ...], types: Mapping[str, str]) -> None:
        self.tokens = tokens
        self.types = dict(types)
        self.wildcards = tuple(self.types)
        self.text = "".join(self._write(tokens))
        self.has_glob = any(token.kind == "glob" for token in tokens)
        self.literal_prefix = tokens[0].text if tokens and tokens[0].kind == "literal" else ""
        self._regex, self._groups = _compile(tokens, self.types)
        # Whether several keys may have the same values because one value is written in several ways.
        self.has_spellings = any(type_ in _SPELLINGS for type_ in self.types.values())
        self._spelled = tuple((name, type_) for name, type_ in self.types.items() if type_ in _SPELLINGS)
        self._repeated = len(self._groups) > len(self.types)
        self._slots = tuple((t.text, self.types[t.text], t.column) for t in tokens if t.kind == "wildcard")
        self._template = "".join("%s" if t.kind == "wildcard" else t.text.replace("%", "%%") for t in tokens)

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern.

        :param text: relative path pattern, as written in a spec.
        :raises PatternError: if it is empty, points out of its root, has an unknown type or a lone brace.
        """
        tokens = _merge(_tokens(text))
        _check_path(text, tokens)
        return cls(tokens, _types(text, tokens))

    def match(self, key: str) -> Optional[dict[str, Value]]:
        """The values of the wildcards if the whole key matches, else None.

        :param key: relative key, as listed.
        :returns: wildcard to value: int for ``int``, ``A01`` form for wells, text for the rest; none is empty, has a
            slash, or is ``..``.
        """
        found = self._regex.fullmatch(key)
        if found is None:
            return None
        values: dict[str, Value] = dict(zip(self._groups, found.groups()))  # noqa: B905  (Python 3.9)
        for name, type_ in self._spelled:
            values[name] = _value_of(type_, str(values[name]))
        if self._repeated and not self._agree(found.groups(), values):
            return None
        # A name that is only dots would change the meaning of a path that is made of it.
        if "." in values.values() or ".." in values.values():
            return None
        return values

    def format(self, values: Mapping[str, Any]) -> str:
        """The key for given values.

        :param values: wildcard to value; others are ignored.
        :raises PatternError: if a value is missing or unfit for its type, or the pattern has a ``*``.
        """
        if self.has_glob:
            star = next(token for token in self.tokens if token.kind == "glob")
            raise PatternError(f"`{self.text}` has a `*`, so no name can be made from it", star.column)
        try:
            return self._template % tuple([_text_of(type_, values[name]) for name, type_, _ in self._slots])
        except (KeyError, PatternError):
            self._blame(values)
            raise

    def partial(self, values: Mapping[str, Any]) -> Pattern:
        """The pattern with some wildcards filled in and the others left.

        :param values: wildcard to value; those that the pattern lacks are ignored.
        :raises PatternError: if a value is unfit for its type.
        """
        given = {name: self.types[name] for name in self.wildcards if name in values}
        tokens = [
            Token("literal", _text_of(given[t.text], values[t.text]), t.column)
            if t.kind == "wildcard" and t.text in given
            else t
            for t in self.tokens
        ]
        return Pattern(_merge(tokens), {name: type_ for name, type_ in self.types.items() if name not in given})

    def convert(self, name: str, value: Any) -> Value:
        """A value, given as people write it, in the form in which :meth:`match` gives it (``a1`` becomes ``A01``).

        :param name: wildcard of this pattern.
        :param value: text or int.
        :raises PatternError: if the value is unfit for the wildcard's type.
        """
        text = _text_of(self.types[name], value)
        return int(text) if self.types[name] == "int" else text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Pattern.parse({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Pattern.parse, (self.text,)

    def _write(self, tokens: tuple[Token, ...]) -> Iterator[str]:
        for token in tokens:
            if token.kind == "wildcard":
                type_ = self.types[token.text]
                yield f"{{{token.text}}}" if type_ == "text" else f"{{{token.text}:{type_}}}"
            elif token.kind == "literal":
                yield re.sub(r"[{}*]", lambda found: "{*}" if found[0] == "*" else found[0] * 2, token.text)
            else:
                yield token.text

    def _agree(self, groups: tuple[str, ...], values: Mapping[str, Value]) -> bool:
        """Whether all mentions of each wildcard have one value, however it is spelled."""
        pairs = zip(self._groups, groups)  # noqa: B905  (Python 3.9)
        return all(_value_of(self.types[name], text) == values[name] for name, text in pairs)

    def _blame(self, values: Mapping[str, Any]) -> None:
        """Say which wildcard cannot be filled."""
        for name, type_, column in self._slots:
            if name not in values:
                raise PatternError(f"`{self.text}` needs a value for `{{{name}}}`", column, name) from None
            try:
                _text_of(type_, values[name])
            except PatternError as error:
                raise PatternError(f"`{{{name}}}` of `{self.text}`: {error.message}", column, name) from None


def _tokens(text: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(text):
        column = found.start() + 1
        if found["bad"]:
            raise PatternError(
                f"a lone `{found['bad']}`: a brace is `{found['bad'] * 2}`, a wildcard `{{name}}`", column
            )
        if found["name"]:
            yield Token("wildcard", found["name"], column)
        elif found["glob"]:
            yield from _glob(text, found)
        else:
            yield Token("literal", _ESCAPES.get(found[0], found[0]), column)


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


def _merge(tokens: Any) -> tuple[Token, ...]:
    merged: list[Token] = []
    for token in tokens:
        if token.kind == "literal" and merged and merged[-1].kind == "literal":
            merged[-1] = merged[-1]._replace(text=merged[-1].text + token.text)
        else:
            merged.append(token)
    return tuple(merged)


def _types(text: str, tokens: tuple[Token, ...]) -> dict[str, str]:
    """The type of each wildcard; written once, it holds for every mention."""
    types: dict[str, str] = {token.text: "" for token in tokens if token.kind == "wildcard"}
    for found in _TOKEN.finditer(text):
        name, type_ = found["name"], found["type"]
        if name is None or type_ is None:
            continue
        column = found.start("type") + 1
        if type_ not in TYPES:
            raise PatternError(f"unknown wildcard type `{type_}`: use one of {', '.join(TYPES)}", column, name)
        if types[name] not in {"", type_}:
            raise PatternError(f"`{{{name}}}` is `{types[name]}` and `{type_}` in one pattern", column, name)
        types[name] = type_
    return {name: type_ or "text" for name, type_ in types.items()}


def _check_path(text: str, tokens: tuple[Token, ...]) -> None:
    if not tokens:
        raise PatternError("an empty pattern matches nothing")
    column = 1
    for part in text.split("/"):
        if part in {".", ".."}:
            raise PatternError(f"`{part}` in a pattern: name the folders from the root downwards", column)
        if part == "":
            raise PatternError(_EMPTY_PART[column > 1 if column <= len(text) else 2], min(column, len(text)))
        column += len(part) + 1


_EMPTY_PART = (
    "a pattern is relative to its root: leave out the `/` at its start",
    "two slashes in a row: leave one out",
    "a pattern names files: write a file name after the last `/`",
)


def _compile(tokens: tuple[Token, ...], types: Mapping[str, str]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """The regular expression, and the wildcard of each of its groups."""
    parts: list[str] = []
    groups: list[str] = []
    for token in tokens:
        if token.kind == "literal":
            parts.append(re.escape(token.text))
        elif token.kind == "glob":
            parts.append(_GLOBS[token.text])
        elif token.text in groups and types[token.text] not in _SPELLINGS:
            parts.append(f"(?:\\{groups.index(token.text) + 1})")
        else:
            parts.append(f"({TYPES[types[token.text]]})")
            groups.append(token.text)
    return re.compile("".join(parts), re.DOTALL), tuple(groups)


@lru_cache(maxsize=1 << 16)
def _value_of(type_: str, text: str) -> Value:
    if type_ == "int":
        return int(text)
    if type_.startswith("well"):
        row = text.rstrip("0123456789")
        return f"{row.upper()}{int(text[len(row) :]):02d}"
    return text


@lru_cache(maxsize=1 << 16, typed=True)
def _text_of(type_: str, value: Any) -> str:
    text = str(value)
    if not re.fullmatch(TYPES[type_], text, re.DOTALL) or text in {".", ".."} or isinstance(value, (bool, float)):
        raise PatternError(f"`{text}` is not usable as a {_TYPE_WORDS.get(type_, type_)}")
    return str(_value_of(type_, text))


_TYPE_WORDS = {
    "text": "name (not empty, no `/`, not `..`)",
    "int": "whole number",
    "digits": "row of digits",
    "alpha": "row of letters",
    "word": "word",
    "well96": "well of a 96-well plate",
    "well384": "well of a 384-well plate",
    "well1536": "well of a 1536-well plate",
}
