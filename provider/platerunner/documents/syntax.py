"""What is wrong with the YAML of a file, in words for people who do not know YAML's grammar."""

import re
from contextlib import suppress
from typing import Any

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from platerunner.documents.source import Position, Source, look_alike

_QUOTES = "Put quotes around text that begins with one of `{ [ * & ! | > % @` or holds `: ` or ` #`."
_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    ("second occurrence", "this anchor is there twice", "Rename one of the two."),
    ("found duplicate anchor", "this anchor is there twice", "Rename one of the two."),
    ("undefined alias", "this alias has no anchor", 'Quote it if the `*` is a part of a pattern: "*.tif".'),
    ("expected alphabetic or numeric", "a name must follow this `*` or `&`", 'Quote a pattern: "*.tif".'),
    ("another document", "a second document begins here", "One document per file: delete the `---` or split the file."),
    ("undefined tag handle", "this tag is not known", "The file is plain data: delete the tag."),
    ("incompatible YAML", "this YAML version is not known", "Delete the `%YAML` line."),
    ("mapping values are not allowed", "a `:` where no key can stand", f"{_QUOTES} Check the indentation."),
    ("could not find expected ':'", "a `:` is missing after this key", "Write `key: value`."),
    ("expected ',' or ']'", "this list is not closed, or a comma is missing", "Add the `]` or the comma."),
    (
        "expected ',' or '}'",
        "this `{` is not closed, or a comma is missing",
        "Add the `}` or the comma; quote a pattern.",
    ),
    ("unknown escape", "this `\\` sequence is not known", "Use single quotes, in which `\\` is a plain character."),
    (
        "expected <document start>",
        "this line is indented less than the first one",
        "Begin all top-level keys in one column.",
    ),
    (
        "expected '-' indicator",
        "a list item or less indentation should stand here",
        "Begin the items of a list in one column.",
    ),
    ("expected <block end>", "this does not continue the block above", f"Check the indentation. {_QUOTES}"),
    ("did not find expected key", "this does not continue the block above", f"Check the indentation. {_QUOTES}"),
    ("cannot start any token", "no value can begin with this character", "Put quotes around it."),
    ("expected node content", "a value is missing here", "Add it, or close the bracket."),
)

_SEEN_LATE = ("end of stream", "expected ',' or", "could not find expected ':'")
"""Errors that the parser reports far below the line to correct."""

_OF_INDENT = ("mapping values", "expected <block end>", "did not find expected key")
"""Errors that wrong indentation can cause."""

_OF_COLONS = (*_OF_INDENT, "could not find expected ':'")


def syntax_problem(error: yaml.YAMLError, lines: list[str]) -> tuple[int, int, str, str]:
    """The line and column from 1, a message and a remedy.

    :param error: what the parser raised.
    :param lines: of the document.
    """
    problem, mark, context = _parts(error)
    tab = _tab_line(lines, mark, context)
    if tab is not None:
        line, column = tab
        return line, column, "a tab indents this line", "YAML indents by spaces only: replace each tab by two spaces."
    unseen = _unseen_indent(lines, mark, context)
    if unseen is not None:
        return unseen
    opened = _open_quote(lines, mark) if mark is not None else None
    if opened is not None:
        message = f"the quote that opens here is closed only in line {mark.line + 1}"
        return *opened, message, "Add the closing quote to this line."
    above = _key_above(lines, mark) if "mapping values" in problem and mark is not None else None
    if above is not None:
        return _no_blank(lines, above[0]) or (*above, "a `:` is missing after this key", "Write `key: value`.")
    if context is not None and any(part in problem for part in _SEEN_LATE):
        mark = context
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    if any(part in problem for part in _OF_COLONS) and (together := _no_blank(lines, line)):
        return together
    message, remedy = _words(problem)
    indent = _wrong_indent(lines, mark) if mark is not None and any(part in problem for part in _OF_INDENT) else None
    if indent is not None:
        message, remedy = f"{message}: {indent[0]}", indent[1]
    return _within(lines, line, column, message, remedy)


def _parts(error: yaml.YAMLError) -> tuple[str, Any, Any]:
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None) or ""
    known = problem if "duplicate anchor" not in context else context
    return known, getattr(error, "problem_mark", None), getattr(error, "context_mark", None)


def _tab_line(lines: list[str], *marks: Any) -> tuple[int, int] | None:
    for mark in marks:
        if mark is not None and mark.line < len(lines):
            found = re.match(r" *\t", lines[mark.line])
            if found:
                return mark.line + 1, found.end()
    return None


