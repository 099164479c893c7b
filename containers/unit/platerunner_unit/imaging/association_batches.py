"""association-batches: the variants or samples of a table as lists of so many, a file for each job to follow."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Optional

import numpy as np

from platerunner_unit.imaging.unit import DataError, Unit

UNNAMED = "."
MOST = 1_000_000_000
_SAMPLE_HEADER_LINES = 2


def run(unit: Unit) -> None:
    """Write ``batch_1.txt``, ``batch_2.txt`` and so on: names of variants for ``--extract``, or samples for ``--keep``.

    Rows of one name that stand together stay together, since a list of names cannot tell them apart.

    :param unit: input ``table`` (``.pvar``, ``.bim`` or ``.bgi`` for variants; ``.psam``, ``.fam`` or ``.sample`` for
        samples); parameter ``size``, the rows of a batch.
    :raises DataError: if the table cannot be read, is empty, or has rows that a list of names cannot tell apart.
    """
    table, *others = [file.path for file in unit.files("table")]
    if others:
        raise DataError(f"{unit.name}: `table` is one file, not {len(others) + 1}; give a unit one table each")
    size = int(unit.number("size", 0, 1, MOST))
    folder = unit.out or Path()
    folder.mkdir(parents=True, exist_ok=True)
    _check_apart(table, _write(_names(table), size, folder))


def _write(names: Iterator[str], size: int, folder: Path) -> array[int]:
    """Write the batches; a hash for each name that another stood before."""
    number, room, hashes = 0, 0, array("q")
    stream = None
    try:
        for name, rows in groupby(names):
            if stream is None or room <= 0:
                if stream:
                    stream.close()
                number, room = number + 1, size
                stream = (folder / f"batch_{number}.txt").open("w", encoding="utf-8", newline="\n")
            stream.write(f"{name}\n")
            room -= sum(1 for _ in rows)
            hashes.append(hash(name))
    finally:
        if stream:
            stream.close()
    return hashes


def _check_apart(table: Path, hashes: array[int]) -> None:
    if not hashes:
        raise DataError(f"{table.name} names nothing: there is no row below its header")
    found, counts = np.unique(np.frombuffer(hashes, np.int64), return_counts=True)
    twice = set(found[counts > 1].tolist())
    if twice:
        name = next(name for name in _names(table) if hash(name) in twice)
        raise DataError(
            f"{table.name} has `{name}` in rows that do not stand together, so that no list of names tells them apart; "
            "give variants names of their own, as `plink2 --set-all-var-ids @:#:$r:$a` does"
        )


def _names(table: Path) -> Iterator[str]:
    """What each row is called, as programs want it in a list."""
    reader = _READERS.get(table.suffix)
    if reader is None:
        known = ", ".join(_READERS)
        raise DataError(
            f"{table.name} is no table of variants or samples that is known here: {known}; unpack packed ones"
        )
    for name in reader(table):
        if name == UNNAMED:
            raise DataError(
                f"{table.name} has variants without a name (`.`), which no list can pick; "
                "name them, as `plink2 --set-missing-var-ids @:#:$r:$a` does"
            )
        yield name


def _rows(path: Path, columns: int) -> Iterator[list[str]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                fields = line.split(None, columns)[:columns] if not line.startswith("##") else []
                if fields and len(fields) < columns:
                    raise DataError(f"{path.name}, line {number}: fewer than {columns} columns")
                if fields:
                    yield fields
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is no text ({error.reason} at byte {error.start:,}); unpack it if it is packed"
        ) from error


def _pvar(path: Path) -> Iterator[str]:
    """A header with ``#CHROM``, or none: then the columns are those of a BIM."""
    place: Optional[int] = None
    for fields in _rows(path, 3):
        if fields[0] == "#CHROM":
            place = 2
        else:
            yield fields[1 if place is None else place]


def _bim(path: Path) -> Iterator[str]:
    return (fields[1] for fields in _rows(path, 3))


def _bgi(path: Path) -> Iterator[str]:
    """The index that bgenix makes of a BGEN, which is a database of SQLite."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as index:
            for (name,) in index.execute("SELECT rsid FROM Variant ORDER BY file_start_position"):
                yield str(name)
    except sqlite3.Error as error:
        raise DataError(f"{path.name} is no index of a BGEN ({error}); make it again with `bgenix -index`") from error


def _psam(path: Path) -> Iterator[str]:
    """Family and person where the header has both, else the person."""
    columns = 2
    for fields in _rows(path, 1):
        if fields[0] == "#IID":
            columns = 1
        break
    return ("\t".join(fields) for fields in _rows(path, columns) if not fields[0].startswith("#"))


def _fam(path: Path) -> Iterator[str]:
    return ("\t".join(fields) for fields in _rows(path, 2))


def _sample(path: Path) -> Iterator[str]:
    """Below two lines of header."""
    return ("\t".join(fields) for number, fields in enumerate(_rows(path, 2)) if number >= _SAMPLE_HEADER_LINES)


_READERS: dict[str, Callable[[Path], Iterator[str]]] = {
    ".pvar": _pvar, ".bim": _bim, ".bgi": _bgi, ".psam": _psam, ".fam": _fam, ".sample": _sample,
}  # fmt: skip
