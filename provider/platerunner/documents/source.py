"""YAML text as plain data, with the place and the raw text of every value."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, NamedTuple, NoReturn

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from platerunner.documents import core_schema
from platerunner.documents.problems import DocumentError, Problem
from platerunner.documents.syntax import syntax_problem

try:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
except ImportError:  # PyYAML was built without libyaml: the same, slower
    from platerunner.documents.pure_parser import PureParser as _Parser  # type: ignore[assignment]

Keys = tuple[str | int, ...]
"""Where a value stands in the data: mapping keys and list indexes from the root."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_VALUES = 50_000
_COMMENT_AT_ONCE = re.compile(r"[\]}\"']#")
_LOOK_ALIKE = re.compile(
    "[\xa0\xad\u2000-\u200f\u2010-\u2015\u2018-\u201f\u2028-\u202f\u205f\u2060\u2212\u3000\ufeff\xab\xbb]"
)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
        return _position(self.node, self.file)

    @property
    def key(self) -> Position:
        """Where its mapping key begins; the value's own place in a list."""
        return _position(self.key_node, self.file)

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
    """What to do about a character that looks like a blank, a quote or a hyphen, and is none.

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


class _Loader(_Parser, core_schema.CoreResolver):
    def __init__(self, text: str) -> None:
        _Parser.__init__(self, text)
        core_schema.CoreResolver.__init__(self)


def read(path: Path) -> Source:
    """Read a YAML file.

    :raises DocumentError: if it cannot be read, is too large, not UTF-8, or not one YAML document that holds a mapping.
    """
    return parse(content(path), path)


def content(path: Path) -> bytes:
    """What a YAML file holds; nothing is opened that might never end, such as a pipe or a device.

    :raises DocumentError: if it cannot be read, is no regular file, or is too large.
    """
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            kind = "a folder" if S_ISDIR(status.st_mode) else "no regular file"
            raise DocumentError([Problem(path, 1, 1, f"this is {kind}", "Name a YAML file.", "unreadable")])
        if status.st_size > MAX_BYTES:
            raise DocumentError([_too_large(path)])
        return path.read_bytes()
    except OSError as error:
        remedy = "Check the name and the permissions."
        raise DocumentError([Problem(path, 1, 1, f"cannot be read: {error.strerror}", remedy, "unreadable")]) from error


def parse(content: bytes | str, path: Path) -> Source:
    """Read YAML.

    :param content: UTF-8, at most 1 MiB.
    :param path: for messages.
    :raises DocumentError: as :func:`read`; duplicate keys, foreign tags and the like come all at once.
    """
    text = _text(content, path)
    source = Source(path, text.splitlines())
    bad = _FORBIDDEN.search(text)
    if bad:
        lines = text[: bad.start()].split("\n")
        message = f"a control character (U+{ord(bad[0]):04X})"
        _fail(source, Position(len(lines), len(lines[-1]) + 1), message, "Delete it; a spec is plain text.", "not-text")
    root = _compose(source, text)
    if _COMMENT_AT_ONCE.search(text):
        _refuse_comments(source, root)
    source.data = _value(source, root, (), root)
    if source.problems:
        raise DocumentError(source.problems)
    return source


def _text(content: bytes | str, path: Path) -> str:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    problem: Problem | None = None
    if len(raw) > MAX_BYTES:
        problem = _too_large(path)
    else:
        try:
            return raw.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            before = raw[: error.start].decode("utf-8-sig").split("\n")
            at = len(before), len(before[-1]) + 1
            problem = Problem(path, *at, "not UTF-8 text", "Save the file as UTF-8.", "not-utf8")
    raise DocumentError([problem])


def _too_large(path: Path) -> Problem:
    return Problem(path, 1, 1, f"larger than {MAX_BYTES >> 20} MiB", "Keep data out of specs.", "too-large")


def _fail(source: Source, at: Position, message: str, remedy: str, code: str) -> NoReturn:
    source.add(at, message, remedy, code)
    raise DocumentError(source.problems)


def _compose(source: Source, text: str) -> MappingNode:
    try:
        node = _Loader(text).get_single_node()
    except yaml.YAMLError as error:
        line, column, message, remedy = syntax_problem(error, source.lines)
        _fail(source, Position(line, column), message, remedy, "not-yaml")
    except RecursionError:
        _too_deep(source, Position(1, 1))
    if isinstance(node, MappingNode):
        return node
    if node is None or not node.value:
        remedy = "Begin with `version: 1`; docs/reference/spec.md has the rest."
        _fail(source, Position(1, 1), "the file is empty", remedy, "empty-file")
    kind = "a list" if isinstance(node, SequenceNode) else "plain text"
    remedy = "Write `key: value` lines, beginning with `version: 1`."
    _fail(source, _position(node), f"the file holds {kind}, not keys with values", remedy, "wrong-type")


def _refuse_comments(source: Source, root: Node) -> None:
    """Note a `#` directly behind a bracket or a quote: a comment for this parser, but not for others."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        end = node.end_mark
        closed = node.flow_style if isinstance(node, CollectionNode) else getattr(node, "style", None) in {"'", '"'}
        if closed and end.line < len(source.lines) and source.lines[end.line][end.column : end.column + 1] == "#":
            at = Position(end.line + 1, end.column + 1)
            source.add(at, "a comment begins directly behind a value", "Put a blank before the `#`.", "not-yaml")
        if isinstance(node, MappingNode):
            waiting += (part for pair in node.value for part in pair)
        elif isinstance(node, SequenceNode):
            waiting += node.value


