"""A document: plain data, with the place and the raw text of every value, and what was found wrong with it."""

import os
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from yaml.nodes import Node, ScalarNode

from platerunner.documents.problems import Problem, suggest

Keys = tuple[str | int, ...]
"""Where a value stands in the data: mapping keys and list indexes from the root."""

_LOOK_ALIKE = re.compile(
    "[\xa0\xad\u2000-\u200f\u2010-\u2015\u2018-\u201f\u2028-\u202f\u205f\u2060\u2212\u3000\ufeff\xab\xbb]"
)


class Position(NamedTuple):
    """Where something stands in a document.

    :param line: from 1.
    :param column: from 1, in characters.
    :param file: 0 for the document's own file, else the number of a part's; see :meth:`Source.adopt`.
    """

    line: int
    column: int
    file: int = 0


class Mark(NamedTuple):
    """How one value is written; most are never asked, so that places are worked out only then.

    :param node: the parser's, of the value.
    :param key_node: of its mapping key; the value's own in a list.
    :param file: 0 for the document's own file, else the number of a part's; see :meth:`Source.adopt`.
    :param filled: the text of a scalar whose placeholders were filled in, None where it stands as written.
    """

    node: Node
    key_node: Node
    file: int = 0
    filled: str | None = None

    @property
    def value(self) -> Position:
        """Where the value begins."""
        return position_of(self.node, self.file)

    @property
    def key(self) -> Position:
        """Where its mapping key begins; the value's own place in a list."""
        return position_of(self.key_node, self.file)

    @property
    def text(self) -> str | None:
        """The raw text of a scalar, None for the rest."""
        if self.filled is None and isinstance(self.node, ScalarNode):
            return self.node.value  # type: ignore[no-any-return]
        return self.filled

    @property
    def plain(self) -> bool:
        """Whether it is a scalar without quotes."""
        return isinstance(self.node, ScalarNode) and not self.node.style


_BEGIN = yaml.Mark("", 0, 0, 0, None, 0)
_NOTHING = ScalarNode("tag:yaml.org,2002:null", "", _BEGIN, _BEGIN, "'")
_START = Mark(_NOTHING, _NOTHING)
"""The mark of a value that stands nowhere."""


