"""CellProfiler's tables in SQLite, as ExportToDatabase or cytominer-database writes them, made its CSV tables."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from platerunner_unit.imaging.unit import DataError

_TABLE = re.compile(r"(?:.*?Per_)?(Image|Cytoplasm|Cells|Nuclei)", re.IGNORECASE)
_OF_ALL = re.compile(r".*Per_Object", re.IGNORECASE)


def export_tables(path: Path, folder: Path) -> dict[str, Path]:
    """Write the tables of a database as CSV, with the columns that ExportToSpreadsheet gives them.

    :param path: of the database, which is only read.
    :param folder: for the tables; made if it is not there.
    :returns: ``image`` and compartments, each with its table.
    :raises DataError: if it is no database, or not one of CellProfiler's with a table for each kind of object.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found = {match[1].lower(): name for name in names if (match := _TABLE.fullmatch(name))}
            _check(path, names, found)
            return {kind: _export(database, name, kind, folder) for kind, name in found.items()}
    except sqlite3.Error as error:
        raise DataError(f"{path.name}: cannot be read as an SQLite database: {error}") from error


def _check(path: Path, names: Iterable[str], found: dict[str, str]) -> None:
    one = next((name for name in names if _OF_ALL.fullmatch(name)), None)
    if one is not None and len(found) < 2:
        remedy = "let ExportToDatabase make one table per object type"
        raise DataError(f"{path.name} has all objects in one table, {one}; {remedy}")
    if "image" not in found or len(found) < 2:
        there = ", ".join(names) or "none"
        raise DataError(f"{path.name} has no tables of images and of Cytoplasm, Cells or Nuclei; there are: {there}")


def _export(database: sqlite3.Connection, name: str, kind: str, folder: Path) -> Path:
    target = folder / f"{kind}.csv"
    quoted = name.replace('"', '""')
    rows = database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608  (a name that the database itself gave, quoted)
    columns = [_as_in_csv(column, kind) for column, *_ in rows.description]
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(_texts(rows))
    return target


def _as_in_csv(column: str, kind: str) -> str:
    """``Image_Metadata_Plate`` of a database is ``Metadata_Plate`` of a CSV."""
    own = column[len(kind) + 1 :] if column.lower().startswith(f"{kind}_") else column
    return "ObjectNumber" if own == "Number_Object_Number" and own != column else own


def _texts(rows: Iterable[tuple[object, ...]]) -> Iterator[list[object]]:
    for row in rows:
        yield ["" if value is None else value.decode() if isinstance(value, bytes) else value for value in row]
