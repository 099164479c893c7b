"""Whether an image file is whole, told from its header and tables alone: no pixel is read.

A truncated TIFF passes CellProfiler without a word (Bio-Formats pads what is missing): only this notices.
"""

from __future__ import annotations

import ast
import math
import re
import struct
from pathlib import Path
from typing import BinaryIO, Callable, NamedTuple, Optional

MISSING = "does not exist"
MAX_IFDS = 100_000
MAX_TABLE = 1 << 24
# TIFF 6.0 section 2 and the BigTIFF extension: bytes per value of each field type.
_TYPE_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS = 273, 279, 324, 325, 330
_NPY_ITEM = re.compile(r"^[<>|=]?([biufcSUV?])(\d+)$")
_WANTED = {_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS}


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


def problem(path: Path) -> Optional[str]:
    """Why a file is no whole image, as a clause; None if it is whole or of a kind that is not known here.

    :param path: an image or array by its extension (TIFF, PNG, JPEG, npy); others are only checked for zero bytes.
    """
    try:
        size = path.stat().st_size
        if size == 0:
            return "is empty (0 bytes)"
        check = _CHECKS.get(path.suffix.lower())
        if check is None:
            return None
        with path.open("rb") as file:
            check(file, size)
    except DamagedError as error:
        return str(error)
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    except (struct.error, ValueError, SyntaxError, TypeError, KeyError, OverflowError, MemoryError, RecursionError):
        return "is damaged: its header makes no sense"
    return None


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length)
    if len(data) < length:
        raise DamagedError(f"is cut off: it refers to byte {offset + length} and ends at byte {offset + len(data)}")
    return data


def _tiff(file: BinaryIO, size: int) -> None:
    layout, offset = _tiff_header(file)
    seen: set[int] = set()
    queue = [offset]
    pages = 0
    while queue:
        offset = queue.pop()
        if offset == 0 or offset in seen or len(seen) > MAX_IFDS:
            continue
        seen.add(offset)
        following, fields = _directory(file, size, layout, offset)
        queue.append(following)
        queue.extend(fields.get(_SUB_IFDS, ()))
        _check_extents(fields, size)
        pages += _STRIP_OFFSETS in fields or _TILE_OFFSETS in fields
    if pages == 0:
        raise DamagedError("is a TIFF file without any image in it")


def _tiff_header(file: BinaryIO) -> tuple[_Layout, int]:
    head = _read_head(file, 8, "TIFF")
    endian = {b"II": "<", b"MM": ">"}.get(head[:2])
    magic = struct.unpack((endian or "<") + "H", head[2:4])[0]
    if endian is None or magic not in (42, 43):
        raise DamagedError("is named as a TIFF file, but is none")
    if magic == 42:
        return _Layout(endian, big=False), struct.unpack(endian + "I", head[4:])[0]
    return _Layout(endian, big=True), struct.unpack(endian + "Q", _read(file, 8, 8))[0]


def _read_head(file: BinaryIO, length: int, kind: str) -> bytes:
    file.seek(0)
    head = file.read(length)
    if len(head) < length:
        raise DamagedError(f"is too short to be a {kind} file ({len(head)} bytes)")
    return head


def _directory(file: BinaryIO, size: int, layout: _Layout, offset: int) -> tuple[int, dict[int, tuple[int, ...]]]:
    """One image file directory: the offset of the next, and the fields wanted here."""
    if offset >= size:
        raise DamagedError(f"is cut off: a directory begins at byte {offset:,} and the file ends at byte {size:,}")
    counter = struct.Struct(layout.endian + ("Q" if layout.big else "H"))
    count = counter.unpack(_read(file, offset, counter.size))[0]
    length = count * layout.entry.size + struct.calcsize(layout.offset)
    if length > MAX_TABLE:
        raise DamagedError("is damaged: a directory has more entries than any image needs")
    data = _read(file, offset + counter.size, length)
    fields = {}
    for i in range(count):
        tag, kind, number, inline = layout.entry.unpack_from(data, i * layout.entry.size)
        if tag in _WANTED:
            fields[tag] = _values(file, size, layout, (kind, number, inline))
    return struct.unpack(layout.offset, data[count * layout.entry.size :])[0], fields


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
        inline = _read(file, offset, length)
    return struct.unpack_from(f"{layout.endian}{number}{_CODE[kind]}", inline)


def _check_extents(fields: dict[int, tuple[int, ...]], size: int) -> None:
    for offsets, counts in ((_STRIP_OFFSETS, _STRIP_COUNTS), (_TILE_OFFSETS, _TILE_COUNTS)):
        starts, lengths = fields.get(offsets, ()), fields.get(counts, ())
        # Without counts (old writers leave them out for one strip) only the beginning can be checked.
        ends = [a + b for a, b in zip(starts, lengths)]  # noqa: B905 (Python 3.9 has no strict) if lengths else [start + 1 for start in starts]
        if ends and max(ends) > size:
            raise DamagedError(f"is cut off: its pixels end at byte {max(ends):,} and the file at byte {size:,}")


def _png(file: BinaryIO, size: int) -> None:
    if _read_head(file, 8, "PNG") != b"\x89PNG\r\n\x1a\n":
        raise DamagedError("is named as a PNG file, but is none")
    file.seek(max(8, size - 1024))
    tail = file.read(1024)
    if not 0 <= tail.rfind(b"IEND") <= len(tail) - 8:  # the chunk's name, then its checksum
        raise DamagedError(f"is cut off: it has no end mark (IEND) in its {size:,} bytes")


def _jpeg(file: BinaryIO, size: int) -> None:
    if _read_head(file, 3, "JPEG") != b"\xff\xd8\xff":
        raise DamagedError("is named as a JPEG file, but is none")
    # Cameras append previews and padding, so the end mark may lie some way before the end.
    file.seek(max(0, size - 65536))
    if b"\xff\xd9" not in file.read(65536):
        raise DamagedError(f"is cut off: it has no end mark (EOI) in its {size:,} bytes")


def _npy(file: BinaryIO, size: int) -> None:
    """NumPy's format 1.0 to 3.0: numpy/lib/format.py."""
    head = _read_head(file, 12, "NumPy")
    if head[:6] != b"\x93NUMPY":
        raise DamagedError("is named as a NumPy file, but is none")
    wide = head[6] >= 2
    length = struct.unpack("<I" if wide else "<H", head[8 : 12 if wide else 10])[0]
    start = 12 if wide else 10
    if length > MAX_TABLE:
        raise DamagedError("is damaged: its header makes no sense")
    header = ast.literal_eval(_read(file, start, length).decode("latin-1"))
    item = _NPY_ITEM.match(str(header["descr"]))
    if item is None:  # structured or object arrays have no size that the header tells
        return
    needed = (
        start
        + length
        + math.prod(int(n) for n in header["shape"]) * int(item.group(2)) * (4 if item.group(1) == "U" else 1)
    )
    if size < needed:
        raise DamagedError(f"is cut off: its array needs {needed:,} bytes and the file has {size:,}")


_CHECKS: dict[str, Callable[[BinaryIO, int], None]] = {
    **dict.fromkeys((".tif", ".tiff", ".flex", ".btf", ".tf8"), _tiff),
    **dict.fromkeys((".jpg", ".jpeg"), _jpeg),
    ".png": _png,
    ".npy": _npy,
}
