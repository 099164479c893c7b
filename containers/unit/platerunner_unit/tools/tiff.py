"""Whether a TIFF is whole, and how many pictures it has, by its directories alone: no pixel is read.

A truncated TIFF passes CellProfiler silently (Bio-Formats pads what is missing): only this notices.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, Optional

from platerunner_unit import planes

MAX_IFDS = 100_000
MAX_TABLE = 1 << 24
# TIFF 6.0 section 2 and the BigTIFF extension: bytes per value of each field type.
_TYPE_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS = 273, 279, 324, 325, 330
_WANTED = frozenset({_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS})
# Width, height, both kinds of page, samples, photometric, extra samples; and where ImageJ and MetaMorph count planes.
_WIDTH, _HEIGHT, _KIND, _OLD_KIND, _SAMPLES, _PHOTOMETRIC, _EXTRA = 256, 257, 254, 255, 277, 262, 338
_DESCRIPTION, _METAMORPH = 270, 33629
SUFFIXES = frozenset({".tif", ".tiff", ".flex", ".btf", ".tf8", ".stk", ".lsm"})
_PLANE = frozenset({_WIDTH, _HEIGHT, _KIND, _OLD_KIND, _SAMPLES, _PHOTOMETRIC, _EXTRA})
_ALL = _WANTED | _PLANE
_DESCRIPTION_BYTES = 4096
_WHOLE_DESCRIPTION = 1 << 24


class DamagedError(Exception):
    """The file is not whole; the message is a clause that begins with a verb, e.g. ``ends before its pixels``."""


class _Layout(NamedTuple):
    """How a TIFF writes its numbers."""

    endian: str
    big: bool

    @property
    def offset(self) -> str:
        return self.endian + ("Q" if self.big else "I")

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.endian + ("HHQ8s" if self.big else "HHI4s"))


def read_bytes(file: BinaryIO, offset: int, length: int) -> bytes:
    """Bytes from anywhere in a file.

    :raises DamagedError: if it ends before them.
    """
    file.seek(offset)
    data = file.read(length)
    if len(data) < length:
        raise DamagedError(f"is cut off: it refers to byte {offset + length} and ends at byte {offset + len(data)}")
    return data


def is_tiff(path: Path) -> bool:
    """Whether a file is named as a TIFF."""
    return path.suffix.lower() in SUFFIXES


def read_pages(path: Path) -> tuple[int, str]:
    """How many pictures a TIFF has, without thumbnails and smaller copies, and what it says of itself.

    :raises DamagedError: if it is not whole.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        pages, words = _tiff_pages(file, size, _Words(_WHOLE_DESCRIPTION))
    return max(planes.count_pages(pages, words.description, size), words.planes), words.description


def check_tiff(file: BinaryIO, size: int, *, flat: bool) -> None:
    """Look at all directories of a TIFF.

    :param flat: whether a second plane is a fault.
    :raises DamagedError: if it is not whole.
    """
    pages, words = _tiff_pages(file, size, _Words() if flat else None)
    planes.check_tiff(pages, words.description, words.planes, size)


def _tiff_pages(file: BinaryIO, size: int, words: Optional[_Words]) -> tuple[list[planes.Page], _Words]:
    """Look at all directories.

    :param words: gets what the first one says of the whole file; None if neither that nor the pages are wanted.
    """
    layout, offset = _tiff_header(file)
    seen: set[int] = set()
    queue = [(offset, True)]
    images, pages, flat = 0, list[planes.Page](), words is not None
    while queue:
        offset, top = queue.pop()
        if offset == 0 or offset in seen or len(seen) > MAX_IFDS:
            continue
        seen.add(offset)
        following, fields = _directory(file, size, layout, offset, words if top else None)
        queue.append((following, top))
        queue.extend((below, False) for below in fields.get(_SUB_IFDS, ()))
        _check_extents(fields, size)
        images += _STRIP_OFFSETS in fields or _TILE_OFFSETS in fields
        if flat and top and (_STRIP_OFFSETS in fields or _TILE_OFFSETS in fields):
            pages.append(_page(fields))
    if images == 0:
        raise DamagedError("is a TIFF file without any image in it")
    return pages, words or _Words()


class _Words:
    """What the program that wrote a file says about it in the first directory.

    :param limit: bytes of ImageDescription that are read.
    :ivar description: the beginning of ImageDescription.
    :ivar planes: as MetaMorph counts them.
    :ivar read: whether the first directory was read.
    """

    def __init__(self, limit: int = _DESCRIPTION_BYTES) -> None:
        self.limit = limit
        self.description = ""
        self.planes = 1
        self.read = False


