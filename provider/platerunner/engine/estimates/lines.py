"""How seconds follow from bytes: by what the CPU did, which other work on a machine hardly changes, or by the clock."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, log, log2
from operator import attrgetter
from statistics import fmean, median, pvariance, variance
from typing import NamedTuple

from platerunner.engine.estimates.samples import Sample

POINTS = 200
"""Samples by which a line is found: each with each other makes 20,000 slopes."""
SPREAD = 1.2
"""By which sizes have to differ to say how time follows from them."""
FAR = 0.25
"""Two samples give a slope only if they are this share of the range of sizes apart: nearer ones show mostly noise."""
IDLE = 0.05
"""Part of its seconds below which a unit, where it was least held up, waits for something else than the CPU."""
LOTS = 12
"""Newest runs and sizes by which the two ways are compared."""
CLEARLY = 0.5
"""How far the clock may be off, as a part of how far the CPU is, to be believed: a little less is chance."""


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds of a unit over the bytes of its inputs.

    :param fixed: seconds that any unit takes.
    :param per_byte: 0 if no sizes are known.
    :param seen: whether sizes differed enough to tell fixed from the rest.
    """

    fixed: float
    per_byte: float
    seen: bool

    def at(self, size: float) -> float:
        """Seconds of a unit with so many bytes."""
        return self.fixed + self.per_byte * size

    def times(self, factor: float) -> "Line":
        """The line with all its times multiplied."""
        return Line(self.fixed * factor, self.per_byte * factor, self.seen)


class Point(NamedTuple):
    """What a unit of a run took: bytes, None where they are unknown, and seconds."""

    run: str
    size: int | None
    seconds: float


Way = Callable[[Sequence[Sample], float], Line]


def line_through(samples: Sequence[Sample], start: float) -> Line:
    """The line that tells a step's units best; samples that do not fit the others hardly move it.

    On a machine that units share with other work, seconds say how busy it was when plates of a size happened to run.
    What the CPU did says how much work a size is; seconds then say how long a second of CPU takes there. Where a tool
    waits for something else, the clock tells past runs and sizes better, each from the others, and the clock counts.

    :param samples: at least one, oldest first.
    :param start: seconds that the module needs whatever its inputs are; where all samples are of one size, nothing
        else tells.
    """
    counted = [each for each in samples if each.cpu_s]
    if len(counted) * 2 < len(samples) or max((each.cpu_s or 0.0) / max(each.seconds, 1e-9) for each in counted) < IDLE:
        return by_clock(samples, start)
    lots = _lots(counted)
    cpu, clock = (_off(lots, way, start) for way in (by_cpu, by_clock))
    return by_clock(samples, start) if clock < cpu * CLEARLY else by_cpu(counted, start)


def by_clock(samples: Sequence[Sample], start: float) -> Line:
    """The line through seconds."""
    return _line([Point(each.run, each.bytes_in, each.seconds) for each in samples], start)


def by_cpu(samples: Sequence[Sample], start: float) -> Line:
    """The line through seconds of CPU, stretched to the seconds that they took, and the one of copying.

    :param samples: whose seconds of CPU are known.
    """
    work = _line([Point(each.run, each.bytes_in, each.cpu_s or 0.0) for each in samples], start)
    copying = _line([Point(each.run, each.bytes_in, each.copying) for each in samples], 0.0)
    usual = median([each.bytes_in for each in samples if each.bytes_in] or [0])
    told = sum(work.at(each.bytes_in or usual) for each in samples)
    took = sum(max(0.0, each.seconds - each.copying) for each in samples)
    work = work.times(took / told if told else 1.0)
    return Line(work.fixed + copying.fixed, work.per_byte + copying.per_byte, work.seen)


def _lot(run: str, size: int | None) -> tuple[str, int]:
    return run, round(log2(size or 1))


def _lots(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples by run and size, to a factor of two; the newest lots."""
    lots: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for each in samples:
        lots[_lot(each.run, each.bytes_in)].append(each)
    return list(lots.values())[-LOTS:]


def _off(lots: Sequence[Sequence[Sample]], way: Way, start: float) -> float:
    """How far lots are off, as the mean of logarithms, each estimated from the others; 0 if there are too few."""
    if len(lots) < 3:
        return 0.0
    found = []
    for held in lots:
        others = [each for lot in lots if lot is not held for each in lot]
        line, usual = way(others, start), median(each.bytes_in or 0 for each in others)
        told = sum(line.at(each.bytes_in or usual) for each in held)
        seen = sum(each.seconds for each in held)
        found.append(abs(log(max(told, 1e-9) / max(seen, 1e-9))))
    return fmean(found)


def _line(points: Sequence[Point], start: float) -> Line:
    """The line through points, as Theil and Sen find it: by the median of slopes."""
    sized = sorted((each for each in points if each.size), key=attrgetter("size", "seconds"))
    typical = median(each.seconds for each in points)
    if not sized:
        return Line(typical, 0.0, seen=False)
    if (found := _steady(sized)) is not None:
        return Line(*found, seen=True)
    fixed = min(start, typical)
    return Line(fixed, (typical - fixed) / median(each.size or 0 for each in sized), seen=False)


def _steady(sized: Sequence[Point]) -> tuple[float, float] | None:
    """Fixed seconds and seconds per byte; None if the sizes are too much alike."""
    points = [(float(each.size or 0), each.seconds) for each in sized[:: max(1, len(sized) // POINTS)]]
    low, high = points[0][0], points[-1][0]
    if high < low * SPREAD:
        return None
    least = (high - low) * FAR
    slope = median((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2) if b[0] - a[0] >= least)
    slope = max(0.0, slope) * _trust(sized, slope)
    fixed = median(seconds - slope * size for size, seconds in points)
    if fixed < 0:
        return 0.0, median(seconds / size for size, seconds in points)
    return fixed, slope


def _trust(sized: Sequence[Point], slope: float) -> float:
    """The part of a slope that is not what runs differ by chance: 1 where they lie on a line, 0 where it is noise.

    Units of a run share its luck, so that runs and sizes count, not units. A slope of which little is certain would be
    multiplied at sizes that no run has had. The factor is James and Stein's, for one slope and its standard error.
    """
    lots: dict[tuple[str, int], list[Point]] = defaultdict(list)
    for each in sized:
        lots[_lot(each.run, each.size)].append(each)
    if len(lots) < 3 or slope <= 0:
        return 1.0
    sizes = [fmean(each.size or 0 for each in lot) for lot in lots.values()]
    off = [median(each.seconds for each in lot) - slope * size for lot, size in zip(lots.values(), sizes, strict=True)]
    error = variance(off) * (len(off) - 1) / (len(off) - 2) / (pvariance(sizes) * len(sizes) or inf)
    return max(0.0, 1.0 - error / slope**2)
