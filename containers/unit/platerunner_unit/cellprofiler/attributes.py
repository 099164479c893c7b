"""The attributes in a module's first line: Python literals, which CellProfiler evaluates and this does not."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from functools import lru_cache
from typing import Any, Optional

_NOTES = re.compile(r"(\|notes:\[.*?\]\|)")
_KNOWN = {"array", "uint8", *dir(builtins)}
_REVISION = "variable_revision_number"


class AttributesError(Exception):
    """CellProfiler cannot read them; the message says why, as a clause."""


def read_attributes(text: str) -> tuple[int, bool, Optional[int]]:
    """The revision of a module's settings, whether it is enabled, and the number that it had when it was saved.

    :param text: what stands after the module's name and colon.
    :raises AttributesError: if CellProfiler could not read them.
    """
    if len(text) < 2 or not text.startswith("[") or not text.endswith("]"):
        raise AttributesError("it is not between [ and ]")
    values = dict(_read(part) for part in _parts(text.replace("dtype='|S", "dtype='S")))
    if values.get(_REVISION) is None:
        raise AttributesError(f"it lacks {_REVISION}")
    try:
        revision = int(values[_REVISION])
    except (TypeError, ValueError) as error:
        raise AttributesError(f"{_REVISION} is no number") from error
    number = values.get("module_num")
    return revision, bool(values.get("enabled", True)), number if isinstance(number, int) else None


def _parts(text: str) -> list[str]:
    """The attributes; notes may have bars of their own."""
    pieces = _NOTES.split(text)
    if len(pieces) != 3:
        return text[1:-1].split("|")
    before, notes, after = pieces
    return [*before[1:].split("|"), notes[1:-1], *after[:-1].split("|")]


@lru_cache(maxsize=256)
def _read(part: str) -> tuple[str, Any]:
    """An attribute's name and value; most attributes are the same in all modules of a file."""
    if part.isascii() and "\\" in part:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                part = part.encode().decode("unicode_escape")
        except UnicodeDecodeError as error:
            raise AttributesError(f'"{part[:40]}" has a broken escape') from error
    elif not part.isascii():
        part = part.replace("\\", "")
    name, colon, value = part.partition(":")
    if not colon:
        raise AttributesError(f'"{part[:40]}" has no value')
    return name, _read_notes(value) if name == "notes" else _evaluate(name, value)


def _evaluate(name: str, text: str) -> Any:
    """A literal's value; None for an expression that CellProfiler can evaluate, such as an array."""
    try:
        return _literal(text)
    except (SyntaxError, ValueError, NameError) as error:
        raise AttributesError(f'"{name}" is "{text[:40]}"') from error


def _read_notes(text: str) -> Any:
    """CellProfiler splits notes that are no Python at their commas; others have to be lines of text."""
    try:
        notes = _literal(text)
    except SyntaxError:
        return None
    except (ValueError, NameError) as error:
        raise AttributesError(f'the notes are "{text[:40]}"') from error
    lines = isinstance(notes, (str, list, tuple, set)) and all(isinstance(line, str) for line in notes)
    if notes is not None and not lines:
        raise AttributesError(f'the notes are "{text[:40]}"')
    return notes


def _literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of "\g" in notes: Python reads it as written
        tree = ast.parse(text.lstrip(" \t"), mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in _KNOWN:
            raise NameError(node.id)
    try:
        return ast.literal_eval(tree)
    except ValueError:
        return None
