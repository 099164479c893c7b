"""The spread of wells' numbers: one number per well, a scale that outliers do not stretch, and what stands out."""

import statistics
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from platerunner_pages.values.wells import Place
from platerunner_unit.contract.wells import Layout, layout, position

BARS = 24
ENDS = 0.02
"""Part of the wells that each end of the colour scale leaves out."""
FENCES = 3.0
"""A well is an outlier this many interquartile ranges outside the middle half."""
ENOUGH = 24
"""Wells that a plate needs before its edge and its columns are compared."""


def _cv(numbers: Sequence[float]) -> float | None:
    mean = statistics.fmean(numbers)
    return 100 * statistics.stdev(numbers) / abs(mean) if len(numbers) > 1 and mean else None


AGGREGATES: Mapping[str, Callable[[Sequence[float]], float | None]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "sum": sum,
    "cv": _cv,
    "count": len,
    "lowest": min,
    "highest": max,
}
"""Name of a summary to its function over a well's numbers; ``cv`` is in percent."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How numbers spread.

    :param low: where the colour scale begins; ``high`` where it ends.
    :param fences: outside of them are outliers.
    :param bars: wells in each part of the scale, what lies outside in the outermost.
    """

    low: float
    high: float
    fences: tuple[float, float]
    bars: tuple[int, ...]


def one_each(numbers: Mapping[Place, "array[float]"], aggregate: str) -> dict[Place, float | None]:
    """One number per well; None where there is none, such as the variation of a single number."""
    made = AGGREGATES[aggregate]
    return {place: made(each) if each else None for place, each in numbers.items()}


def spread_of(values: Sequence[float]) -> Spread | None:
    """How values spread; None if there are none."""
    if not values:
        return None
    ordered = sorted(values)
    low, high = _quantile(ordered, ENDS), _quantile(ordered, 1 - ENDS)
    if low == high:
        low, high = ordered[0], ordered[-1]
    first, third = _quantile(ordered, 0.25), _quantile(ordered, 0.75)
    reach = FENCES * (third - first)
    return Spread(low, high, (first - reach, third + reach), _bars(ordered, low, high))


def hints(values: Mapping[str, float], roles: Mapping[str, str]) -> list[str]:
    """What stands out on a plate, as sentences; none where there are too few wells to say.

    :param values: well to value.
    :param roles: well to which control it is.
    """
    places = {place: values[well] for well in values if (place := position(well)) is not None}
    whole = layout(values)
    found = [_z_prime(values, roles)]
    if whole is not None and len(places) >= ENOUGH:
        found += [_edge(places, whole), _drift(places)]
    return [each for each in found if each]


def _z_prime(values: Mapping[str, float], roles: Mapping[str, str]) -> str:
    of = {
        sign: [value for well, value in values.items() if sign in roles.get(well, "").lower()]
        for sign in ("pos", "neg")
    }
    if min(len(each) for each in of.values()) < 2:
        return ""
    means = [statistics.fmean(each) for each in of.values()]
    deviations = [statistics.stdev(each) for each in of.values()]
    if means[0] == means[1]:
        return "Positive and negative controls have the same mean."
    z = 1 - 3 * sum(deviations) / abs(means[0] - means[1])
    return f"Z' is {z:.2f} ({len(of['pos'])} positive and {len(of['neg'])} negative controls)."


def _edge(places: Mapping[tuple[int, int], float], whole: Layout) -> str:
    last = (whole.rows - 1, whole.columns - 1)
    outer = [value for (row, column), value in places.items() if row in (0, last[0]) or column in (0, last[1])]
    inner = [value for (row, column), value in places.items() if row not in (0, last[0]) and column not in (0, last[1])]
    if min(len(outer), len(inner)) < ENOUGH // 2:
        return ""
    middle = statistics.median(inner)
    width = 1.4826 * statistics.median(abs(value - middle) for value in inner)
    apart = statistics.median(outer) - middle
    if not width or abs(apart) < width:
        return ""
    return f"Wells at the edge are {'higher' if apart > 0 else 'lower'} by {abs(apart) / width:.1f} robust deviations."


def _drift(places: Mapping[tuple[int, int], float]) -> str:
    """Whether values rise or fall with the column, which is how most instruments go through a plate."""
    if len({column for _, column in places}) < 3 or len(set(places.values())) < 3:
        return ""
    columns = [float(column) for _, column in places]
    r = statistics.correlation(columns, list(places.values()), method="ranked")
    return (
        f"Values {'rise' if r > 0 else 'fall'} from left to right (rank correlation {r:.2f})." if abs(r) > 0.5 else ""
    )


def _quantile(ordered: Sequence[float], part: float) -> float:
    at = part * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def _bars(ordered: Sequence[float], low: float, high: float) -> tuple[int, ...]:
    bars = [0] * BARS
    for value in ordered:
        at = int((value - low) / (high - low) * BARS) if high > low else 0
        bars[max(0, min(BARS - 1, at))] += 1
    return tuple(bars)