@dataclass(slots=True)
class Source:
    """A document that is YAML.

    :param data: dicts with text keys, lists, scalars by the core schema of YAML 1.2.
    :param marks: for every value.
    :param parts: path and lines of the files that were merged into it.
    """

    path: Path
    lines: list[str]
    data: Any = None
    marks: dict[Keys, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    parts: list[tuple[Path, list[str]]] = field(default_factory=list)

    def adopt(self, part: "Source") -> int:
        """Make another file known as a part of this document; its number in positions."""
        self.parts.append((part.path, part.lines))
        return len(self.parts)

    def may_say(self, word: str) -> bool:
        """Whether a word may stand anywhere in the document or its parts; an escape may stand for any."""
        files = [self.lines, *(lines for _, lines in self.parts)]
        return any(word in line or "\\" in line for lines in files for line in lines)

    def take_marks(self, part: "Source", keys: Keys, file: int) -> None:
        """Take over where a part has a value, and everything below it.

        :param file: the part's number.
        """
        for place, mark in part.marks.items():
            if place[: len(keys)] == keys:
                self.marks[place] = mark._replace(file=file)

    def key_places(self, depth: int) -> dict[Keys, Position]:
        """Where keys are written.

        :param depth: of the deepest that count.
        """
        begins = (
            (keys, mark.key_node.start_mark, mark.file) for keys, mark in self.marks.items() if len(keys) <= depth
        )
        return {keys: Position(begin.line + 1, begin.column + 1, file) for keys, begin, file in begins if keys}

    def mark(self, keys: Keys) -> Mark:
        """The mark of a value, or of the nearest one around it if there is none there."""
        while keys and keys not in self.marks:
            keys = keys[:-1]
        return self.marks.get(keys) or _START

    def inside(self, keys: Keys, offset: int) -> Position:
        """The place of a character of a scalar.

        :param offset: from 0, into the scalar's text.
        :returns: the scalar's beginning if it is folded or escaped, so that offsets do not add up.
        """
        mark = self.mark(keys)
        line = self._place(mark.value)[1]
        begin = mark.value.column - 1 + (not mark.plain)
        if mark.text is not None and line.startswith(mark.text, begin):
            return mark.value._replace(column=begin + offset + 1)
        return mark.value

    def add(self, at: Position, message: str, remedy: str, code: str) -> None:
        """Note a problem."""
        path, line = self._place(at)
        self.problems.append(Problem(path, at.line, at.column, message, remedy, code, line))

    def warn(self, at: Position, message: str, remedy: str, code: str) -> None:
        """Note what can be used as it is, but is probably not meant."""
        self.add(at, message, remedy, code)
        self.problems[-1] = replace(self.problems[-1], severity="warning")

    @property
    def is_broken(self) -> bool:
        """Whether a problem was noted with which the document cannot be used."""
        return any(problem.is_error for problem in self.problems)

    def line_of(self, keys: Keys) -> str:
        """Where a value is written, for people: ``line 14 of cells.yaml``."""
        at = self.mark(keys).key
        return f"line {at.line} of {self._place(at)[0].name}"

    def _place(self, at: Position) -> tuple[Path, str]:
        """The file of a position, and its line."""
        path, lines = self.parts[at.file - 1] if at.file else (self.path, self.lines)
        return path, lines[at.line - 1] if at.line <= len(lines) else ""

    def at_key(self, keys: Keys, message: str, remedy: str, code: str) -> None:
        """Note a problem of a mapping key."""
        mark = self.mark(keys)
        self.add(mark.key, message, look_alike(getattr(mark.key_node, "value", None)) or remedy, code)

    def at_value(self, keys: Keys, message: str, remedy: str, code: str) -> None:
        """Note a problem of a value."""
        mark = self.mark(keys)
        self.add(mark.value, message, look_alike(mark.text) or remedy, code)


def look_alike(text: Any) -> str | None:
    """What to do about a character that only looks like a blank, a quote or a hyphen.

    :param text: of a scalar with which something is wrong; anything else has no such character.
    """
    found = _LOOK_ALIKE.search(text) if isinstance(text, str) else None
    if found is None:
        return None
    named = f"(U+{ord(found[0]):04X}, {unicodedata.name(found[0], 'unnamed').lower()})"
    kind = unicodedata.category(found[0])
    if kind == "Pd" or found[0] == "\u2212":
        return f"`{found[0]}` {named} is no hyphen: write `-`."
    if kind.startswith("P"):
        return f'`{found[0]}` {named} is no quotation mark of YAML: write `"`.'
    return f"It has a character that nobody sees {named}: delete it, or type a blank in its place."


def position_of(node: Node, file: int = 0) -> Position:
    """Where the parser found a value.

    :param file: the number of the part that it is in; 0 for the document's own file.
    """
    return Position(node.start_mark.line + 1, node.start_mark.column + 1, file)


class NamedFileError(Exception):
    """A name stands for no file that a spec may use.

    :param message: what is wrong, as a clause.
    :param remedy: what to do, as a sentence.
    :param code: of the problem.
    """

    def __init__(self, message: str, remedy: str, code: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message, self.remedy, self.code = message, remedy, code


def find_file(folder: Path, name: str, *, kind: str) -> Path:
    """The file or folder that a spec names.

    :param folder: of the spec.
    :param name: relative to it.
    :param kind: ``file`` or ``folder``.
    :returns: its path under the name given; only what is checked has its links resolved.
    :raises NamedFileError: if it is not there, or not below the folder.
    """
    if "\0" in name or not name:
        raise NamedFileError("not a file name", "Write a path relative to this spec.", "missing-file")
    base = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(base, name))  # noqa: PTH118  (four times as fast as pathlib's, for each spec)
    there = os.path.isdir(path) if kind == "folder" else os.path.isfile(path)  # noqa: PTH112, PTH113
    if path != base and not path.startswith(os.path.join(base, "")):  # noqa: PTH118
        remedy = "Move it next to the spec and name it relatively."
        raise NamedFileError(f"`{name}` is not below the folder of this spec", remedy, "foreign-file")
    if not there:
        message = f"there is no {kind} `{name}` (looked for it in `{folder}`)"
        raise NamedFileError(message, _nearest_file(Path(path), kind), "missing-file")
    return (folder / name).absolute()


def _nearest_file(path: Path, kind: str) -> str:
    try:
        names = [item.name for item in path.parent.iterdir() if item.is_dir() == (kind == "folder")]
    except OSError:
        return f"There is no folder `{path.parent.name}` either; check the path."
    return suggest(path.name, names, f"{kind}s there")