def _no_blank(lines: list[str], line: int) -> tuple[int, int, str, str] | None:
    """What to do about a line with `key:value`; None if it is written otherwise."""
    found = re.match(r" *(?:- +)*([\w.-]+):(?=[^\s:/])", lines[line - 1]) if line <= len(lines) else None
    if found is None:
        return None
    return line, found.end() + 1, "a blank is missing after the `:`", f"Put a blank after `{found[1]}:`."


def _unseen_indent(lines: list[str], mark: Any, context: Any) -> tuple[int, int, str, str] | None:
    """The line between a block's start and the fault that is indented by something other than spaces."""
    if mark is None:
        return None
    first = context.line if context is not None else 0
    for number, line in enumerate(lines[first : mark.line + 1], first + 1):
        found = re.search(r"[^ \t]", line)
        remedy = look_alike(found[0]) if found is not None and not found[0].isprintable() else None
        if found is not None and remedy is not None:
            return number, found.start() + 1, "this line is indented by something else than blanks", remedy
    return None


def _wrong_indent(lines: list[str], mark: Any) -> tuple[str, str] | None:
    """What is wrong with a line's indentation, and what to do; None if the indentation is right."""
    indent = _indent(lines[mark.line]) if mark.line < len(lines) else 0
    if mark.line >= len(lines) or not re.fullmatch(r"[\w.-]*\s*", lines[mark.line][indent : mark.column]):
        return None
    open_lines = _open_lines(lines, mark.line)
    if not open_lines:
        return None
    number = open_lines[0]
    above = lines[number].split(" #")[0].rstrip()
    if indent > _indent(above):
        if above.endswith((":", "|", ">", "-")) or above.lstrip().startswith("- "):
            return None
        return f"it begins further right than line {number + 1}, which has a value already", "Begin both in one column."
    if any(_indent(lines[each]) == indent for each in open_lines):
        return None
    near = sorted(open_lines, key=lambda each: abs(_indent(lines[each]) - indent))[:2]
    names = " or ".join(f"`{lines[each].strip().partition(':')[0]}` (line {each + 1})" for each in near)
    return "no line above begins in its column", f"Begin it in the column of {names}."


def _open_lines(lines: list[str], before: int) -> list[int]:
    """The lines above that a line may be nested in, nearest first: each is indented less than the one before."""
    found: list[int] = []
    for number in range(before - 1, -1, -1):
        text = lines[number].strip()
        if text and text[0] != "#" and (not found or _indent(lines[number]) < _indent(lines[found[-1]])):
            found.append(number)
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _open_quote(lines: list[str], mark: Any) -> tuple[int, int] | None:
    """Where the quoted text begins that ends in the line of an error; None if it begins in that line."""
    ran_on = None
    with suppress(yaml.YAMLError):  # the error that is asked about ends the scan
        for token in yaml.scan("\n".join(lines[: mark.line + 1])):
            quoted = isinstance(token, yaml.ScalarToken) and token.style in {"'", '"'}
            if quoted and token.start_mark.line < token.end_mark.line == mark.line:
                ran_on = token.start_mark
    return (ran_on.line + 1, ran_on.column + 1) if ran_on is not None else None


def _key_above(lines: list[str], mark: Any) -> tuple[int, int] | None:
    """The line above that has no `:` and so runs on into this one; None if the fault is in this line."""
    if not re.fullmatch(r" *[\w.-]+ *", lines[mark.line][: mark.column]):
        return None
    for number in range(mark.line - 1, -1, -1):
        text = lines[number].split("#")[0].strip()
        if text:
            indent = len(lines[number]) - len(lines[number].lstrip())
            return None if ":" in text else (number + 1, indent + 1)
    return None


def _words(problem: str) -> tuple[str, str]:
    for part, message, remedy in _PROBLEMS:
        if part in problem:
            return message, remedy
    if "end of stream" in problem:
        return "this text is not closed", "Add the closing quote."
    return f"not YAML: {problem}", _QUOTES


def _within(lines: list[str], line: int, column: int, message: str, remedy: str) -> tuple[int, int, str, str]:
    """A parser may notice an error only after the last line; people look at the last line."""
    if line > len(lines) and lines:
        line, column = len(lines), len(lines[-1]) + 1
    return line, column, message, remedy


def refuse_comments(source: Source, root: Node) -> None:
    """Report a `#` directly after a bracket or a quote: this parser takes it as a comment, others do not."""
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
