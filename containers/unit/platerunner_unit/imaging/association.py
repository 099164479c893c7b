"""Tables of association tests, as regenie and PLINK write them: read, checked, and put under each other."""

from __future__ import annotations

import gzip
import math
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from platerunner_unit.imaging.unit import DataError, File

GENOME_WIDE = -math.log10(5e-8)
"""Beyond it a variant is a hit: the customary limit for a million independent tests."""
MEDIAN_CHI2 = 0.4549364231195724
"""Of a chi-squared variable with one degree of freedom: lambda is the median of the tests' own, divided by it."""
SMALLEST_P = 5e-324
_CHROMS, _PLACES, _NAMES = ("#CHROM", "CHROM", "CHR"), ("GENPOS", "POS", "BP"), ("ID", "SNP")
_LOGS, _PS = ("LOG10P", "LOG10_P"), ("P",)
_ADDITIVE = "ADD"
_NONE = frozenset({"NA", "nan", "NaN", "."})


class Hit(NamedTuple):
    """A variant and its p.

    :param log10p: its negative logarithm.
    """

    log10p: float
    chrom: str
    place: int
    name: str


@dataclass
class Tests:
    """The tests of one trait, without those that gave no p.

    :param chroms: names, in the order of their first rows.
    :param best: of each of them.
    :param rows: that the tables have, whatever they hold.
    """

    chroms: list[str] = field(default_factory=list)
    chrom: array[int] = field(default_factory=lambda: array("h"))
    place: array[int] = field(default_factory=lambda: array("q"))
    log10p: array[float] = field(default_factory=lambda: array("f"))
    best: list[Hit] = field(default_factory=list)
    rows: int = 0

    def add(self, hit: Hit) -> None:
        """Keep a test."""
        if not self.chroms or self.chroms[-1] != hit.chrom:
            self._begin(hit.chrom)
        self.chrom.append(len(self.chroms) - 1)
        self.place.append(hit.place)
        self.log10p.append(hit.log10p)
        if hit > self.best[-1]:
            self.best[-1] = hit

    def _begin(self, chrom: str) -> None:
        if chrom in self.chroms:
            raise DataError(f"the rows of chromosome {chrom} do not stand together: give a table for each, in order")
        self.chroms.append(chrom)
        self.best.append(Hit(-1.0, chrom, 0, ""))

    def arrays(self) -> tuple[NDArray[np.int16], NDArray[np.int64], NDArray[np.float32]]:
        """Index of the chromosome, position, and negative logarithm of p."""
        return np.array(self.chrom, np.int16), np.array(self.place, np.int64), np.array(self.log10p, np.float32)

    def summary(self) -> dict[str, Any]:
        """Numbers for people and for checks: how many tests, lambda, how many hits, and the best of each chromosome."""
        values = np.array(self.log10p, np.float32)
        return {
            "tests": len(values),
            "without_p": self.rows - len(values),
            "lambda": round(inflation(values), 4),
            "hits": int((values > GENOME_WIDE).sum()),
            "best": [
                {"name": hit.name, "chrom": hit.chrom, "place": hit.place, "log10p": round(hit.log10p, 3)}
                for hit in sorted(self.best, reverse=True)
            ],
        }


def inflation(log10p: NDArray[np.float32]) -> float:
    """Lambda of genomic control: near 1 where most variants have no effect and the model holds.

    Devlin and Roeder, Biometrics 55 (1999) 997.
    """
    from scipy.special import ndtri

    median = float(np.median(log10p))
    return float(ndtri(10**-median / 2) ** 2) / MEDIAN_CHI2


@dataclass(frozen=True)
class _Columns:
    """Where a table has what.

    :param is_log: whether ``p`` is the negative logarithm already.
    :param test: the column that names the test of a row; None if there is one test alone.
    """

    chrom: int
    place: int
    name: int
    p: int
    is_log: bool
    test: Optional[int]
    width: int

    @classmethod
    def of(cls, header: Sequence[str], path: Path) -> _Columns:
        """Find them.

        :raises DataError: if some are missing.
        """
        is_log = any(name in header for name in _LOGS)
        found = [_place(header, names) for names in (_CHROMS, _PLACES, _NAMES, _LOGS if is_log else _PS)]
        if None in found:
            raise DataError(
                f"{path.name}: line 1 is no header of association tests: it needs a column for the chromosome (CHROM), "
                f"the position (GENPOS, POS, BP), the variant (ID, SNP) and p (LOG10P, P), and has {', '.join(header)}"
            )
        chrom, place, name, p = (each for each in found if each is not None)
        return cls(chrom, place, name, p, is_log, _place(header, ("TEST",)), len(header))

    def read(self, fields: Sequence[str]) -> Optional[Hit]:
        """The test of a row; None if it has no p, or is of another test than that of the variant's own effect.

        :raises ValueError: if a number cannot be read, or cannot be one of these.
        """
        if len(fields) != self.width:
            raise ValueError(f"{len(fields)} columns, where the header has {self.width}")
        if fields[self.p] in _NONE or (self.test is not None and fields[self.test] != _ADDITIVE):
            return None
        p, place = _number(fields[self.p]), _number(fields[self.place])
        return Hit(self._log10p(p), fields[self.chrom], int(place), fields[self.name])

    def _log10p(self, value: float) -> float:
        if self.is_log and 0 <= value < math.inf:
            return value
        if not self.is_log and 0 <= value <= 1:
            return -math.log10(max(value, SMALLEST_P))
        raise ValueError(f"{value:g} is no {'negative logarithm of a ' if self.is_log else ''}p")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"`{text}` is no number") from None


def _place(header: Sequence[str], names: Sequence[str]) -> Optional[int]:
    return next((header.index(name) for name in names if name in header), None)


def read_tests(files: Sequence[File], merged: Optional[Path]) -> Tests:
    """Read the tables of a trait, and put them under each other.

    :param files: in the order of their chromosomes.
    :param merged: where to write all rows under one header, packed if it ends in ``.gz``; None for nowhere.
    :raises DataError: if one is no such table, has other columns than the first, or none has a p.
    """
    tests, first = Tests(), None
    with _writer(merged) as out:
        for file in files:
            lines = _lines(file.path)
            header = next(lines, "")
            if first is None:
                first = header.split()
                _write(out, header)
            elif header.split() != first:
                raise DataError(f"{file.path.name} has other columns than {files[0].path.name}")
            _read_rows(tests, file.path, _Columns.of(header.split(), file.path), lines, out)
    if not tests.log10p:
        raise DataError("no test has a p: look at the steps before")
    return tests


def _read_rows(tests: Tests, path: Path, columns: _Columns, lines: Iterator[str], out: Optional[IO[str]]) -> None:
    number = 1
    for line in lines:
        number += 1
        fields = line.split()
        if not fields:
            continue
        _write(out, line)
        tests.rows += 1
        try:
            if (hit := columns.read(fields)) is not None:
                tests.add(hit)
        except (ValueError, DataError) as error:
            raise DataError(f"{path.name}: line {number}: {error}") from None


def _lines(path: Path) -> Iterator[str]:
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
            for line in stream:
                yield line.rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} cannot be read: {error}") from None


@contextmanager
def _writer(path: Optional[Path]) -> Iterator[Optional[IO[str]]]:
    """A text file to be written, packed or not; None if there is no path."""
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", compresslevel=6) if path.suffix == ".gz" else path.open("w") as out:
        yield out


def _write(out: Optional[IO[str]], line: str) -> None:
    if out is not None:
        out.write(f"{line}\n")
