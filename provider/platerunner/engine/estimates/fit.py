"""How the time of a unit follows from the size of its inputs, and how far single units and whole runs are off that."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean, median, pstdev

from platerunner.engine.estimates.lines import line_through
from platerunner.engine.estimates.samples import Sample
from platerunner.engine.ledger.waste import percentile

DRAWS = 500
HIGH = 0.9


@dataclass(frozen=True, slots=True)
class Fit:
    """Seconds of a unit as a line over the bytes of its inputs.

    :param fixed: seconds that any unit takes.
    :param per_byte: 0 if no sizes are known.
    :param usual: bytes of the median unit; None if no sizes are known.
    :param runs: of each run, seconds to those of the line: mean, deviation, number of units.
    :param ratios: the same of each unit, sorted.
    :param seen: whether sizes differed enough to tell fixed from the rest.
    """

    fixed: float
    per_byte: float
    usual: float | None
    runs: tuple[tuple[float, float, int], ...]
    ratios: tuple[float, ...]
    seen: bool

    def seconds(self, size: float | None) -> float:
        """Seconds that a unit takes, without noise.

        :param size: bytes of its inputs; None if unknown: then it counts as usual.
        """
        known = size if size is not None and self.usual is not None else self.usual
        return self.fixed + self.per_byte * (known or 0.0)

    @property
    def mean(self) -> float:
        """Seconds to those of the line, over all units."""
        count = sum(number for _, _, number in self.runs)
        return sum(mean * number for mean, _, number in self.runs) / count

    def at(self, share: float) -> float:
        """Seconds of a unit to those of the line, which this share of units does not exceed."""
        return percentile(self.ratios, share)

    def high(self, lines: Sequence[float]) -> float:
        """Seconds of all units together that nine of ten runs do not exceed.

        A run as a whole may be slow, and single units of it by chance: a run is drawn first, then its units.

        :param lines: seconds of each unit, without noise.
        """
        whole, apart = sum(lines), sqrt(sum(each * each for each in lines))
        draw = random.Random(0)  # noqa: S311 - the same plan gets the same figures
        weights = [number for _, _, number in self.runs]
        drawn = draw.choices(self.runs, weights, k=DRAWS)
        return max(0.0, percentile([draw.gauss(mean * whole, off * apart) for mean, off, _ in drawn], HIGH))


def fit(samples: Sequence[Sample], start: float = 0.0) -> Fit:
    """The line through samples, and how far they are off it.

    :param samples: at least one, oldest first.
    :param start: seconds that the module needs whatever its inputs are.
    """
    sizes = [float(each.bytes_in) for each in samples if each.bytes_in]
    line = line_through(samples, start)
    bare = Fit(line.fixed, line.per_byte, median(sizes) if sizes else None, (), (), line.seen)
    runs: dict[str, list[float]] = defaultdict(list)
    for each in samples:
        told = bare.seconds(each.bytes_in)
        runs[each.run].append(each.seconds / told if told else 1.0)
    off = tuple((fmean(ratios), pstdev(ratios), len(ratios)) for ratios in runs.values())
    return replace(bare, runs=off, ratios=tuple(sorted(each for ratios in runs.values() for each in ratios)))
