"""Whether an image file is whole, and one plane, told from its header and tables alone: no pixel is read.

A truncated TIFF passes CellProfiler without a word (Bio-Formats pads what is missing): only this notices.
"""

from __future__ import annotations

import ast
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Callable, NamedTuple, Optional

from platerunner_unit import planes
from platerunner_unit.contract.category import Category

MISSING = "does not exist"
MAX_IFDS = 100_000
MAX_TABLE = 1 << 24
# TIFF 6.0 section 2 and the BigTIFF extension: bytes per value of each field type.
_TYPE_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS = 273, 279, 324, 325, 330
_NPY_ITEM = re.compile(r"^[<>|=]?([biufcSUV?])(\d+)$")
_WANTED = frozenset({_STRIP_OFFSETS, _STRIP_COUNTS, _TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS})
# Width, height, both kinds of page, samples, photometric, extra samples; and where ImageJ and MetaMorph count planes.
_WIDTH, _HEIGHT, _KIND, _OLD_KIND, _SAMPLES, _PHOTOMETRIC, _EXTRA = 256, 257, 254, 255, 277, 262, 338
_DESCRIPTION, _METAMORPH = 270, 33629
_TIFF = frozenset({".tif", ".tiff", ".flex", ".btf", ".tf8", ".stk", ".lsm"})
_PLANE = frozenset({_WIDTH, _HEIGHT, _KIND, _OLD_KIND, _SAMPLES, _PHOTOMETRIC, _EXTRA})
_DESCRIPTION_BYTES = 4096


class DamagedError(Exception):
    """The file is not whole; the message is a clause that begins with a verb, e.g. ``ends before its pixels``."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with an image file.

    :param category: that it leads to.
    :param clause: about the file, beginning with a verb.
    """

    category: Category
    clause: str


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
    found = look(path)
    return None if found is None else found.clause


def look(path: Path, *, flat: bool = False) -> Optional[Finding]:
    """What is wrong with a file; None if nothing is, or it is of a kind that is not known here.

    :param path: as in :func:`problem`.
    :param flat: whether the tool will read one plane of it, so that a second one is a fault.
    """
    try:
        _check(path, flat=flat)
    except planes.StackError as error:
        return Finding(Category.PIPELINE_INVALID, str(error))
    except DamagedError as error:
        return Finding(Category.INPUT_UNREADABLE, str(error))
    except FileNotFoundError:
        return Finding(Category.INPUT_MISSING, MISSING)
    except OSError as error:
        return Finding(Category.INPUT_UNREADABLE, f"cannot be read ({error.strerror or error})")
    except (struct.error, ValueError, SyntaxError, TypeError, KeyError, OverflowError, MemoryError, RecursionError):
        return Finding(Category.INPUT_UNREADABLE, "is damaged: its header makes no sense")
    return None


def _check(path: Path, *, flat: bool) -> None:
    size, suffix = path.stat().st_size, path.suffix.lower()
    if size == 0:
        raise DamagedError("is empty (0 bytes)")
    checks = [checks[suffix] for checks in (_CHECKS, planes.CHECKS if flat else {}) if suffix in checks]
    if not checks and suffix not in _TIFF:
        return
    with path.open("rb") as file:
        if suffix in _TIFF:
            _tiff(file, size, flat=flat)
        for check in checks:
            check(file, size)


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length)
    if len(data) < length:
        raise DamagedError(f"is cut off: it refers to byte {offset + length} and ends at byte {offset + len(data)}")
    return data


def _tiff(file: BinaryIO, size: int, *, flat: bool) -> None:
    layout, offset = _tiff_header(file)
    seen: set[int] = set()
    queue = [(offset, True)]
    images, pages, words = 0, [], _Words()
    while queue:
        offset, top = queue.pop()
        if offset == 0 or offset in seen or len(seen) > MAX_IFDS:
            continue
        seen.add(offset)
        following, fields = _directory(file, size, layout, offset, words if flat and top else None)
        queue.append((following, top))
        queue.extend((below, False) for below in fields.get(_SUB_IFDS, ()))
        _check_extents(fields, size)
        images += _STRIP_OFFSETS in fields or _TILE_OFFSETS in fields
        if flat and top and (_STRIP_OFFSETS in fields or _TILE_OFFSETS in fields):
            pages.append(_page(fields))
    if images == 0:
        raise DamagedError("is a TIFF file without any image in it")
    planes.check_tiff(pages, words.description, words.planes, size)


class _Words:
    """What programs say of a whole file in its first directory.

    :ivar description: the beginning of ImageDescription.
    :ivar planes: as MetaMorph counts them.
    :ivar read: whether the first directory was read.
    """

    def __init__(self) -> None:
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


def _directory(
    file: BinaryIO, size: int, layout: _Layout, offset: int, words: Optional[_Words]
) -> tuple[int, dict[int, tuple[int, ...]]]:
    """One image file directory: the offset of the next, and the fields wanted here.

    :param words: gets what the first directory says of the whole; with it, what tells planes apart is wanted, too.
    """
    if offset >= size:
        raise DamagedError(f"is cut off: a directory begins at byte {offset:,} and the file ends at byte {size:,}")
    counter = struct.Struct(layout.endian + ("Q" if layout.big else "H"))
    count = counter.unpack(_read(file, offset, counter.size))[0]
    length = count * layout.entry.size + struct.calcsize(layout.offset)
    if length > MAX_TABLE:
        raise DamagedError("is damaged: a directory has more entries than any image needs")
    data = _read(file, offset + counter.size, length)
    fields = {}
    first = words is not None and not words.read
    for tag, kind, number, inline in layout.entry.iter_unpack(data[: count * layout.entry.size]):
        if tag in _WANTED or (words is not None and tag in _PLANE):
            fields[tag] = _values(file, size, layout, (kind, number, inline))
        elif words is not None and first and tag == _DESCRIPTION:
            words.description = _text(file, layout, number, inline)
        elif words is not None and first and tag == _METAMORPH:
            words.planes = number
    if words is not None:
        words.read = True
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


def _text(file: BinaryIO, layout: _Layout, number: int, inline: bytes) -> str:
    """The beginning of a text; a file that has none where it says gives no text."""
    if number > len(inline):
        file.seek(struct.unpack(layout.offset, inline)[0])
        inline = file.read(min(number, _DESCRIPTION_BYTES))
    return inline.decode("latin-1")


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
    **dict.fromkeys((".jpg", ".jpeg"), _jpeg),
    ".png": _png,
    ".npy": _npy,
}