def _page(fields: Mapping[int, tuple[int, ...]]) -> planes.Page:
    def one(tag: int, default: int) -> int:
        values = fields.get(tag) or (default,)
        return values[0]

    lengths = fields.get(_STRIP_COUNTS) or fields.get(_TILE_COUNTS) or ()
    return planes.Page(
        one(_WIDTH, 0), one(_HEIGHT, 0), one(_KIND, 0), one(_OLD_KIND, 0), one(_SAMPLES, 1), one(_PHOTOMETRIC, 2),
        fields.get(_EXTRA, ()), sum(lengths),
    )  # fmt: skip


def _tiff_header(file: BinaryIO) -> tuple[_Layout, int]:
    head = read_head(file, 8, "TIFF")
    endian = {b"II": "<", b"MM": ">"}.get(head[:2])
    magic = struct.unpack((endian or "<") + "H", head[2:4])[0]
    if endian is None or magic not in (42, 43):
        raise DamagedError("is named as a TIFF file, but is none")
    if magic == 42:
        return _Layout(endian, big=False), struct.unpack(endian + "I", head[4:])[0]
    return _Layout(endian, big=True), struct.unpack(endian + "Q", read_bytes(file, 8, 8))[0]


def read_head(file: BinaryIO, length: int, kind: str) -> bytes:
    """The first bytes of a file.

    :param kind: what it is named as, for people.
    :raises DamagedError: if it has fewer.
    """
    file.seek(0)
    head = file.read(length)
    if len(head) < length:
        raise DamagedError(f"is too short to be a {kind} file ({len(head)} bytes)")
    return head


def _directory(
    file: BinaryIO, size: int, layout: _Layout, offset: int, words: Optional[_Words]
) -> tuple[int, dict[int, tuple[int, ...]]]:
    """One image file directory: the offset of the next, and the fields wanted here.

    :param words: gets what the first directory says of the whole; with it, what tells planes apart is wanted, too.
    """
    if offset >= size:
        raise DamagedError(f"is cut off: a directory begins at byte {offset:,} and the file ends at byte {size:,}")
    counter = struct.Struct(layout.endian + ("Q" if layout.big else "H"))
    count = counter.unpack(read_bytes(file, offset, counter.size))[0]
    entry = layout.entry
    length = count * entry.size + struct.calcsize(layout.offset)
    if length > MAX_TABLE:
        raise DamagedError("is damaged: a directory has more entries than any image needs")
    data = read_bytes(file, offset + counter.size, length)
    fields = {}
    wanted = _WANTED if words is None else _ALL
    first = words is not None and not words.read
    for tag, kind, number, inline in entry.iter_unpack(data[: count * entry.size]):
        if tag in wanted:
            fields[tag] = _values(file, size, layout, (kind, number, inline))
        elif words is not None and first and tag == _DESCRIPTION:
            words.description = _text(file, layout, number, inline, words.limit)
        elif words is not None and first and tag == _METAMORPH:
            words.planes = number
    if words is not None:
        words.read = True
    return struct.unpack(layout.offset, data[count * entry.size :])[0], fields


def _values(file: BinaryIO, size: int, layout: _Layout, entry: tuple[int, int, bytes]) -> tuple[int, ...]:
    kind, number, inline = entry
    if kind not in _CODE:
        return ()
    length = number * _TYPE_SIZE[kind]
    if length > MAX_TABLE:
        raise DamagedError("is damaged: a table is larger than any image needs")
    if length > len(inline):
        offset = struct.unpack(layout.offset, inline)[0]
        if offset + length > size:
            raise DamagedError(f"is cut off: a table ends at byte {offset + length:,} and the file at byte {size:,}")
        inline = read_bytes(file, offset, length)
    return struct.unpack_from(f"{layout.endian}{number}{_CODE[kind]}", inline)


def _text(file: BinaryIO, layout: _Layout, number: int, inline: bytes, limit: int) -> str:
    """The beginning of a text field; empty if the file ends before it."""
    if number > len(inline):
        file.seek(struct.unpack(layout.offset, inline)[0])
        inline = file.read(min(number, limit))
    return inline.rstrip(b"\0").decode("latin-1")


def _check_extents(fields: dict[int, tuple[int, ...]], size: int) -> None:
    for offsets, counts in ((_STRIP_OFFSETS, _STRIP_COUNTS), (_TILE_OFFSETS, _TILE_COUNTS)):
        starts, lengths = fields.get(offsets, ()), fields.get(counts, ())
        # Without counts (old writers leave them out for one strip) only the beginning can be checked.
        ends = [a + b for a, b in zip(starts, lengths)] if lengths else [start + 1 for start in starts]  # noqa: B905
        if ends and max(ends) > size:
            raise DamagedError(f"is cut off: its pixels end at byte {max(ends):,} and the file at byte {size:,}")
