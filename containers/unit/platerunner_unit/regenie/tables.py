"""What regenie or PLINK wrote, as it lies there: rows, ends and chromosomes of each output."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.regenie import RegenieOutput

TABLES = (".regenie", ".loco", "_pred.list", ".snplist", ".master")
PLINK = re.compile(r"\.(?:glm\.(?:linear|logistic|logistic\.hybrid|firth)|q?assoc|assoc\.(?:linear|logistic|fisher))$")
"""What names of PLINK's tables of tests end in, whose rows may be several for a variant: one for each covariate."""


def measure(name: str, path: Path, traits: Sequence[str]) -> RegenieOutput:
    """Read an output from its first line to its last.

    :param name: what to call it.
    :param path: where it should be.
    :param traits: all of them.
    """
    trait = trait_of(name, traits)
    if not path.is_file():
        return RegenieOutput(name, trait)
    size = path.stat().st_size
    if not (name.removesuffix(".gz").endswith(TABLES) or PLINK.search(name)) or not size:
        return RegenieOutput(name, trait, size)
    plink = PLINK.search(name) is not None
    counted = (_Variants if plink else _Counted)(header=not name.endswith((".list", ".snplist", ".master")))
    try:
        for line in _lines(path):
            counted.add(line)
    except (EOFError, OSError, zlib.error):
        counted.whole = False
    loco = name.removesuffix(".gz").endswith(".loco")
    return RegenieOutput(
        name,
        trait,
        size,
        counted.rows,
        counted.whole,
        counted.columns,
        tuple(counted.chromosomes),
        (loco or plink) and counted.nan,
    )


class _Counted:
    """What a table tells line by line."""

    def __init__(self, *, header: bool) -> None:
        self.rows, self.whole, self.nan = 0, True, False
        self.columns: Optional[int] = None
        self.chromosomes: dict[str, None] = {}
        self._header, self._chromosome = header, -1

    def add(self, line: bytes) -> None:
        """The next one."""
        fields = line.split()
        if not line.startswith(b"##"):
            if self._header:
                self._read_header(fields)
            else:
                self._read_row(fields)
        self.whole = line.endswith(b"\n") and (self.columns is None or len(fields) == self.columns or not self.rows)

    def _read_header(self, fields: list[bytes]) -> None:
        self._header, self.columns = False, len(fields)
        self._chromosome = 0 if fields[:1] in ([b"CHROM"], [b"#CHROM"], [b"CHR"]) else -1

    def _read_row(self, fields: list[bytes]) -> None:
        self.rows += 1
        if self._chromosome >= 0 and fields:
            self.chromosomes[fields[0].decode(errors="replace")] = None
        self.nan = self.nan or b"nan" in fields or b"-nan" in fields


class _Variants(_Counted):
    """A table of PLINK: its rows are variants, and it is ``nan`` if no test has a p-value."""

    def __init__(self, *, header: bool) -> None:
        super().__init__(header=header)
        self._last: tuple[bytes, ...] = ()
        self._tests: set[bytes] = set()
        self._allele = self._test = self._p = -1

    def _read_header(self, fields: list[bytes]) -> None:
        super()._read_header(fields)
        self.nan = True
        self._allele, self._test, self._p = (fields.index(n) if n in fields else -1 for n in (b"A1", b"TEST", b"P"))

    def _read_row(self, fields: list[bytes]) -> None:
        before = self.rows
        super()._read_row(fields)
        variant, test = (
            tuple(fields[:3]),
            b" ".join(fields[at] for at in (self._allele, self._test) if 0 <= at < len(fields)),
        )
        if before and variant == self._last and test not in self._tests:
            self.rows = before  # of a covariate, or of another allele
        else:
            self._last, self._tests = variant, set()
        self._tests.add(test)
        self.nan = self.nan and self._p >= 0 and fields[self._p : self._p + 1] in ([b"NA"], [b"nan"])


def _lines(path: Path) -> Iterator[bytes]:
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            yield from file
    else:
        with path.open("rb") as file:
            yield from file


def trait_of(name: str, traits: Sequence[str]) -> str:
    """The trait whose results a file holds; empty for one of all traits.

    :param name: such as ``out/s2_Y1.regenie.gz``.
    :param traits: that there may be; of two that fit, the longer one counts.
    """
    plink = PLINK.search(name)
    stem = name[: plink.start()] if plink else name.split(".regenie")[0]
    fits = [trait for trait in traits if stem.endswith(f".{trait}" if plink else f"_{trait}")]
    # PLINK 1.9 names no trait where it tests only one.
    return max(fits, key=len, default=traits[0] if plink and len(traits) == 1 else "")