def _too_deep(source: Source, at: Position) -> NoReturn:
    message, remedy = (
        f"nested deeper than {MAX_DEPTH} levels",
        "Flatten it; an alias must not stand inside its own anchor.",
    )
    _fail(source, at, message, remedy, "too-deep")


def _position(node: Node, file: int = 0) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1, file)


_BEGIN = yaml.Mark("", 0, 0, 0, None, 0)
_NOTHING = ScalarNode(core_schema.NULL, "", _BEGIN, _BEGIN, "'")
_START = Mark(_NOTHING, _NOTHING)
"""Of what stands nowhere."""


def _value(source: Source, node: Node, keys: Keys, key_node: Node) -> Any:
    if len(keys) > MAX_DEPTH or len(source.marks) >= MAX_VALUES:
        _too_much(source, keys)
    source.marks[keys] = Mark(node, key_node)
    if isinstance(node, ScalarNode):
        return _scalar(source, node)
    if node.tag not in core_schema.KNOWN_TAGS:
        _foreign_tag(source, node)
    if isinstance(node, SequenceNode):
        return [_value(source, item, (*keys, i), item) for i, item in enumerate(node.value)]
    return _mapping(source, node, keys)


def _too_much(source: Source, keys: Keys) -> NoReturn:
    if len(keys) > MAX_DEPTH:
        _too_deep(source, source.mark(keys[:1]).key)
    remedy = "Aliases (`*name`) multiply what they stand for; write the values once."
    _fail(source, source.mark(keys[:1]).key, f"more than {MAX_VALUES:,} values", remedy, "too-many-values")


def _scalar(source: Source, node: ScalarNode) -> Any:
    read = core_schema.READERS.get(node.tag)
    if read is None:
        return _foreign_tag(source, node)
    if "\0" in node.value:  # written as the escape `\0`
        source.add(_position(node), "this text has a NUL character", "Delete it; no name can hold one.", "not-text")
        return None
    try:
        return read(node.value)
    except ValueError:
        shown = node.value if len(node.value) < 40 else f"{node.value[:36]}..."
        message = f"`{shown}` is not a number that can be used"
        source.add(_position(node), message, "Put it in quotes if it is text.", "bad-number")
        return None


def _foreign_tag(source: Source, node: Node) -> None:
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    message, remedy = f"the tag `{tag}` is not allowed", "A spec is plain data: delete the tag."
    source.add(_position(node), message, remedy, "foreign-tag")


def _mapping(source: Source, node: Node, keys: Keys) -> dict[str, Any]:
    seen: dict[str, Node] = {}
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if _usable_key(source, key_node, seen):
            key = key_node.value
            seen[key] = key_node
            result[key] = _value(source, value_node, (*keys, key), key_node)
    return result


def _usable_key(source: Source, node: Node, seen: Mapping[str, Node]) -> bool:
    if not isinstance(node, ScalarNode) or not node.value:
        remedy = "Keys are words. A template or a pattern that begins with `{` needs quotes around it."
        source.add(_position(node), "a key that is not a word", remedy, "bad-key")
    elif node.value == "<<" and not node.style:
        message, remedy = "`<<` (merge) is not part of YAML 1.2", "Write the keys out, or use `defaults`."
        source.add(_position(node), message, remedy, "merge-key")
    elif node.tag not in core_schema.KNOWN_TAGS:
        _foreign_tag(source, node)
    elif node.value in seen:
        message = f"the key `{node.value}` is there twice; first in line {_position(seen[node.value]).line}"
        source.add(_position(node), message, "Delete one of the two, or rename it.", "duplicate-key")
    else:
        return True
    return False
