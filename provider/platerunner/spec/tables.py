"""File sets that a table lists: a LoadData CSV, a samplesheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platerunner_unit.contract.patterns import Pattern, PatternError, Token, Value

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


@dataclass(frozen=True, slots=True)
class Table:
    """A table that lists the files of a file set.

    :param name: its path from the spec's folder, or from the dataset's root.
    :param folder: of the spec.
    :param path: the column of the files' names, or a pattern of such columns.
    :param columns: wildcard to the column of its values.
    :param rows: column to the value of the rows that count.
    :param prefix: what names begin with in the table to what they begin with under the root.
    :param record: of indexes that a microscope wrote, the XML element that is a row and the one around it, like
        ``Images/Image``; then ``name`` is a pattern.
    """

    name: str
    folder: Path
    path: str
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    prefix: Mapping[str, str] = field(default_factory=dict)
    record: str = ""


class TablePattern(Pattern):
    """What is known of a table's files before it is read: their wildcards, and that any key may be one of them.

    :param name: of the table.
    :param path: the column of the files' names, or a pattern of such columns.
    :param columns: wildcard to the column of its values.
    :raises PatternError: if the column cannot be read, or has a wildcard that is a column of its own.
    """

    def __init__(self, name: str, path: str, columns: Mapping[str, str]) -> None:
        self.of_columns = Pattern.parse(path)
        twice = next((wildcard for wildcard in self.of_columns.wildcards if wildcard in columns), None)
        if twice:
            raise PatternError(f"`{{{twice}}}` is in the columns' names and has a column of its own", 1, twice)
        super().__init__((Token("glob", "**", 1),), dict.fromkeys((*columns, *self.of_columns.wildcards), "text"))
        self.name = name
        self._definition = (name, path, dict(columns))

    def match(self, key: str) -> dict[str, Value] | None:
        """None: the rows tell, not the key."""
        del key
        return None

    def partial(self, values: Mapping[str, Any]) -> Pattern:
        """What a file is called of which there is no row."""
        told = ", ".join(f"{name} {values[name]}" for name in self.wildcards if name in values)
        return Pattern((Token("literal", f"{self.name} (no row of {told})", 1),), {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TablePattern) and self._definition == other._definition

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[object, ...]:
        return TablePattern, self._definition
