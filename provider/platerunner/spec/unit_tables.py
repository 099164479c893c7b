"""Tables beside the spec whose rows make units: `foreach: {compound: {table: doses.csv}, dose: {table: doses.csv}}`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from platerunner.documents.problems import suggest
from platerunner.documents.source import find_file
from platerunner_unit.contract.delimited import BadTableError, read_table
from platerunner_unit.contract.patterns.wildcard_types import text_of


class UnitTableError(Exception):
    """A table can make no units; the message says why, `remedy` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message, self.remedy = message, remedy


class RowValues(tuple[str, ...]):
    """A wildcard's value in each row of a table: wildcards of one table go together, row by row.

    :ivar table: its name.
    """

    table: str

    @classmethod
    def of(cls, table: str, values: Sequence[str]) -> "RowValues":
        """The values of one column."""
        found = cls(values)
        found.table = table
        return found


def tables_of(own: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Name of a table to its wildcards, each with its column.

    :param own: what the spec says of the values of wildcards.
    """
    found: dict[str, dict[str, str]] = {}
    for name, values in own.items():
        if isinstance(values, Mapping) and "table" in values:
            found.setdefault(values["table"], {})[name] = values.get("column", name)
    return found


def read_values(folder: Path, table: str, columns: Mapping[str, str]) -> dict[str, RowValues]:
    """The values of wildcards, row by row; rows that are the same in all of them count once.

    :param folder: of the spec.
    :param columns: wildcard to its column.
    :raises UnitTableError: if the table cannot be read, or a row has no value that a unit can have.
    :raises platerunner.documents.source.NamedFileError: if it is not there.
    """
    header, rows = _read(find_file(folder, table, kind="file"), table)
    places = []
    for column in columns.values():
        if column not in header:
            raise UnitTableError(f"`{table}` has no column `{column}`", suggest(column, header, "columns"))
        places.append(header.index(column))
    found: dict[tuple[str, ...], None] = {}
    for line, cells in rows:
        values = tuple(cells[place].strip() if place < len(cells) else "" for place in places)
        _check(table, line, dict(zip(columns.values(), values, strict=True)))
        found[values] = None
    if not found:
        raise UnitTableError(f"`{table}` has no row below its header", "Add one for each unit.")
    return {name: RowValues.of(table, values) for name, values in zip(columns, zip(*found, strict=True), strict=True)}


def _check(table: str, line: int, cells: Mapping[str, str]) -> None:
    for column, value in cells.items():
        if not value:
            raise UnitTableError(f"`{table}`: line {line} has no `{column}`", "Fill it in, or delete the line.")
        try:
            text_of("text", value)
        except ValueError as error:
            remedy = "Write a name that may stand in a file's name."
            raise UnitTableError(f"`{table}`: line {line}, `{column}`: {error}", remedy) from None


def _read(path: Path, table: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and the rows with their lines."""
    try:
        header, rows = read_table(path.read_bytes())
        return header, list(rows)
    except BadTableError as error:
        remedy = f"{error.remedy[0].upper()}{error.remedy[1:]}."
        raise UnitTableError(error.of(f"`{table}`"), remedy) from None
