"""Path patterns with wildcards: ``{plate}/{well:well96}_s{site:int}_{channel}.tif``, to match keys and to write them.

Syntax: ``{name}`` is text within one folder or file name, ``{name:type}`` what the type takes, ``{:type}`` the same
without a name, ``(_s{site:int=1})?`` a part that may be missing, and what its wildcard is then; ``*`` text in a name,
``**/`` any folders (or none), a final ``**`` everything below; ``{{``, ``}}``, ``{*}`` and ``{?}`` are what they show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional

from platerunner_unit.contract.patterns.text import (
    PatternError,
    Token,
    escaped,
    merged,
    tokens_of,
    types_of,
    within,
    written,
)
from platerunner_unit.contract.patterns.wildcard_types import TYPES, Value, converts, text_of, type_of, value_of

__all__ = ["TYPES", "Pattern", "PatternError", "Token", "Value", "escaped"]

_GLOBS = {"*": r"[^/]*", "**/": r"(?:[^/]+/)*", "**": r".+"}


class Pattern:
    """A parsed pattern; make one with :meth:`parse`.

    :param tokens: its pieces in order.
    :param types: wildcard name to type, in order of appearance.
    """

    def __init__(self, tokens: tuple[Token, ...], types: Mapping[str, str]) -> None:
        self.tokens = tokens
        self.types = dict(types)
        self.wildcards = tuple(self.types)
        self.sources: Mapping[str, tuple[str, ...]] = {}  # of wildcards that are made of others, if there are such
        self.text = written(tokens, self.types)
        kinds = {token.kind for token in tokens}
        self._may_lack = "optional" in kinds
        self.has_glob = self._may_lack or "glob" in kinds
        self.literal_prefix = tokens[0].text if tokens and tokens[0].kind == "literal" else ""
        self._regex, self._groups = _compile(tokens, self.types)
        # Whether several keys may have the same values because one value is written in several ways.
        self.has_spellings = any(type_of(type_).spells for type_ in self.types.values())
        self._converted = tuple((name, type_) for name, type_ in self.types.items() if converts(type_))
        self._repeated = len(self._groups) > len(self.types)
        self._defaults = _defaults(tokens, self.types) if self._may_lack else {}
        self._slots = tuple((t.text, self.types[t.text], t.column) for t in tokens if t.kind == "wildcard")
        self._template = "".join("%s" if t.kind == "wildcard" else t.text.replace("%", "%%") for t in tokens)

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern.

        :param text: relative path pattern, as written in a spec.
        :raises PatternError: if it is empty, points out of its root, has an unknown type or a lone brace.
        """
        tokens = tokens_of(text)
        return cls(tokens, types_of(text, tokens))

    def match(self, key: str) -> Optional[dict[str, Value]]:
        """The values of the wildcards if the whole key matches, else None.

        :param key: relative key, as listed.
        :returns: wildcard to value: int for ``int``, ``A01`` form for wells, text for the rest; none is empty, has a
            slash, or is ``..``.
        """
        found = self._regex.fullmatch(key)
        if found is None:
            return None
        if self._may_lack:
            return self._with_defaults(found.groups())
        values: dict[str, Value] = dict(zip(self._groups, found.groups()))  # noqa: B905  (Python 3.9)
        for name, type_ in self._converted:
            values[name] = value_of(type_, str(values[name]))
        if self._repeated and not self._agree(found.groups(), values):
            return None
        # A name that is only dots would change the meaning of a path that is made of it.
        if "." in values.values() or ".." in values.values():
            return None
        return values

    def completed(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """The values of a key with those that are made of them: none, unless the pattern has such wildcards."""
        return values

    def format(self, values: Mapping[str, Any]) -> str:
        """The key for given values.

        :param values: wildcard to value; others are ignored.
        :raises PatternError: if a value is missing or unfit for its type, or the pattern has a ``*``.
        """
        if self.has_glob:
            star = next(token for token in self.tokens if token.kind in ("glob", "optional"))
            what = f"has a `{star.text}`" if star.kind == "glob" else f"has `{star.text}`, which may be missing"
            raise PatternError(f"`{self.text}` {what}, so no name can be made from it", star.column)
        try:
            return self._template % tuple([text_of(type_, values[name]) for name, type_, _ in self._slots])
        except (KeyError, ValueError):
            self._blame(values)
            raise

    def partial(self, values: Mapping[str, Any]) -> Pattern:
        """The pattern with some wildcards filled in and the others left.

        :param values: wildcard to value; those that the pattern lacks are ignored.
        :raises PatternError: if a value is unfit for its type.
        """
        texts = {name: _text_of(self.types[name], values[name]) for name in self.wildcards if name in values}
        tokens = _filled(self.tokens, texts)
        if self._may_lack:
            missing = {name: text_of(self.types[name], value) for name, value in self._defaults.items()}
            tokens = [each for token in tokens for each in _with_part(token, texts, missing)]
        return Pattern(merged(tokens), {name: type_ for name, type_ in self.types.items() if name not in texts})

    def convert(self, name: str, value: Any) -> Value:
        """A value, given as people write it, in the form in which :meth:`match` gives it (``a1`` becomes ``A01``).

        :param name: wildcard of this pattern.
        :param value: text or int.
        :raises PatternError: if the value is unfit for the wildcard's type.
        """
        return value_of(self.types[name], _text_of(self.types[name], value))

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

    def _agree(self, groups: tuple[str, ...], values: Mapping[str, Value]) -> bool:
        """Whether all mentions of each wildcard have one value, however it is spelled."""
        pairs = zip(self._groups, groups)  # noqa: B905  (Python 3.9)
        return all(value_of(self.types[name], text) == values[name] for name, text in pairs)

    def _with_defaults(self, groups: tuple[Optional[str], ...]) -> Optional[dict[str, Value]]:
        """As :meth:`match`, for a pattern with a part that may be missing."""
        values: dict[str, Value] = {}
        for name, text in zip(self._groups, groups):  # noqa: B905  (Python 3.9)
            if text is not None:
                value = value_of(self.types[name], text)
                if values.setdefault(name, value) != value or value in (".", ".."):
                    return None
        return {name: values[name] if name in values else self._defaults[name] for name in self.wildcards}

    def _blame(self, values: Mapping[str, Any]) -> None:
        """Say which wildcard cannot be filled."""
        for name, type_, column in self._slots:
            if name not in values:
                raise PatternError(f"`{self.text}` needs a value for `{{{name}}}`", column, name) from None
            try:
                _text_of(type_, values[name])
            except PatternError as error:
                raise PatternError(f"`{{{name}}}` of `{self.text}`: {error.message}", column, name) from None


def _defaults(tokens: tuple[Token, ...], types: Mapping[str, str]) -> dict[str, Value]:
    """What wildcards are where their part is missing."""
    values: dict[str, Value] = {}
    for token in within(tokens):
        if token.default is not None:
            try:
                values[token.text] = value_of(types[token.text], text_of(types[token.text], token.default))
            except ValueError as error:
                raise PatternError(f"`{{{token.text}}}`: {error}", token.column, token.text) from None
    return values


def _filled(tokens: Iterable[Token], texts: Mapping[str, str]) -> list[Token]:
    """Pieces with what is given of their wildcards, besides those of parts that may be missing."""
    return [
        Token("literal", texts[token.text], token.column) if token.kind == "wildcard" and token.text in texts else token
        for token in tokens
    ]


def _with_part(token: Token, texts: Mapping[str, str], missing: Mapping[str, str]) -> Iterator[Token]:
    """A part that may be missing, filled in: given a value that it does not have where it is missing, it is there."""
    if token.kind != "optional":
        yield token
        return
    parts = _filled(token.parts, texts)
    if any(texts.get(part.text, missing[part.text]) != missing[part.text] for part in token.parts if part.default):
        yield from (part._replace(default=None) for part in parts)
    else:
        yield token._replace(parts=merged(parts))


def _compile(tokens: tuple[Token, ...], types: Mapping[str, str]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """The regular expression, and the wildcard of each of its groups."""
    groups: list[str] = []
    return re.compile("".join(_regexes(tokens, types, groups)), re.DOTALL), tuple(groups)


def _regexes(tokens: Iterable[Token], types: Mapping[str, str], groups: list[str]) -> Iterator[str]:
    for token in tokens:
        if token.kind == "literal":
            yield re.escape(token.text)
        elif token.kind == "glob":
            yield _GLOBS.get(token.text) or type_of(token.text[2:-1]).regex
        elif token.kind == "optional":
            yield f"(?:{''.join(_regexes(token.parts, types, groups))})?"
        elif token.text in groups and not type_of(types[token.text]).spells:
            yield f"(?:\\{groups.index(token.text) + 1})"
        else:
            groups.append(token.text)
            yield f"({type_of(types[token.text]).regex})"


def _text_of(type_: str, value: Any) -> str:
    try:
        return text_of(type_, value)
    except ValueError as error:
        raise PatternError(str(error)) from None
