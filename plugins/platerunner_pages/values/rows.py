"""Columns of a table: of Parquet those alone that are asked for, of CSV line by line; none lies whole in memory."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from platerunner_pages.values.problems import ValuesError
from platerunner_pages.values.ranged import opened
from platerunner_unit.contract.storage import Storage

PARQUET = (".parquet",)
TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
SUFFIXES = (*PARQUET, *TEXT)
"""What is read as a table."""
SAMPLE = 200
"""Lines of a CSV that show which columns hold numbers."""
BLOCK = 1024**2
NO_PYARROW = (
    "Parquet is read with pyarrow: install `airflow-plugin-platerunner[values]` where Airflow's API server runs."
)
Batch = list[list[Any]]
"""Some rows of the columns that were asked for, column by column."""


def columns_of(workspace: Storage, key: str, size: int) -> tuple[list[str], list[str]]:
    """All columns of a table, and those of them that hold numbers.

    :raises ValuesError: if it is no table, or what reads it is not installed.
    """
    if key.lower().endswith(PARQUET):
        with parquet_file(workspace, key, size) as file:
            schema = file.schema_arrow
        return schema.names, [each.name for each in schema if _is_number(each.type)]
    with refused(key, csv.Error, UnicodeDecodeError):
        rows = lines_of(workspace, key, size)
        names = next(rows, [])
        sample = [row for row, _ in zip(rows, range(SAMPLE), strict=False) if len(row) == len(names)]
    return names, [name for at, name in enumerate(names) if are_numbers([row[at] for row in sample])]


def read_columns(workspace: Storage, key: str, size: int, numbers: str, texts: Sequence[str]) -> Iterator[Batch]:
    """A column of numbers with columns of text beside it; numbers that are missing are None.

    :param numbers: the column.
    :param texts: other columns, which are taken as text.
    :raises ValuesError: if it cannot be read.
    """
    if key.lower().endswith(PARQUET):
        yield from _from_parquet(workspace, key, size, [numbers, *texts])
    elif (arrow := _arrow_csv()) is not None:
        yield from _from_csv_fast(arrow, workspace, key, size, numbers, texts)
    else:
        yield from _from_csv(workspace, key, size, numbers, texts)


@contextmanager
def parquet_file(workspace: Storage, key: str, size: int) -> Iterator[Any]:
    """A table as pyarrow reads it.

    :raises ValuesError: if it cannot be read, also within the block, or pyarrow is not installed.
    """
    pyarrow, parquet = _pyarrow()
    with refused(key, pyarrow.ArrowException):
        yield parquet.ParquetFile(opened(workspace, key, size))


def _from_parquet(workspace: Storage, key: str, size: int, columns: list[str]) -> Iterator[Batch]:
    with parquet_file(workspace, key, size) as file:
        for batch in file.iter_batches(columns=columns, batch_size=65_536):
            first, *rest = (batch.column(name).to_pylist() for name in columns)
            yield [first, *([_text(value) for value in column] for column in rest)]


def _from_csv_fast(
    arrow: Any, workspace: Storage, key: str, size: int, numbers: str, texts: Sequence[str]
) -> Iterator[Batch]:
    pyarrow, csv_ = arrow
    kinds = {numbers: pyarrow.float64(), **dict.fromkeys(texts, pyarrow.string())}
    with refused(key, pyarrow.ArrowException):
        reader = csv_.open_csv(
            opened(workspace, key, size),
            read_options=csv_.ReadOptions(block_size=BLOCK, use_threads=False),
            parse_options=csv_.ParseOptions(delimiter=_delimiter(key)),
            convert_options=csv_.ConvertOptions(include_columns=[numbers, *texts], column_types=kinds),
        )
        for batch in reader:
            yield [column.to_pylist() for column in batch.columns]


def _from_csv(workspace: Storage, key: str, size: int, numbers: str, texts: Sequence[str]) -> Iterator[Batch]:
    """Read a CSV table without pyarrow."""
    with refused(key, csv.Error, UnicodeDecodeError, ValueError):
        rows = lines_of(workspace, key, size)
        names = next(rows, [])
        number, *others = (names.index(each) for each in (numbers, *texts))
        for row in rows:
            if len(row) == len(names):
                yield [[_number(row[number])], *([row[at]] for at in others)]


def lines_of(workspace: Storage, key: str, size: int) -> Iterator[list[str]]:
    """The lines of a CSV, its head first, as text."""
    text = io.TextIOWrapper(opened(workspace, key, size), encoding="utf-8-sig", newline="")
    return csv.reader(text, delimiter=_delimiter(key))


def _delimiter(key: str) -> str:
    return "\t" if ".tsv" in key.lower() else ","


def _number(text: str) -> float | None:
    """A number as text; None for what stands for a missing one."""
    return None if text.strip().lower() in ("", "na", "n/a", "null", "none") else float(text)


def are_numbers(texts: Sequence[str]) -> bool:
    """Whether a column holds numbers, as far as a sample of it tells."""
    try:
        return any(_number(text) is not None for text in texts)
    except ValueError:
        return False


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _is_number(kind: Any) -> bool:
    pyarrow, _ = _pyarrow()
    return bool(pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ValuesError(NO_PYARROW) from None
    return pyarrow, parquet


def _arrow_csv() -> tuple[Any, Any] | None:
    try:
        import pyarrow
        from pyarrow import csv as csv_
    except ImportError:
        return None
    return pyarrow, csv_


@contextmanager
def refused(key: str, *kinds: type[Exception]) -> Iterator[None]:
    """What a library says of a table that it cannot read, as a sentence of ours."""
    try:
        yield
    except kinds as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValuesError(f"{key} cannot be read as a table: {said}") from None
