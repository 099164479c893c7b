"""Reads a table that lists files: every row checked, each problem with its line."""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import combinations
from typing import Any, NamedTuple

from platerunner.documents.problems import suggest
from platerunner.documents.source import NamedFileError, find_file
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.raw_files.index_files import index_rows
from platerunner.engine.planning.raw_files.table_rows import Image, Row, Rows
from platerunner.engine.planning.where import Only, is_asked_for
from platerunner.spec.dataset import FileSet, Table
from platerunner.spec.derived import bare_of
from platerunner.spec.file_patterns import TablePattern
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern, Value
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.words import and_more

_DELIMITERS = (",", "\t", ";")


class LoadedTable(TablePattern):
    """A table's files by their keys.

    :param table: as the spec says it.
    :param rows: of the files, by their keys.
    """

    def __init__(self, table: Table, rows: Mapping[str, Row]) -> None:
        super().__init__(table.name, table.path, table.columns)
        self._rows = rows

    def match(self, key: str) -> dict[str, Value] | None:
        """The values of a file that the table names."""
        row = self._rows.get(key)
        return None if row is None else dict(zip(self.wildcards, row.values, strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    def shared(self, other: "LoadedTable") -> list[str]:
        """The files that another table names, too."""
        return [key for key in self._rows if other.has(key)]

    def has(self, key: str) -> bool:
        """Whether it names a file."""
        return key in self._rows

    def none_there(self, root: str) -> str:
        """Says that no file is there, as a sentence."""
        key, row = next(iter(self._rows.items()))
        return (
            f"none of the {len(self):,} files that {self.name} names is under {root}, such as `{key}` "
            f"(line {row.line}); say in `prefix` what names begin with there, or give another root"
        )

    def folders(self, only: Only) -> set[str]:
        """The folders of the files that are asked for."""
        keys = (key for key, _, _ in self.asked_for(only)) if only else self._rows
        return {key[: key.rfind("/") + 1] for key in keys}

    def asked_for(self, only: Only) -> Iterator[tuple[str, dict[str, Any], int]]:
        """Key, values and line of the files that are asked for."""
        for key, row in self._rows.items():
            values = dict(zip(self.wildcards, row.values, strict=True))
            if is_asked_for(values, only):
                yield key, values, row.line


def overlap_notes(step: str, patterns: Mapping[str, Pattern]) -> list[str]:
    """Says which files two tables of a step both name, so that its units get them twice.

    :param patterns: input name to the pattern of its file set.
    """
    tables = {name: bare for name, each in patterns.items() if isinstance(bare := bare_of(each), LoadedTable)}
    notes = []
    for one, other in combinations(tables, 2):
        files = tables[one].shared(tables[other]) if tables[one].name != tables[other].name else []
        if files:
            names = f"{tables[one].name} and {tables[other].name}"
            said = f"{len(files):,} file{'s are' if len(files) > 1 else ' is'} in both {names}, such as `{files[0]}`"
            notes.append(f"{step}: {said}: units get each as `{one}` and as `{other}`")
    return notes


def load_table(ref: str, table: Table, storage: Storage) -> LoadedTable:
    """The files that a table names.

    :param ref: of the file set, for people.
    :param storage: the data root.
    :raises PlanningError: if the table is not there or cannot be read, or rows of it are of no use; it says which.
    """
    if table.record:
        return LoadedTable(table, index_rows(ref, table, storage))
    what = f"{ref}: {table.name}"
    read = _read_parquet if table.name.endswith(".parquet") else _read
    header, lines = read(what, _content(what, table, storage))
    if twice := next((name for index, name in enumerate(header) if name in header[:index]), None):
        raise PlanningError(f"{what} has two columns `{twice}`: give one of them another name")
    pattern = TablePattern(table.name, table.path, table.columns)
    images = _images(what, header, pattern)
    columns = {name: _column(what, header, name) for name in (*table.columns.values(), *table.rows)}
    check = Rows(table, header, images, columns, storage)
    for line, cells in lines:
        check.take(line, cells)
    check.refuse(what)
    if not check.files:
        asked = ", ".join(f"{name} {value}" for name, value in table.rows.items())
        remedy = "Compare `rows` with the table." if asked else "Write a row for each file below the header."
        raise PlanningError(f"{what} has no row{f' with {asked}' if asked else ''}. {remedy}")
    return LoadedTable(table, check.files)


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
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PlanningError(f"{what}: line {line} is no UTF-8: save the table as `CSV UTF-8`") from None
    first = text.partition("\n")[0]
    if "\0" in text or not first.strip():
        raise PlanningError(
            f"{what} {'is no text' if first.strip() else 'begins with no header'}: save the table as `CSV UTF-8`"
        )
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return [name.strip() for name in next(reader)], _lines(what, reader)


def _lines(what: str, reader: Any) -> Iterator[tuple[int, list[str]]]:
    line = reader.line_num + 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise PlanningError(f"{what}: line {line}: {error}") from None


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


class Lost(NamedTuple):
    """A file that a table names and nobody has.

    :param line: of the table.
    """

    file: InputFile
    line: int


def lost_rows(pattern: Pattern, there: Files, only: Only) -> list[Lost]:
    """The files that are asked for, named by a table, and not there; none if no table lists them.

    :param pattern: of a file set.
    :param there: what was found of it.
    """
    table = bare_of(pattern)
    if not isinstance(table, LoadedTable) or len(there) == len(table):
        return []
    keys = {file.key for file in there}
    named = ((key, pattern.completed(values), line) for key, values, line in table.asked_for(only) if key not in keys)
    return [
        Lost(InputFile(key, "data", values=dict(values)), line)
        for key, values, line in named
        if is_asked_for(values, only)
    ]


def without_rows(missing: Iterable[InputFile], lost: Iterable[Lost], pattern: Pattern) -> list[InputFile]:
    """The files that should be there, without those that have a row and so a name."""
    named = {tuple([str(row.file.values[name]) for name in pattern.wildcards]) for row in lost}
    return [file for file in missing if tuple([str(file.values[name]) for name in pattern.wildcards]) not in named]


def lost_note(files: FileSet, lost: Sequence[Lost]) -> tuple[str, ...]:
    """Says which files a table names and nobody has; nothing if none is missing."""
    if not lost or files.table is None:
        return ()
    shown = ", ".join(f"`{row.file.key}` (line {row.line})" for row in lost[:3]) + and_more(len(lost) - 3)
    return (f"dataset.{files.name}: {len(lost):,} of the files that {files.table.name} names are not there: {shown}",)
