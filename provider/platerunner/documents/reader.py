"""From YAML text to a document: what the language allows of YAML, and what it refuses, with place and remedy.

Plain scalars are read by the core schema of YAML 1.2 (YAML 1.2.2, chapter 10.3): YAML 1.1, which PyYAML follows, reads
plate ``0512`` as 330, ``1:30`` as 90 and ``NO`` as false.
"""

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, NoReturn

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import BaseResolver

from platerunner.documents.problems import DocumentError, Problem
from platerunner.documents.source import Keys, Mark, Position, Source, position_of
from platerunner.documents.syntax import refuse_comments, syntax_problem

try:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
except ImportError:  # PyYAML was built without libyaml: the same, slower
    from platerunner.documents.pure_parser import PureParser as _Parser  # type: ignore[assignment]

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_VALUES = 50_000
_COMMENT_AT_ONCE = re.compile(r"[\]}\"']#")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


STR, NULL, BOOL, INT, FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("str", "null", "bool", "int", "float"))
MAP, SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
KNOWN_TAGS = frozenset({STR, NULL, BOOL, INT, FLOAT, MAP, SEQ})

_RESOLVERS = (
    (NULL, r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    (BOOL, r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (INT, r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (FLOAT, r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    (FLOAT, r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
)


class CoreResolver(BaseResolver):
    """Gives nodes their tags."""

    def resolve(self, kind: type[Node], value: str | None, implicit: tuple[bool, bool]) -> str:
        """As PyYAML's, without resolvers for paths, which this has none of.

        :param implicit: whether a scalar without a tag is plain, and whether it is not.
        """
        if kind is not ScalarNode:
            return MAP if kind is MappingNode else SEQ
        if implicit[0] and value is not None:
            for tag, expression in self.yaml_implicit_resolvers.get(value[:1], ()):
                if expression.match(value):
                    return tag  # type: ignore[no-any-return]
        return STR


for _tag, _expression, _first in _RESOLVERS:
    CoreResolver.add_implicit_resolver(_tag, re.compile(rf"^(?:{_expression})$"), _first)


def _null(text: str) -> None:
    if text not in {"null", "Null", "NULL", "~", ""}:
        raise ValueError("not null")


def _bool(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("neither true nor false")
    return text.lower() == "true"


def _int(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text[2:] if base != 10 else text, base)


def _float(text: str) -> float:
    number = float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


READERS: dict[str, Callable[[str], Any]] = {STR: str, NULL: _null, BOOL: _bool, INT: _int, FLOAT: _float}
"""Tag of a scalar to what makes its value of the text; they raise ValueError if the text does not suit the tag, or a
number is not finite or longer than Python reads."""


class _Loader(_Parser, CoreResolver):
    def __init__(self, text: str) -> None:
        _Parser.__init__(self, text)
        CoreResolver.__init__(self)


def read(path: Path) -> Source:
    """Read a YAML file.

    :raises DocumentError: if it cannot be read, is too large, not UTF-8, or not one YAML document that holds a mapping.
    """
    return parse(content(path), path)


def content(path: Path) -> bytes:
    """What a YAML file holds; nothing is opened that might never end, such as a pipe or a device.

    :raises DocumentError: if it cannot be read, is not a regular file, or is too large.
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
        refuse_comments(source, root)
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
    _fail(source, position_of(node), f"the file holds {kind}, not keys with values", remedy, "wrong-type")


def _too_deep(source: Source, at: Position) -> NoReturn:
    message, remedy = (
        f"nested deeper than {MAX_DEPTH} levels",
        "Flatten it; an alias must not stand inside its own anchor.",
    )
    _fail(source, at, message, remedy, "too-deep")


def _value(source: Source, node: Node, keys: Keys, key_node: Node) -> Any:
    if len(keys) > MAX_DEPTH or len(source.marks) >= MAX_VALUES:
        _too_much(source, keys)
    source.marks[keys] = Mark(node, key_node)
    if isinstance(node, ScalarNode):
        return _scalar(source, node)
    if node.tag not in KNOWN_TAGS:
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
    read = READERS.get(node.tag)
    if read is None:
        return _foreign_tag(source, node)
    if "\0" in node.value:  # written as the escape `\0`
        source.add(position_of(node), "this text has a NUL character", "Delete it; no name can hold one.", "not-text")
        return None
    try:
        return read(node.value)
    except ValueError:
        shown = node.value if len(node.value) < 40 else f"{node.value[:36]}..."
        message = f"`{shown}` is not a number that can be used"
        source.add(position_of(node), message, "Put it in quotes if it is text.", "bad-number")
        return None


def _foreign_tag(source: Source, node: Node) -> None:
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    message, remedy = f"the tag `{tag}` is not allowed", "The file is plain data: delete the tag."
    source.add(position_of(node), message, remedy, "foreign-tag")


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
        source.add(position_of(node), "a key that is not a word", remedy, "bad-key")
    elif node.value == "<<" and not node.style:
        message, remedy = "`<<` (merge) is not part of YAML 1.2", "Write the keys out."
        source.add(position_of(node), message, remedy, "merge-key")
    elif node.tag not in KNOWN_TAGS:
        _foreign_tag(source, node)
    elif node.value in seen:
        message = f"the key `{node.value}` is there twice; first in line {position_of(seen[node.value]).line}"
        source.add(position_of(node), message, "Delete one of the two, or rename it.", "duplicate-key")
    else:
        return True
    return False
