"""Wildcards that are made of others, such as a well of its row and column: ``well: "{row:letter}{col:02}"``."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from platerunner.documents.problems import suggest
from platerunner_unit.contract.patterns import Pattern, PatternError, Value
from platerunner_unit.contract.patterns.wildcard_types import text_of, type_of
from platerunner_unit.contract.wells import LAYOUTS, Layout, position, row_name

LAST_ROW = 26 * 27
"""The last row that has one letter or two: ``ZZ``."""
_PIECE = re.compile(
    r"\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<form>[^{}]*))?\}|(?P<literal>[^{}/]+)|(?P<bad>.)", re.DOTALL
)


class Piece(NamedTuple):
    """A piece of a formula.

    :param literal: text that stays as it is; empty for a wildcard.
    :param name: of a wildcard.
    :param form: how its value is written; empty for as it is.
    :param column: where it begins, from 1.
    """

    literal: str
    name: str
    form: str
    column: int


class Formula:
    """What a wildcard is made of.

    :param text: wildcards in braces, each perhaps with a form: ``letter``, ``number``, ``02`` or a type of wells.
    :raises PatternError: if it cannot be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces = tuple(_pieces(text))
        self.names = tuple(dict.fromkeys(piece.name for piece in self.pieces if piece.name))
        if not self.names:
            raise PatternError(f"`{text}` is made of no wildcard: name one in braces, like `{{row:letter}}{{col:02}}`")

    def of(self, values: Mapping[str, Value]) -> str:
        """The value that it makes.

        :raises PatternError: if a value cannot be written so.
        """
        return "".join(piece.literal or written(piece.form, values[piece.name]) for piece in self.pieces)


class DerivingPattern(Pattern):
    """A pattern whose matches have further values, made of those in the key.

    :param bare: of the keys alone.
    :param formulas: further wildcard to what it is made of.
    """

    def __init__(self, bare: Pattern, formulas: Mapping[str, Formula]) -> None:
        super().__init__(bare.tokens, bare.types)
        self.bare = bare
        self._formulas = formulas
        self.types = {**bare.types, **dict.fromkeys(formulas, "text")}
        self.wildcards = tuple(self.types)
        self.sources = {name: formula.names for name, formula in formulas.items()}

    def match(self, key: str) -> dict[str, Value] | None:
        """As :meth:`Pattern.match`; a key does not match if a value cannot be made of it."""
        values = self.bare.match(key)
        try:
            return None if values is None else self.completed(values)
        except PatternError:
            return None

    def completed(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The values of a key, derived ones included.

        :raises PatternError: if a value cannot be made.
        """
        return {**values, **{name: formula.of(values) for name, formula in self._formulas.items()}}

    def partial(self, values: Mapping[str, Any]) -> Pattern:
        """As :meth:`Pattern.partial`, without what is made."""
        return self.bare.partial(values)

    def convert(self, name: str, value: Any) -> Value:
        """As :meth:`Pattern.convert`."""
        return text_of("text", value) if name in self._formulas else self.bare.convert(name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DerivingPattern) and (self.text, self._texts) == (other.text, other._texts)

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        return deriving, (self.bare, self._texts)

    @property
    def _texts(self) -> dict[str, str]:
        return {name: formula.text for name, formula in self._formulas.items()}


def bare_of(pattern: Pattern) -> Pattern:
    """A pattern without its derived wildcards and without planes."""
    while isinstance(bare := getattr(pattern, "bare", None), Pattern):
        pattern = bare
    return pattern


def deriving(pattern: Pattern, derive: Mapping[str, str]) -> Pattern:
    """A pattern with derived wildcards.

    :param derive: further wildcard to what it is made of.
    :raises PatternError: if that cannot be read.
    """
    return DerivingPattern(pattern, {name: Formula(text) for name, text in derive.items()}) if derive else pattern


def _pieces(text: str) -> Iterator[Piece]:
    for found in _PIECE.finditer(text):
        column = found.start() + 1
        if found["bad"]:
            raise PatternError(f"`{found['bad']}` has no place in a value that is made of others", column)
        form = found["form"] or ""
        if found["form"] is not None and not (form in FORMS or re.fullmatch("0[1-9]", form) is not None):
            raise PatternError(
                f"`{{{found['name']}:{form}}}`: there is no form `{form}`. "
                f"{suggest(form, FORMS, 'forms')} A width such as `02` adds zeros to a number.",
                column,
                found["name"],
            )
        yield Piece(found["literal"] or "", found["name"] or "", form, column)


@lru_cache(maxsize=1 << 14, typed=True)
def written(form: str, value: Value) -> str:
    """A value in a form.

    :raises PatternError: if it cannot be written so.
    """
    try:
        return FORMS[form](value) if form in FORMS else f"{_number(value):{form}d}" if form else str(value)
    except ValueError as error:
        raise PatternError(f"{error} (`{form}`)") from None


def _number(value: Value) -> int:
    if not re.fullmatch("[0-9]{1,18}", str(value)):
        raise ValueError(f"`{value}` is no whole number")
    return int(value)


def _letter(value: Value) -> str:
    number = _number(value)
    if not 1 <= number <= LAST_ROW:
        raise ValueError(f"`{value}` is no row from 1 to {LAST_ROW}")
    return row_name(number - 1)


def _row_number(value: Value) -> str:
    place = position(f"{value}1") if re.fullmatch("[A-Za-z]{1,2}", str(value)) else None
    if place is None:
        raise ValueError(f"`{value}` is no row from A to ZZ")
    return str(place[0] + 1)


def _nth(plate: Layout) -> Callable[[Value], str]:
    count = plate.rows * plate.columns

    def name(value: Value) -> str:
        number = _number(value) - 1
        if not 0 <= number < count:
            raise ValueError(f"`{value}` is no well from 1 to {count}")
        return f"{row_name(number // plate.columns)}{number % plate.columns + 1:02d}"

    return name


def _well(type_: str) -> Callable[[Value], str]:
    return lambda value: text_of(type_, value)


FORMS: dict[str, Callable[[Value], str]] = {
    "letter": _letter,
    "number": _row_number,
    **{name: _well(name) for name in ("well96", "well384", "well1536")},
    **{f"nth{plate.rows * plate.columns}": _nth(plate) for plate in LAYOUTS},
}
"""How a value may be written, besides with zeros; the well of ``a1`` is ``A01``, the 14th of 96 ``B02``."""


def objection(piece: Piece, type_: str) -> str | None:
    """Why values of a type can never be written in a form; None if they may be.

    :param piece: of a formula.
    :param type_: of the wildcard.
    """
    kind = type_of(type_).kind
    shown = f"`{{{piece.name}:{piece.form}}}`"
    if piece.form == "number" and kind == "digits":
        return f"{shown} makes a number of letters, and `{{{piece.name}:{type_}}}` is one: write `{{{piece.name}}}`"
    if (piece.form == "letter" or piece.form.isdigit() or piece.form.startswith("nth")) and kind in ("alpha", "well"):
        return f"{shown} is made of a number, and `{{{piece.name}:{type_}}}` is none: write `{{{piece.name}}}`"
    return None
