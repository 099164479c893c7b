"""CellProfiler's Image table: which image sets it proves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple, Optional

# ExportToSpreadsheet writes these columns for every image set that ran to its end; a skipped set has blank cells there.
_PROOF = ("ExecutionTime_", "ModuleError_")
TABLES = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t"}


class ImageTable(NamedTuple):
    """An Image table's rows.

    :param whole: image sets with all measurements.
    :param blank: image sets that CellProfiler skipped: it leaves their cells empty.
    """

    whole: tuple[int, ...]
    blank: tuple[int, ...]


def image_table(path: Path) -> Optional[ImageTable]:
    """Read a CSV file as ExportToSpreadsheet's Image table; None if it is not one.

    :param path: any file.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = csv.DictReader(file, delimiter=TABLES.get(path.suffix.lower(), ","))
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
