"""Whether a file is whole and what its name says: inputs before the tool starts, outputs after it. No pixel is read."""

from __future__ import annotations

import ast
import csv
import math
import os
import re
import struct
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Callable, Optional

from platerunner_unit import planes
from platerunner_unit.contract.category import Category
from platerunner_unit.tools import folders, tiff
from platerunner_unit.tools.image_table import TABLES
from platerunner_unit.tools.tiff import MAX_TABLE, DamagedError, read_bytes, read_head

MISSING = "does not exist"
_CHUNK = 1 << 20
_NPY_ITEM = re.compile(r"^[<>|=]?([biufcSUV?])(\d+)$")


@dataclass(frozen=True)
class Finding:
    """What is wrong with an image file.

    :param category: that it leads to.
    :param clause: about the file, beginning with a verb.
    """

    category: Category
    clause: str


def look(path: Path, *, flat: bool = False) -> Optional[Finding]:
    """What is wrong with a file; None if nothing is, or it is of a kind that is not known here.

    :param path: an image or array by its extension (TIFF, PNG, JPEG, npy), or a folder that is one thing; others are
        only checked for zero bytes.
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


def problem(path: Path) -> Optional[str]:
    """Why a file is not what its name says, as a clause; None if it is, or of a kind that is not known here.

    :param path: an image, a table or an array by its extension, or a folder that is one thing.
    """
    found = look(path)
    if found is not None or path.is_dir():
        return None if found is None else found.clause
    if path.suffix.lower() in (".csv", ".tsv"):
        return _table_problem(path)
    if path.suffix.lower() in (".db", ".sqlite", ".sqlite3"):
        return None if _begins(path, b"SQLite format 3\0") else "is named as an SQLite database, but is none"
    if path.suffix.lower() in (".h5", ".hdf5"):
        return None if _begins(path, b"\x89HDF\r\n\x1a\n") else "is named as an HDF5 file, but is none"
    return None


def _check(path: Path, *, flat: bool) -> None:
    size, suffix = path.stat().st_size, path.suffix.lower()
    if path.is_dir():
        clause = folders.problem(path)
        if clause is not None:
            raise DamagedError(clause)
        return
    if size == 0:
        raise DamagedError("is empty (0 bytes)")
    checks = [checks[suffix] for checks in (_CHECKS, planes.CHECKS if flat else {}) if suffix in checks]
    if not checks and suffix not in tiff.SUFFIXES:
        return
    with path.open("rb") as file:
        if suffix in tiff.SUFFIXES:
            tiff.check_tiff(file, size, flat=flat)
        for check in checks:
            check(file, size)


def _png(file: BinaryIO, size: int) -> None:
    if read_head(file, 8, "PNG") != b"\x89PNG\r\n\x1a\n":
        raise DamagedError("is named as a PNG file, but is none")
    file.seek(max(8, size - 1024))
    tail = file.read(1024)
    if not 0 <= tail.rfind(b"IEND") <= len(tail) - 8:  # the chunk's name, then its checksum
        raise DamagedError(f"is cut off: it has no end mark (IEND) in its {size:,} bytes")


def _jpeg(file: BinaryIO, size: int) -> None:
    if read_head(file, 3, "JPEG") != b"\xff\xd8\xff":
        raise DamagedError("is named as a JPEG file, but is none")
    # Cameras append previews and padding, so the end mark may lie some way before the end.
    file.seek(max(0, size - 65536))
    if b"\xff\xd9" not in file.read(65536):
        raise DamagedError(f"is cut off: it has no end mark (EOI) in its {size:,} bytes")


def _npy(file: BinaryIO, size: int) -> None:
    """NumPy's format 1.0 to 3.0: numpy/lib/format.py."""
    head = read_head(file, 12, "NumPy")
    if head[:6] != b"\x93NUMPY":
        raise DamagedError("is named as a NumPy file, but is none")
    wide = head[6] >= 2
    length = struct.unpack("<I" if wide else "<H", head[8 : 12 if wide else 10])[0]
    start = 12 if wide else 10
    if length > MAX_TABLE:
        raise DamagedError("is damaged: its header makes no sense")
    header = ast.literal_eval(read_bytes(file, start, length).decode("latin-1"))
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


def _table_problem(path: Path) -> Optional[str]:
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.reader(file, delimiter=TABLES[path.suffix.lower()])
        try:
            header = next(rows, None)
            first = next(rows, None)
        except csv.Error as error:
            return f"cannot be read as a table ({error})"
    if not header or not any(header):
        return "has no header"
    if first is None and "Group_Index" in header:
        return "has a header but no image set"
    if "ImageNumber" in header and not _ends_a_line(path):
        return "ends within a line: it was not written to its end"
    return "has NUL bytes: it was not written whole" if _has_nul(path) else None


def _ends_a_line(path: Path) -> bool:
    """Whether a table ends with a line's end, as CellProfiler's do; other programs' need not."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) in b"\r\n"


def _has_nul(path: Path) -> bool:
    """Whether a file has NUL bytes, like blocks of a disk that were never written; UTF-16 text may have them."""
    with path.open("rb") as file:
        chunks = iter(lambda: file.read(_CHUNK), b"")
        first = next(chunks, b"")
        if first.startswith((b"\xff\xfe", b"\xfe\xff")):
            return False
        return any(b"\0" in each for each in chain([first], chunks))


def _begins(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
