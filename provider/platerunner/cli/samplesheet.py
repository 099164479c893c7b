"""A samplesheet as labs have it: a row per file, or LoadData's row per image set."""

import gzip
import posixpath
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from platerunner.cli.console import fail
from platerunner_unit.contract.delimited import BadTableError, read_table

_PLACES = ("plate", "well", "site", "channel")
_ALIASES = {
    "plate": ("plate", "metadata_plate"),
    "well": ("well", "metadata_well"),
    "site": ("site", "metadata_site", "field"),
}
_PATHS = ("path", "file", "filename", "file_name", "image", "url", "uri")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A samplesheet as a dataset takes it.

    :param header: all of its columns.
    :param rows: its rows.
    :param path: column, or pattern of columns, with the files.
    :param columns: wildcard to column.
    :param channels: that it has, under its own names.
    :param root: what all paths begin with; empty if they are relative.
    """

    header: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    path: str
    columns: Mapping[str, str]
    channels: Sequence[str]
    root: str = ""
    others: Sequence[str] = field(default_factory=tuple)


def read_samplesheet(path: Path) -> Sheet:
    """Read a samplesheet, and see where it has what; one that does not do ends the command in a sentence.

    :param path: with commas, tabs or semicolons, perhaps with gzip.
    """
    header, rows = _read(path)
    if not rows:
        fail(f"{path} has no row. Write one for each file below the header.")
    return _wide(path, header, rows) or _tall(path, header, rows)


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The columns, and the rows by them."""
    try:
        content = path.read_bytes()
        header, lines = read_table(gzip.decompress(content) if path.suffix == ".gz" else content)
        rows = [_row(path, header, line, cells) for line, cells in lines]
    except BadTableError as error:
        fail(f"{error.of(str(path))}: {error.remedy}.")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        fail(f"{path} is no whole gzip file ({error}): copy it again.")
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}. Name a samplesheet.")
    return header, rows


def _row(path: Path, header: list[str], line: int, cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        fail(f"{path}: line {line} has {len(cells)} cells, the header {len(header)}. Fix the table.")
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name}


def _wide(path: Path, header: list[str], rows: list[dict[str, str]]) -> Sheet | None:
    """LoadData: an image set in each row."""
    for stem in ("URL_Orig", "FileName_Orig"):
        channels = [column.removeprefix(stem) for column in header if column.startswith(stem)]
        if channels:
            columns = _columns(path, header, ("plate", "well", "site"))
            folders = [f"PathName_Orig{channel}" for channel in channels]
            named = [column for column in (*folders, *(f"{stem}{channel}" for channel in channels)) if column in header]
            paths = [row[column] for row in rows for column in named[:1]]
            return Sheet(
                header, rows, f"{stem}{{channel}}", columns, channels, _root(paths), _others(header, columns, named)
            )
    return None


def _tall(path: Path, header: list[str], rows: list[dict[str, str]]) -> Sheet:
    """A file in each row."""
    columns = _columns(path, header, _PLACES)
    named = next((column for column in header if column.lower() in _PATHS), None)
    if named is None:
        fail(f"{path} has no column of files: call it `path`, or write LoadData's `FileName_Orig...`.")
    channels = list(dict.fromkeys(row[columns["channel"]] for row in rows))
    root = _root([row[named] for row in rows])
    return Sheet(header, rows, named, columns, channels, root, _others(header, columns, [named]))


def _columns(path: Path, header: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    lower = {column.lower(): column for column in header}
    found = {}
    for name in wanted:
        column = next((lower[alias] for alias in _ALIASES.get(name, (name,)) if alias in lower), None)
        if column is None:
            fail(f"{path} has no column `{name}`; it has {', '.join(header)}.")
        found[name] = column
    return found


def _others(header: Sequence[str], columns: Mapping[str, str], files: Sequence[str]) -> list[str]:
    known = {*columns.values(), *files}
    return [c for c in header if c not in known and not c.startswith(("URL_", "FileName_", "PathName_"))]


def _root(paths: Sequence[str]) -> str:
    """The folder that all paths have in common, if they do not begin at the samplesheet."""
    if not any("://" in path or path.startswith("/") for path in paths):
        return ""
    common = posixpath.commonprefix(list(paths))
    return common[: common.rfind("/")].rstrip("/")
