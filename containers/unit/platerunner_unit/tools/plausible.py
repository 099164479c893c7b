"""Whether an output looks like what its name says, and what CellProfiler's Image table proves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple, Optional

from platerunner_unit.tools import images

# ExportToSpreadsheet writes these columns for every image set that ran to its end; a skipped set has blank cells there.
_PROOF = ("ExecutionTime_", "ModuleError_")
_TABLES = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t"}


class ImageTable(NamedTuple):
    """An Image table's rows.

    :param whole: image sets with all measurements.
    :param blank: image sets that CellProfiler skipped: it leaves their cells empty.
    """

    whole: tuple[int, ...]
    blank: tuple[int, ...]


def problem(path: Path) -> Optional[str]:
    """Why an output is not plausible, as a clause; None if it is.

    :param path: the file; its extension tells what it should be.
    """
    clause = images.problem(path)
    if clause is not None:
        return clause
    if path.suffix.lower() in (".csv", ".tsv"):
        return _table_problem(path)
    if path.suffix.lower() in (".db", ".sqlite", ".sqlite3"):
        return None if _begins(path, b"SQLite format 3\0") else "is named as an SQLite database, but is none"
    if path.suffix.lower() in (".h5", ".hdf5"):
        return None if _begins(path, b"\x89HDF\r\n\x1a\n") else "is named as an HDF5 file, but is none"
    return None


def image_table(path: Path) -> Optional[ImageTable]:
    """Read a CSV file as ExportToSpreadsheet's Image table; None if it is none.

    :param path: any file.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = csv.DictReader(file, delimiter=_TABLES.get(path.suffix.lower(), ","))
            header = rows.fieldnames or []
            if "ImageNumber" not in header or "Group_Index" not in header or "ObjectNumber" in header:
                return None
            return _read_rows(rows, [name for name in header if name.startswith(_PROOF)])
    except (OSError, csv.Error):
        return None


def _read_rows(rows: csv.DictReader[str], proof: list[str]) -> ImageTable:
    whole: list[int] = []
    blank: list[int] = []
    for row in rows:
        number = row.get("ImageNumber") or ""
        if number.isdigit():
            done = all(row.get(name) for name in proof) and None not in row.values()
            (whole if done else blank).append(int(number))
    return ImageTable(tuple(whole), tuple(blank))


def _table_problem(path: Path) -> Optional[str]:
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.reader(file, delimiter=_TABLES[path.suffix.lower()])
        try:
            header = next(rows, None)
            first = next(rows, None)
        except csv.Error as error:
            return f"cannot be read as a table ({error})"
    if not header or not any(header):
        return "has no header"
    if first is None and "Group_Index" in header:
        return "has a header but no image set"
    return None


def _begins(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
