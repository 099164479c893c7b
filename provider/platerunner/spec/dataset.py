"""What a valid spec says of its raw files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platerunner.spec.completeness import Wanted
from platerunner.spec.tables import Table


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
