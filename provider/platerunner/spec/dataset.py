"""The raw files of a pipeline, frozen: file sets by pattern or table, what must be there, what is left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platerunner.spec.forms import Wanted


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


@dataclass(frozen=True, slots=True)
class FileSet:
    """A named set of raw files of the dataset.

    :param pattern: path pattern relative to the dataset's root.
    :param complete: wildcards whose every combination must exist, over the values that occur for the other wildcards; a
        combination without a file is an input that is missing.
    :param rename: wildcard to value in the file's name to the name that replaces it.
    :param derive: name of a further wildcard to the formula that makes it.
    :param table: lists the files; None if their names follow from the pattern.
    :param wanted: the wildcards of ``complete`` for which only some of the values that occur have to be there.
    :param folder: whether each is a folder that is one thing, such as an OME-Zarr.
    :param planes: of files with several, axis to its values; None for all that a file has.
    """

    name: str
    pattern: str
    complete: tuple[str, ...] = ()
    rename: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    derive: Mapping[str, str] = field(default_factory=dict)
    table: Table | None = None
    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    folder: bool = False
    planes: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


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
class Restore:
    """How raw files in an archive of S3 are brought back before steps read them.

    :param tier: ``bulk``, ``standard`` or ``expedited``.
    :param days: for which the copies stay.
    :param timeout: seconds from a step's first request, after which it fails.
    :param ask_above: USD above which somebody is asked; None to ask nobody.
    """

    tier: str
    days: int
    timeout: float
    ask_above: float | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """Where the raw files are and which of them count.

    :param root: URL or folder (templated).
    :param where: wildcard to value or list of values, as text (templated); an empty list means all.
    :param places: wildcard to where it is asked for, for people: ``line 12 of cells.yaml``.
    :param restore: None to refuse what is archived.
    """

    root: str
    files: Mapping[str, FileSet]
    where: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[Exclusion, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    restore: Restore | None = None
