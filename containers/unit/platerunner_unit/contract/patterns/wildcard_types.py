"""What a wildcard takes: ``{site:int}``, ``{site:3}``, ``{site:03}``, ``{site:3 digits}``, ``{channel:DAPI|GFP}``.

A type is a word of :data:`TYPES`; a width (``3``: as many characters); a width and one of :data:`SIZED`; a number
that is padded with zeros (``03``); or a choice of texts (``tif|tiff``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple, Optional, Union

Value = Union[str, int]

# Two-digit columns come first, so that in `A0112` with `{well:well96}{site:digits}` the well is A01.
TYPES: dict[str, str] = {
    "text": r"[^/]+?",
    "int": r"0*(?:0|[1-9][0-9]{0,17})",
    "digits": r"[0-9]+",
    "digit": r"[0-9]",
    "alpha": r"[A-Za-z]+?",
    "word": r"[A-Za-z0-9_]+?",
    "hex": r"[0-9A-Fa-f]+",
    "guid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "well96": r"[A-Ha-h](?:0[1-9]|1[0-2]|[1-9])",
    "well384": r"[A-Pa-p](?:0[1-9]|1[0-9]|2[0-4]|[1-9])",
    "well1536": r"(?:[Aa][A-Fa-f]|[A-Za-z])(?:0[1-9]|[1-3][0-9]|4[0-8]|[1-9])",
    "well384x4": r"[A-Pa-p](?:0[1-9]|1[0-9]|2[0-4]|[1-9])\.[ABab][12]",
}
SIZED: dict[str, str] = {"digits": "[0-9]", "alpha": "[A-Za-z]", "word": "[A-Za-z0-9_]", "hex": "[0-9A-Fa-f]"}
"""Words that may have a width before them, with what one of their characters is."""

LONGEST = 200
"""The largest width: no name of a file is longer than 255 bytes."""
_MOST_DIGITS = 18
_WIDTH = re.compile(r"(?P<pad>0)?(?P<width>[1-9][0-9]{0,2})(?: (?P<word>[a-z]+))?")
_CHOICE = re.compile(r"[^|=*]+(?:\|[^|=*]+)+")


class Type(NamedTuple):
    """A type, ready to be used.

    :param regex: what it takes of a key.
    :param given: what it takes of a person, who may write a padded number without its zeros.
    :param kind: what its characters are: ``text``, ``digits``, ``alpha``, ``word``, ``hex``; ``well`` or ``choice``.
    :param words: what it is, for people.
    :param is_open: whether its values may be longer or shorter, so that only what follows tells where one ends.
    :param spells: whether one value may be written in several ways.
    :param is_number: whether its values are whole numbers, not text.
    :param pad: digits that a number is padded to; 0 for none.
    """

    regex: str
    given: str
    kind: str
    words: str
    is_open: bool = False
    spells: bool = False
    is_number: bool = False
    pad: int = 0


@lru_cache(maxsize=4096)
def type_of(text: str) -> Type:
    """A type by its name.

    :raises ValueError: if there is none of this name; one clause for people.
    """
    if text in TYPES:
        kind = "well" if text.startswith("well") else _KINDS.get(text, text)
        spells = kind == "well" or text == "int"
        is_open = kind != "well" and text not in {"digit", "guid"}
        return Type(TYPES[text], TYPES[text], kind, _WORDS[text], is_open, spells, is_number=text == "int")
    if found := _WIDTH.fullmatch(text):
        return _sized(text, padded=bool(found["pad"]), width=int(found["width"]), word=found["word"])
    if _CHOICE.fullmatch(text):
        texts = text.split("|")
        regex = f"(?:{'|'.join(map(re.escape, sorted(set(texts), key=lambda each: (-len(each), each))))})"
        return Type(regex, regex, "choice", f"choice of {', '.join(texts)}")
    raise ValueError(
        f"unknown wildcard type `{text}`: use one of {', '.join(TYPES)}, a width such as `3` (characters), "
        "`3 digits` or `03` (a number with its zeros), or a choice such as `tif|tiff`"
    )


def _sized(text: str, *, padded: bool, width: int, word: Optional[str]) -> Type:
    if padded and word:
        raise ValueError(
            f"`{text}` begins with a zero: write `{width} {word}`, or `0{width}` for a number with its zeros"
        )
    if width > (_MOST_DIGITS - 1 if padded else LONGEST):
        raise ValueError(
            f"`{text}` is too wide: a name has at most {LONGEST} characters, a number {_MOST_DIGITS - 1} digits"
        )
    if padded:
        regex = rf"(?:[0-9]{{{width}}}|[1-9][0-9]{{{width},{_MOST_DIGITS - 1}}})"
        given = rf"[0-9]{{1,{_MOST_DIGITS}}}"
        return Type(
            regex, given, "digits", f"number of {width} digits or more", is_open=True, is_number=True, pad=width
        )
    if word is None:
        regex = rf"[^/]{{{width}}}"
        return Type(regex, regex, "text", f"name of {width} characters (no `/`, not `..`)")
    if word not in SIZED:
        raise ValueError(f"`{text}` is no width: write {width} and one of {', '.join(SIZED)}, or {width} alone")
    regex = rf"{SIZED[word]}{{{width}}}"
    return Type(regex, regex, word, f"row of {width} {_SIZED_WORDS[word]}")


@lru_cache(maxsize=1 << 16)
def value_of(type_: str, text: str) -> Value:
    """The value that a text of a key stands for: ``A01`` for ``a1``, 7 for ``007``.

    :param text: which the type takes.
    """
    known = type_of(type_)
    if known.is_number:
        return int(text)
    if known.kind == "well":
        name, dot, part = text.partition(".")
        row = name.rstrip("0123456789")
        return f"{row.upper()}{int(name[len(row) :]):02d}{dot}{part.lower()}"
    return text


@lru_cache(maxsize=1 << 16, typed=True)
def text_of(type_: str, value: Any) -> str:
    """A value as a key has it.

    :raises ValueError: if the type does not take it; one clause for people.
    """
    text, known = str(value), type_of(type_)
    if not re.fullmatch(known.given, text, re.DOTALL) or text in {".", ".."} or isinstance(value, (bool, float)):
        raise ValueError(f"`{text}` is not usable as a {known.words}")
    return f"{int(text):0{known.pad}d}" if known.pad else str(value_of(type_, text))


def converts(type_: str) -> bool:
    """Whether a value differs from the text of a key that it is read from."""
    known = type_of(type_)
    return known.spells or known.is_number


def may_hold(type_: str, character: str) -> bool:
    """Whether a value may have a character; of a width and a choice it is not asked further."""
    kind = type_of(type_).kind
    one = SIZED.get(kind)
    return bool(re.fullmatch(one, character)) if one else kind != "well" or character.isalnum() or character == "."


_KINDS = {"int": "digits", "digit": "digits", "guid": "text"}
_SIZED_WORDS = {"digits": "digits", "alpha": "letters", "word": "letters, digits and `_`", "hex": "hex digits"}
_WORDS = {
    "text": "name (not empty, no `/`, not `..`)",
    "int": "whole number",
    "digits": "row of digits",
    "digit": "digit",
    "alpha": "row of letters",
    "word": "word",
    "hex": "row of hex digits",
    "guid": "GUID (36 characters)",
    "well96": "well of a 96-well plate",
    "well384": "well of a 384-well plate",
    "well1536": "well of a 1536-well plate",
    "well384x4": "quarter of a well of a 384-well plate, such as `A01.a1`",
}
