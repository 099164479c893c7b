"""Reads a table that lists files: every row checked, each problem with its line."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from platerunner.documents.problems import suggest
from platerunner.documents.source import NamedFileError, find_file
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.raw_files.index_files import index_rows
from platerunner.engine.planning.raw_files.loaded_tables import LoadedTable
from platerunner.engine.planning.raw_files.table_rows import Image, Rows
from platerunner.engine.planning.where import Only
from platerunner.spec.dataset import Table
from platerunner.spec.file_patterns import TablePattern
from platerunner_unit.contract.delimited import BadTableError, read_table
from platerunner_unit.contract.storage import NotFoundError, Storage


def load_table(ref: str, table: Table, storage: Storage, only: Only) -> LoadedTable:
    """The files that a table names.

    :param ref: of the file set, for people.
    :param storage: the data root.
    :param only: the rows that are asked for; if there are none, all are read, to say which there are.
    :raises PlanningError: if the table is not there or cannot be read, or rows of it are of no use; it says which.
    """
    if table.record:
        return LoadedTable(table, *index_rows(ref, table, storage, only))
    what = f"{ref}: {table.name}"
    content = _content(what, table, storage)
    check = _rows_of(what, content, table, storage, only)
    if only and not check.files:
        check = _rows_of(what, content, table, storage, {})
    if not check.files:
        asked = ", ".join(f"{name} {value}" for name, value in table.rows.items())
        remedy = "Compare `rows` with the table." if asked else "Write a row for each file below the header."
        raise PlanningError(f"{what} has no row{f' with {asked}' if asked else ''}. {remedy}")
    return LoadedTable(table, check)


def _rows_of(what: str, content: bytes, table: Table, storage: Storage, only: Only) -> Rows:
    """The rows, each of them checked."""
    header, lines = (_read_parquet if table.name.endswith(".parquet") else _read)(what, content)
    if twice := next((name for index, name in enumerate(header) if name and name in header[:index]), None):
        raise PlanningError(f"{what} has two columns `{twice}`: give one of them another name")
    images = _images(what, header, TablePattern(table.name, table.path, table.columns))
    columns = {name: _column(what, header, name) for name in (*table.columns.values(), *table.rows)}
    check = Rows(table, header, images, columns, storage, only)
    for line, cells in lines:
        check.take(line, cells)
    check.refuse(what)
    return check


def _content(what: str, table: Table, storage: Storage) -> bytes:
    """What is in the table: of the one beside the spec, or else of the one under the root."""
    try:
        beside = _beside(what, table)
        content = storage.get(table.name) if beside is None else beside
    except NotFoundError:
        message = f"{what} is neither beside the spec ({table.folder}) nor under the root {storage.url}"
        raise PlanningError(f"{message}. Write its path from one of them.") from None
    if not table.name.endswith(".gz"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise PlanningError(f"{what} is no whole gzip file ({error}): copy it again") from None


def _beside(what: str, table: Table) -> bytes | None:
    """The table beside the spec; None if there is none."""
    try:
        return find_file(table.folder, table.name, kind="file").read_bytes()
    except NamedFileError as error:
        if error.code == "missing-file":
            return None
        raise PlanningError(f"{what}: {error}") from None
    except OSError as error:
        raise PlanningError(f"{what} cannot be read: {error.strerror}") from None


def _read(what: str, content: bytes) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header, and the rows with their lines."""
    try:
        header, lines = read_table(content)
    except BadTableError as error:
        raise PlanningError(f"{error.of(what)}: {error.remedy}") from None
    return header, _lines(what, lines)


def _lines(what: str, lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from lines
    except BadTableError as error:
        raise PlanningError(f"{error.of(what)}: {error.remedy}") from None


def _read_parquet(what: str, content: bytes) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header, and the rows with the lines that they would have in a CSV."""
    try:
        import pyarrow  # 100 MB, for those who have such tables
        from pyarrow import parquet
    except ImportError:
        extra = "`pip install 'airflow-provider-platerunner[parquet]'`"
        raise PlanningError(f"{what}: pyarrow is not installed. {extra}, or save the table as `.csv`") from None
    try:
        file = parquet.ParquetFile(pyarrow.BufferReader(content))
    except (pyarrow.ArrowException, OSError) as error:
        raise PlanningError(f"{what} is no whole Parquet file ({error}): write it again") from None
    return list(file.schema_arrow.names), _lines_of_parquet(what, file)


def _lines_of_parquet(what: str, file: Any) -> Iterator[tuple[int, list[str]]]:
    line = 2
    try:
        for batch in file.iter_batches():
            for cells in zip(*([_text(cell) for cell in column.to_pylist()] for column in batch.columns), strict=True):
                yield line, list(cells)
                line += 1
    except OSError as error:
        raise PlanningError(f"{what}: line {line}: {error}. Write it again") from None


def _text(cell: Any) -> str:
    """A cell as a CSV would have it; whole numbers that a library made fractions, to have room for gaps, are whole."""
    if cell is None or cell != cell:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _column(what: str, header: Sequence[str], name: str) -> int:
    if name not in header:
        raise PlanningError(f"{what} has no column `{name}`. {suggest(name, header, 'columns')}")
    return header.index(name)


def _images(what: str, header: Sequence[str], pattern: TablePattern) -> list[Image]:
    """The columns of files' names, each with that of the folder: beside `FileName_X` stands `PathName_X`."""
    found = []
    for index, name in enumerate(header):
        values = pattern.of_columns.match(name)
        if values is not None:
            folder = name.replace("FileName_", "PathName_", 1)
            beside = header.index(folder) if folder != name and folder in header else None
            found.append(Image(index, beside, tuple(str(values[each]) for each in pattern.of_columns.wildcards)))
    if not found and len(header) == 1:
        remedy = "Separate its columns by commas, tabs or semicolons"
        raise PlanningError(f"{what} has one column only, `{header[0]}`. {remedy}.")
    if not found:
        remedy = suggest(pattern.of_columns.text, header, "columns")
        raise PlanningError(f"{what} has no column `{pattern.of_columns.text}`. {remedy}")
    return found
