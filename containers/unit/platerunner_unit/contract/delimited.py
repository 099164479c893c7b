"""Tables that people keep as text: with commas, tabs or semicolons, as a spreadsheet or a microscope saved them."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper

DELIMITERS = (",", "\t", ";")
SAVE = "save the table as `CSV UTF-8`"
# A first line by which spreadsheets tell each other the separator.
_TOLD = re.compile(r'"?sep=([,;|\t ])"?', re.IGNORECASE)
_OPEN = ("a quote opens there and never closes", "close it, or delete it")
_FAULTS = {
    "unexpected end of data": _OPEN,
    "field larger than field limit": _OPEN,
    "expected after": ("text follows the quote that closes a cell", "write a quote within a cell twice, or delete it"),
}
"""What the standard library says of a table, as people would, and what to do."""


class BadTableError(ValueError):
    """A text is no table.

    :ivar remedy: what to do, as the end of a sentence.
    """

    def __init__(self, fault: str, remedy: str = SAVE, line: int = 0) -> None:
        super().__init__(fault)
        self._fault, self._line, self.remedy = fault, line, remedy

    def of(self, name: str) -> str:
        """What is wrong, as a clause that begins with the table.

        :param name: of the table.
        """
        return f"{name}: line {self._line}{self._fault}" if self._line else f"{name} {self._fault}"


def read_table(content: bytes) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The names of the columns, and the rows in which anything stands, each with the line on which it begins.

    Spaces before a cell do not count.

    :param content: of the file: UTF-8, or UTF-16 with the mark that tells it.
    :raises BadTableError: if it is no such text or has no header; while the rows are read, if one ends within quotes.
    """
    content = _as_utf8(content)
    found = re.match(rb"[^\r\n]*", content)
    first = found[0].decode() if found else ""
    told = _TOLD.fullmatch(first)
    rows = _rows(content, told[1] if told else max(DELIMITERS, key=lambda each: _count(first, each)))
    if told:
        next(rows)
    header = [name.strip() for name in next(rows, (0, []))[1]]
    if not any(header):
        raise BadTableError("begins with no header", "delete what stands above the names of its columns")
    return header, ((line, cells) for line, cells in rows if any(cells))


def _as_utf8(content: bytes) -> bytes:
    """The same text in UTF-8, without a mark."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeError:
            raise BadTableError("is no whole UTF-16") from None
    content = content[len(BOM_UTF8) :] if content.startswith(BOM_UTF8) else content
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise BadTableError(" is no UTF-8", line=content.count(b"\n", 0, error.start) + 1) from None
    if b"\0" in content:
        raise BadTableError("is no text")
    if not content.strip():
        raise BadTableError("is empty", "write the names of its columns, and below them its rows")
    return content


def _count(first: str, delimiter: str) -> int:
    """How many cells a line has; separators within quotes do not count."""
    try:
        return len(next(csv.reader([first], delimiter=delimiter, skipinitialspace=True), []))
    except csv.Error:
        return 0


def _rows(content: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    # A stream: as one text in memory, a table would take four bytes a character besides.
    lines = TextIOWrapper(BytesIO(content), "utf-8", newline="")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        fault, remedy = next((each for said, each in _FAULTS.items() if said in str(error)), (str(error), SAVE))
        raise BadTableError(f": {fault}", remedy, line) from None
