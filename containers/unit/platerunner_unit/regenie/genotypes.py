"""Genotype files before the start: regenie reads one that is cut, or whose tables are short, and ends with 0.

Formats: BED, BIM, FAM of PLINK 1.9 (cog-genomics.org/plink/1.9/formats), BGEN 1.1 to 1.3
(well.ox.ac.uk/~gav/bgen_format), PGEN of PLINK 2 (github.com/chrchang/plink-ng, pgen_spec: modes 0x02 and 0x10).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Optional

from platerunner_unit.regenie.command_line import chromosome

BED_MAGIC = b"\x6c\x1b\x01"
PGEN_MAGIC = b"\x6c\x1b"
SAMPLE_HEADER_LINES = 2
_U16, _U32, _U64 = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<Q")
_PGEN_BLOCK = 1 << 16


@dataclass(frozen=True)
class Genotypes:
    """The variants and samples that can be tested.

    :param samples: how many there are.
    :param variants: how many there are, by chromosome: their names alone would take a gigabyte for ten millions.
    """

    samples: int
    variants: Counter[str]


class GenotypesError(Exception):
    """The files cannot be what they are meant to be; the message is a clause that begins with a file's name."""


def read_bed(bed: Path, bim: Path, fam: Path) -> Genotypes:
    """Read the tables of a BED, and hold its size against them.

    It has three bytes, and for each variant a byte for four samples.

    :raises GenotypesError: if they do not agree.
    """
    variants = Counter(chromosome(fields[0]) for fields in _rows(bim, 6))
    samples = sum(1 for _ in _rows(fam, 6))
    with bed.open("rb") as file:
        if file.read(3) != BED_MAGIC:
            raise GenotypesError(f"{bed.name} is no BED of whole variants: its first three bytes are others")
    count = sum(variants.values())
    size, wanted = bed.stat().st_size, 3 + count * -(-samples // 4)
    if size != wanted:
        raise GenotypesError(
            f"{bed.name} has {size:,} bytes, but {count:,} variants of {bim.name} and {samples:,} samples of "
            f"{fam.name} take {wanted:,}"
        )
    return Genotypes(samples, variants)


def read_pgen(pgen: Path, pvar: Path, psam: Path) -> Genotypes:
    """Read the tables of a PGEN, and hold its header's numbers against them, and its size against its header.

    :raises GenotypesError: if they do not agree.
    """
    variants = Counter(chromosome(fields[0]) for fields in _rows(pvar, 3) if not fields[0].startswith("#"))
    samples = sum(not fields[0].startswith("#") for fields in _rows(psam, 1))
    with pgen.open("rb") as file:
        head = file.read(11)
    if head[:2] != PGEN_MAGIC or len(head) < 11:
        raise GenotypesError(f"{pgen.name} is no PGEN: its first bytes are others")
    if head[2] == 1:
        raise GenotypesError(f"{pgen.name} is a BED by its first bytes; give it to --bed")
    named, (count, people) = sum(variants.values()), struct.unpack_from("<2I", head, 3)
    if (count, people) != (named, samples):
        raise GenotypesError(
            f"{pgen.name} has {count:,} variants of {people:,} samples, but {pvar.name} names {named:,} and "
            f"{psam.name} {samples:,}"
        )
    size, wanted = pgen.stat().st_size, _pgen_size(pgen, head[2], count, people)
    if wanted is not None and size != wanted:
        raise GenotypesError(f"{pgen.name} has {size:,} bytes, but its header says {wanted:,}")
    return Genotypes(samples, variants)


def _pgen_size(pgen: Path, mode: int, variants: int, samples: int) -> Optional[int]:
    """Bytes that a PGEN should have; None for a mode whose records are not looked at.

    With records of different lengths the header says where each block of 65,536 variants begins, and how long each
    record is: so the last block tells the end.
    """
    if mode == 2:
        return 12 + variants * -(-samples // 4)
    if mode != 0x10 or not variants:
        return None
    blocks = -(-variants // _PGEN_BLOCK)
    last = variants - (blocks - 1) * _PGEN_BLOCK
    with pgen.open("rb") as file:
        try:
            kind = file.read(12)[11]
            if kind & 8:
                return None
            starts = [_number(file, _U64) for _ in range(blocks)]
            for of_block in [_PGEN_BLOCK] * (blocks - 1) + [last]:
                lengths = _pgen_lengths(file, kind, of_block)
        except (IndexError, struct.error):
            raise GenotypesError(f"{pgen.name} is cut within its header") from None
    return starts[-1] + sum(lengths)


def _pgen_lengths(file: BinaryIO, kind: int, variants: int) -> list[int]:
    """How long the records of a block are: in its header behind their types, before counts of alleles and flags."""
    file.seek(variants if kind & 4 else -(-variants // 2), 1)
    width = 1 + (kind & 3)
    data = file.read(width * variants)
    if len(data) < width * variants:
        raise struct.error("the file ends within its header")
    file.seek(variants * (kind >> 4 & 3) + (-(-variants // 8) if kind >> 6 == 3 else 0), 1)
    return [int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]


def read_bgen(bgen: Path, sample: Optional[Path]) -> Genotypes:
    """Walk through a BGEN from variant to variant, and hold its samples against the sample file's, in order.

    :raises GenotypesError: if it ends too early, or the samples are others.
    """
    with bgen.open("rb") as file:
        try:
            offset, header, count, samples = struct.unpack("<4I", file.read(16))
            magic = file.read(4)
            file.seek(4 + header - 4)
            flags = _number(file, _U32)
        except struct.error:
            raise GenotypesError(f"{bgen.name} is no BGEN: it is too short") from None
        if magic not in (b"bgen", b"\0\0\0\0"):
            raise GenotypesError(f"{bgen.name} is no BGEN: its first bytes are others")
        names = list(_sample_names(file)) if flags >> 31 else None
        ends = list(_variants(file, 4 + offset, 0 if flags & 3 else samples, layout=flags >> 2 & 15))
    whole = [label for label, end in ends if end <= bgen.stat().st_size]
    if len(whole) < count:
        raise GenotypesError(
            f"{bgen.name} is cut: it says that it has {count:,} variants, and {len(whole):,} are whole"
        )
    if sample is not None:
        _compare_samples(bgen.name, samples, names, sample)
    return Genotypes(samples, Counter(map(chromosome, whole[:count])))


def _number(file: BinaryIO, kind: struct.Struct) -> int:
    return int(kind.unpack(file.read(kind.size))[0])


def _text(file: BinaryIO, length: struct.Struct = _U16) -> str:
    size = _number(file, length)
    text = file.read(size)
    if len(text) < size:
        raise struct.error("the file ends within a text")
    return text.decode(errors="replace")


def _sample_names(file: BinaryIO) -> Iterator[str]:
    _number(file, _U32)
    for _ in range(_number(file, _U32)):
        yield _text(file)


def _variants(file: BinaryIO, start: int, uncompressed: int, *, layout: int) -> Iterator[tuple[str, int]]:
    """Chromosome and end of each variant; the last may end behind the file.

    :param uncompressed: samples, if genotypes are not compressed: then layout 1 gives no length.
    """
    file.seek(start)
    while True:
        try:
            if layout == 1:
                _number(file, _U32)
            _text(file), _text(file)  # its two IDs
            label = _text(file)
            _number(file, _U32)  # its position
            for _ in range(2 if layout == 1 else _number(file, _U16)):
                _text(file, _U32)
            length = 6 * uncompressed if layout == 1 and uncompressed else _number(file, _U32)
        except struct.error:
            return
        yield label, file.tell() + length
        file.seek(length, 1)


def _compare_samples(name: str, samples: int, names: Optional[list[str]], sample: Path) -> None:
    """Hold the names of a BGEN against the sample file's, as regenie never does.

    What a BGEN calls a sample is its writer's choice, so only a name that stands at another place is certainly wrong.
    """
    listed = [fields[:2] for fields in list(_rows(sample, 2))[SAMPLE_HEADER_LINES:]]
    if len(listed) != samples:
        raise GenotypesError(f"{name} has {samples:,} samples, but {sample.name} names {len(listed):,}")
    places = {called: at for at, (family, person) in enumerate(listed) for called in (f"{family}_{person}", person)}
    for at, own in enumerate(names or ()):
        if places.get(own, at) != at:
            raise GenotypesError(
                f"{name} has the sample {own} at place {at + 1:,}, but {sample.name} at {places[own] + 1:,}"
            )


def _rows(path: Path, columns: int) -> Iterator[list[str]]:
    """The lines of a table, split at blanks."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            fields = line.split()
            if fields and len(fields) < columns and not line.startswith("#"):
                raise GenotypesError(f"{path.name}, line {number}: {len(fields)} columns, where there are {columns}")
            if fields:
                yield fields
