"""Records of an XML file, such as the images in an index that a microscope wrote."""

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

_CHUNK = 1 << 20


class BadXmlError(ValueError):
    """A file is not XML that can be read; the message is a clause with the line."""


def read_records(content: bytes, record: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The records of a file, each with its line.

    A value has the name of its attribute or element, an attribute of an inner element has both (`Row.number`), the
    record's own text by `text`; prefixes of names do not count.

    :param content: the file.
    :param record: names of the element around a record and of the record, like `Images/Image`.
    :raises BadXmlError: if it is not XML, or has a document type, with which a small file can become a huge one.
    """
    reader = _Reader(record)
    for start in range(0, max(len(content), 1), _CHUNK):
        reader.feed(content[start : start + _CHUNK], last=start + _CHUNK >= len(content))
        yield from reader.found
        reader.found.clear()


class _Reader:
    """Takes a file in, piece by piece.

    :param record: names of the element around a record and of the record.
    """

    def __init__(self, record: str) -> None:
        self.found: list[tuple[int, dict[str, str]]] = []
        self._around, self._record = record.split("/")
        self._above: list[str] = []  # elements around the one that is read
        self._path: list[str] = []  # those from the record on
        self._values: dict[str, str] = {}
        self._text = ""
        self._line = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse

    def feed(self, piece: bytes, *, last: bool) -> None:
        """Take a piece in."""
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise BadXmlError(f"line {error.lineno} is no XML: {expat.errors.messages[error.code]}") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if self._path or (name == self._record and self._above[-1:] == [self._around]):
            if not self._path:
                self._values, self._line = {}, self._parser.CurrentLineNumber
            self._path.append(name)
            self._text = ""
            before = f"{name}." if len(self._path) > 1 else ""
            self._values.update({f"{before}{_local(key)}": value for key, value in attributes.items()})
        self._above.append(name)

    def _end(self, _name: str) -> None:
        self._above.pop()
        if not self._path:
            return
        name, text = self._path.pop(), self._text.strip()
        self._text = ""
        if text:
            self._values["text" if not self._path else name] = text
        if not self._path:
            self.found.append((self._line, self._values))

    def _characters(self, text: str) -> None:
        if self._path:
            self._text += text

    def _refuse(self, *_: Any) -> None:
        raise BadXmlError(f"line {self._parser.CurrentLineNumber} has a document type, which no microscope writes")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
