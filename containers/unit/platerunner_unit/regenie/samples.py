"""Tables of phenotypes and covariates before the start: regenie and PLINK 1.9 cut `1,5` at its comma and end with 0."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MISSING = {"NA", "nan", "NaN", "."}
REGENIE = (("FID", "IID"),)


class TableError(Exception):
    """The table cannot be what it is meant to be; the message is a clause that begins with the file's name."""


@dataclass(frozen=True)
class SampleTable:
    """A table with a row a sample.

    :param columns: names, without FID and IID.
    :param samples: FID and IID of each row.
    """

    columns: tuple[str, ...]
    samples: tuple[tuple[str, str], ...]


def read_table(
    path: Path,
    names: Collection[str] = (),
    text: Collection[str] = (),
    begins: Sequence[tuple[str, ...]] = REGENIE,
) -> SampleTable:
    """Read a table of phenotypes or covariates, and look at each value of the columns that are used.

    :param path: with a header.
    :param names: columns that are used; empty for all.
    :param text: columns that may hold text (``--catCovarList``).
    :param begins: how the header may begin; without a family a sample's is 0.
    :raises TableError: if the program could not read it rightly.
    """
    rows = _rows(path)
    number, header = next(rows, (1, []))
    upper = tuple(name.upper() for name in header[:2])
    begin = next((begin for begin in begins if upper[: len(begin)] == begin), None)
    if begin is None:
        ways = ", or with ".join(" and ".join(begin) for begin in begins)
        raise TableError(f"{path.name}, line {number}: the header does not begin with {ways}")
    columns = header[len(begin) :]
    twice = next((name for at, name in enumerate(columns) if name in columns[:at]), None)
    if twice is not None:
        raise TableError(f"{path.name}: two columns are called {twice}, and both would be taken for it")
    missing = [name for name in names if name not in columns]
    if missing:
        raise TableError(f"{path.name} has no column {', '.join(missing)}")
    used = {name for name in names or columns if name not in text}
    return SampleTable(tuple(columns), tuple(_samples(path.name, header, rows, used, len(begin))))


def read_people(path: Path) -> list[tuple[str, str]]:
    """FID and IID of each sample of genotypes, without a family 0.

    :param path: a FAM or ``.sample``, or a PSAM with its header.
    """
    rows = [fields for _, fields in _rows(path) if not fields[0].startswith("##")]
    if path.suffix == ".sample":
        rows = rows[2:]
    ids = 1 if rows and rows[0][0].upper() == "#IID" else 2
    return [(fields[0] if ids > 1 else "0", fields[ids - 1]) for fields in rows if not fields[0].startswith("#")]


def _samples(
    name: str, header: Sequence[str], rows: Iterator[tuple[int, list[str]]], numbers: Collection[str], ids: int
) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for number, fields in rows:
        if len(fields) != len(header):
            raise TableError(f"{name}, line {number}: {len(fields)} columns, where the header has {len(header)}")
        for column, value in zip(header, fields):  # noqa: B905 (Python 3.9 has no strict; the lengths were compared)
            if column in numbers and not _is_number(value):
                comma = "; numbers have points, and the program would cut it at the comma" if "," in value else ""
                raise TableError(f"{name}, line {number}: `{value}` of {column} is no number{comma}")
        sample = (fields[0] if ids > 1 else "0", fields[ids - 1])
        if sample in seen:
            raise TableError(f"{name}, line {number}: sample {sample[1]} is there twice")
        seen.add(sample)
        yield sample


def _is_number(value: str) -> bool:
    if value in MISSING:
        return True
    try:
        float(value)
    except ValueError:
        return False
    return "_" not in value  # Python reads 1_5


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line.split()
