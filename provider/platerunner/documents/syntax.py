"""What a YAML parser's error means, in words for people who do not know YAML's grammar."""

import re
from typing import Any

import yaml

_QUOTES = "Put quotes around text that begins with one of `{ [ * & ! | > % @` or holds `: ` or ` #`."
_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    ("second occurrence", "this anchor is there twice", "Rename one of the two."),
    ("found duplicate anchor", "this anchor is there twice", "Rename one of the two."),
    ("undefined alias", "this alias has no anchor", 'Quote it if the `*` is a part of a pattern: "*.tif".'),
    ("expected alphabetic or numeric", "a name must follow this `*` or `&`", 'Quote a pattern: "*.tif".'),
    ("another document", "a second document begins here", "One spec per file: delete the `---` or split the file."),
    ("undefined tag handle", "this tag is not known", "A spec is plain data: delete the tag."),
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
"""Errors that the parser notices far behind the place that people have to mend."""


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
    opened = _open_quote(lines, mark) if mark is not None else None
    if opened is not None:
        message = f"the quote that opens here is closed only in line {mark.line + 1}"
        return *opened, message, "Add the closing quote to this line."
    above = _key_above(lines, mark) if "mapping values" in problem and mark is not None else None
    if above is not None:
        return *above, "a `:` is missing after this key", "Write `key: value`."
    if context is not None and any(part in problem for part in _SEEN_LATE):
        mark = context
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return _within(lines, line, column, *_words(problem))


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


def _open_quote(lines: list[str], mark: Any) -> tuple[int, int] | None:
    """Where the text in quotes begins that ends in the line of an error, if it ran on over the end of its own line."""
    ran_on = None
    try:
        for token in yaml.scan("\n".join(lines[: mark.line + 1])):
            quoted = isinstance(token, yaml.ScalarToken) and token.style in {"'", '"'}
            if quoted and token.start_mark.line < token.end_mark.line == mark.line:
                ran_on = token.start_mark
    except yaml.YAMLError:
        pass  # the error itself; what stands before it has been seen
    return (ran_on.line + 1, ran_on.column + 1) if ran_on is not None else None


def _key_above(lines: list[str], mark: Any) -> tuple[int, int] | None:
    """The line that ran on into this one because it has no `:`; None if this line is to blame itself."""
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
