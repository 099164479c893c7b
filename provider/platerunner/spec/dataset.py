"""The raw files of a pipeline: file sets by pattern or table, what must be there, what is left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platerunner_unit.contract.patterns import Pattern, PatternError, Token, Value

_RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The values of a wildcard that must be there.

    :param values: as text; empty for those that there are.
    :param per: of those that there are, only what agrees in these wildcards counts; empty for all.
    """

    values: tuple[str, ...] = ()
    per: tuple[str, ...] = ()

    @property
    def is_reversed(self) -> bool:
        """Whether it was a range that ends before it begins."""
        return self.values == ("",)


def wanted_of(complete: Any) -> dict[str, Wanted]:
    """What `complete` says: wildcard to what must be there of it.

    :param complete: as in a spec: a list, or keys with values.
    """
    if not isinstance(complete, Mapping):
        return {name: Wanted() for name in complete or () if isinstance(name, str)}
    return {name: _wanted(said) for name, said in complete.items()}


def _wanted(said: Any) -> Wanted:
    if isinstance(said, list):
        return Wanted(tuple(said))
    numbers, _, group = said.partition("per ")
    if found := _RANGE.fullmatch(numbers.strip()):
        return Wanted(tuple(map(str, range(int(found[1]), int(found[2]) + 1))) or ("",))
    return Wanted((), tuple(re.split(", ?", group)) if group else ())


ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")


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


@dataclass(frozen=True, slots=True)
class FileSet:
    """A named set of raw files of the dataset.

    :param pattern: path pattern relative to the dataset's root.
    :param complete: wildcards whose every combination must exist, over the values that occur for the other wildcards; a
        combination without a file is an input that is missing.
    :param rename: wildcard to value in the file's name to the name that it goes by.
    :param derive: further wildcard to what it is made of.
    :param table: lists the files; None if their names follow from the pattern.
    :param wanted: of the wildcards of ``complete``, those of which not all values that occur have to be there.
    """

    name: str
    pattern: str
    complete: tuple[str, ...] = ()
    rename: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    derive: Mapping[str, str] = field(default_factory=dict)
    table: Table | None = None
    wanted: Mapping[str, Wanted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Files left out, with the reason.

    :param where: wildcard to value, as text; all must agree.
    :param because: for people.
    :param place: where it is written, for people: ``line 14 of cells.yaml``.
    """

    where: Mapping[str, str]
    because: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Where the raw files are and which of them count.

    :param root: URL or folder (templated).
    :param where: wildcard to value or list of values, as text (templated); an empty list means all.
    :param places: wildcard to where it is asked for, for people: ``line 12 of cells.yaml``.
    """

    root: str
    files: Mapping[str, FileSet]
    where: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[Exclusion, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
