"""CellProfiler's per-image tables: read many, and reduce them to one row per well."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.wells import plate_order
from platerunner_unit.imaging.unit import DataError, File

# Columns that describe the run or the file, not the cells: times would make the same data give another table.
_BOOKKEEPING = (
    "ImageNumber", "Metadata_", "ExecutionTime_", "ModuleError_", "Group_", "Frame_", "Series_", "Channel_", "Height_",
    "Width_", "Scaling_", "MD5Digest_", "FileName_", "PathName_", "URL_", "ProcessingStatus",
)  # fmt: skip


FAILURES = "Failures"
"""A column that every table has: 1 for an image set in which a module failed, 0 for others."""
_SUMMED = ("Count_", FAILURES)


@dataclass(frozen=True)
class Row:
    """A row of a per-image table.

    :param numbers: column to its value; blank and not-a-number cells are left out.
    """

    plate: str
    well: str
    site: str
    numbers: Mapping[str, float]


@dataclass
class Well:
    """The rows of one well.

    :param sites: number of rows.
    :param cells: column to its numbers, one per row; blank and not-a-number cells are left out.
    """

    plate: str
    well: str
    sites: int = 0
    cells: dict[str, list[float]] = field(default_factory=dict)

    def add(self, row: Mapping[str, str], columns: Sequence[str]) -> None:
        """Take one row in."""
        self.sites += 1
        for column in columns:
            value = _number(row.get(column) or "")
            if value is not None:
                self.cells.setdefault(column, []).append(value)

    def mean(self, column: str) -> Optional[float]:
        """Mean over the sites that have a value; None if none has."""
        values = self.cells.get(column)
        return math.fsum(values) / len(values) if values else None

    def value(self, column: str) -> Optional[float]:
        """What stands for the well: the sum of counts and failures, the mean of any other; None if there is none."""
        values = self.cells.get(column)
        return math.fsum(values) if values and is_summed(column) else self.mean(column)


def is_summed(column: str) -> bool:
    """Whether a well's value is the sum over its sites, not their mean."""
    return column.startswith(_SUMMED)


def read_rows(files: Iterable[File]) -> list[Row]:
    """Every row of per-image tables, with all its numbers.

    :param files: as for :func:`read_wells`.
    :raises DataError: if a table cannot be read or does not say which well it is of.
    """
    return [_row(file, row) for file in files for row in _read(file)[1]]


def _row(file: File, row: Mapping[str, str]) -> Row:
    plate, well = _place(file, row)
    site = file.values.get("site") or row.get("Metadata_Site") or ""
    numbers = {name: value for name, text in row.items() if (value := _number(text or "")) is not None}
    return Row(plate, well, site, numbers)


def columns_of(file: File) -> list[str]:
    """The columns of a table, from its first line alone.

    :raises DataError: if it has none.
    """
    try:
        with file.path.open(newline="", encoding="utf-8-sig") as stream:
            return next(csv.reader(stream), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file.path.name}: cannot be read as a table: {error}") from error


def read_wells(files: Iterable[File]) -> tuple[list[Well], list[str]]:
    """Read per-image tables.

    :param files: ``Image.csv`` of a well or of many; a file's own wildcards go before its ``Metadata_`` columns.
    :returns: wells in plate order, and the numeric columns in the order of the tables.
    :raises DataError: if a table cannot be read or does not say which well it is of.
    """
    tables = [(file, *_read(file)) for file in files]
    columns = _numeric([(header, rows) for _, header, rows in tables])
    wells: dict[tuple[str, str], Well] = {}
    for file, _, rows in tables:
        for row in rows:
            plate, name = _place(file, row)
            well = wells.setdefault((plate, name), Well(plate, name))
            well.add(row, columns)
            well.cells.setdefault(FAILURES, []).append(_failed(row))
    return sorted(wells.values(), key=lambda well: (natural_key(well.plate), plate_order(well.well))), columns


def _read(file: File) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with file.path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            header, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file.path.name}: cannot be read as a table: {error}") from error
    if not header:
        raise DataError(f"{file.path.name}: cannot be read as a table: it has no header line")
    return header, rows


def _numeric(tables: Sequence[tuple[list[str], list[dict[str, str]]]]) -> list[str]:
    names = dict.fromkeys(name for header, _ in tables for name in header if not name.startswith(_BOOKKEEPING))
    for header, rows in tables:
        for name in header:
            if name in names and any(row.get(name) and not _is_number(row[name]) for row in rows):
                del names[name]
    return list(names)


def _place(file: File, row: Mapping[str, str]) -> tuple[str, str]:
    well = file.values.get("well") or row.get("Metadata_Well")
    if not well:
        raise DataError(f"{file.path.name}: says nothing of its well; it needs a column Metadata_Well")
    return file.values.get("plate") or row.get("Metadata_Plate") or "", well


def _failed(row: Mapping[str, str]) -> float:
    flags = (_number(value or "") for name, value in row.items() if name.startswith("ModuleError_"))
    return float(any(flags))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> Optional[float]:
    value = float(text) if _is_number(text) else math.nan
    return value if math.isfinite(value) else None
