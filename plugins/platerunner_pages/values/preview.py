"""The first rows of a table, with the types of its columns."""

import csv
from dataclasses import dataclass
from itertools import islice
from typing import Any

from platerunner_pages.values.rows import PARQUET, SAMPLE, are_numbers, lines_of, parquet_file, refused
from platerunner_unit.contract.storage import Storage

ROWS, COLUMNS = 20, 60
"""Shown at most."""
LONGEST = 200
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a table.

    :param columns: name and type of each that is shown.
    :param more: columns that are not.
    :param count: rows of the whole table; None if that is not known without reading it.
    """

    columns: list[tuple[str, str]]
    more: int
    rows: list[list[str]]
    count: int | None


def preview_of(workspace: Storage, key: str, size: int) -> Preview:
    """The beginning of a table; no more of it is read.

    :raises platerunner_pages.values.problems.ValuesError: if it cannot be read.
    """
    return (_of_parquet if key.lower().endswith(PARQUET) else _of_text)(workspace, key, size)


def _of_parquet(workspace: Storage, key: str, size: int) -> Preview:
    with parquet_file(workspace, key, size) as file:
        schema = list(file.schema_arrow)
        names = [each.name for each in schema[:COLUMNS]]
        batch = next(file.iter_batches(batch_size=ROWS, columns=names), None)
        rows = [list(row.values()) for row in batch.to_pylist()] if batch is not None else []
        columns = [(each.name, str(each.type)) for each in schema[:COLUMNS]]
        return Preview(columns, len(schema[COLUMNS:]), [_texts(row) for row in rows], file.metadata.num_rows)


def _of_text(workspace: Storage, key: str, size: int) -> Preview:
    with refused(key, csv.Error, UnicodeDecodeError):
        lines = lines_of(workspace, key, size)
        names = next(lines, [])
        sample = list(islice(lines, SAMPLE))
    kinds = (
        "number" if are_numbers([row[at] for row in sample if at < len(row)]) else "text" for at in range(len(names))
    )
    columns = list(zip(names, kinds, strict=True))
    rows = [_texts(row[:COLUMNS]) for row in sample[:ROWS]]
    return Preview(columns[:COLUMNS], len(columns[COLUMNS:]), rows, len(sample) if len(sample) < SAMPLE else None)


def _texts(row: list[Any]) -> list[str]:
    return ["" if value is None else str(value)[:LONGEST] for value in row]
