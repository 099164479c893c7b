"""How well the cycles of a barcoding plate are aligned, from the tables that CellProfiler's Align wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.imaging.tables import Row

_SHIFT = re.compile(r"Align_([XY])shift_(.+)")
_CORRELATION = re.compile(r"Correlation_Correlation_(.+)")
WORST = 20


@dataclass(frozen=True)
class Limits:
    """What counts as aligned.

    :param shift: largest shift in pixels, in x or in y.
    :param correlation: smallest correlation with the reference.
    """

    shift: float
    correlation: float


@dataclass(frozen=True)
class Site:
    """An aligned image of one site.

    :param image: what was aligned, such as ``Cycle02_DAPI``.
    :param shift: in pixels, the larger of x and y.
    :param correlation: with the reference; None if the tables have none.
    """

    plate: str
    well: str
    site: str
    image: str
    shift: float
    correlation: Optional[float]

    def aligned(self, limits: Limits) -> bool:
        """Whether it is within the limits."""
        return self.shift <= limits.shift and (self.correlation is None or self.correlation >= limits.correlation)


def sites(rows: Iterable[Row]) -> list[Site]:
    """Every aligned image of every site.

    :param rows: of per-image tables; those without columns of Align give none.
    """
    return [site for row in rows for site in _of_row(row)]


def worst(found: Iterable[Site], limits: Limits) -> list[Site]:
    """Sites beyond the limits, the farthest first, ``WORST`` at most."""
    beyond = [site for site in found if not site.aligned(limits)]
    return sorted(beyond, key=lambda site: (-site.shift, site.correlation or 0.0))[:WORST]


def numbers(found: Sequence[Site], limits: Limits) -> dict[str, Any]:
    """Per aligned image: ``sites``, ``largest_shift``, ``lowest_correlation`` (if known), ``misaligned``."""
    images: dict[str, list[Site]] = {}
    for site in found:
        images.setdefault(site.image, []).append(site)
    return {name: _summary(images[name], limits) for name in sorted(images, key=natural_key)}


def misaligned(found: Iterable[Site], limits: Limits) -> int:
    """Sites with at least one image beyond the limits."""
    return len({(site.plate, site.well, site.site) for site in found if not site.aligned(limits)})


def _summary(found: Sequence[Site], limits: Limits) -> dict[str, Any]:
    known = [site.correlation for site in found if site.correlation is not None]
    lowest = {"lowest_correlation": min(known)} if known else {}
    beyond = sum(not site.aligned(limits) for site in found)
    return {"sites": len(found), "largest_shift": max(site.shift for site in found), **lowest, "misaligned": beyond}


def _of_row(row: Row) -> Iterable[Site]:
    shifts: dict[str, float] = {}
    for column, value in row.numbers.items():
        if match := _SHIFT.fullmatch(column):
            shifts[match[2]] = max(shifts.get(match[2], 0.0), abs(value))
    for image, shift in shifts.items():
        yield Site(row.plate, row.well, row.site, image, shift, _correlation(row.numbers, image, shifts))


def _correlation(row: Mapping[str, float], image: str, aligned: Iterable[str]) -> Optional[float]:
    """The correlation of an image with the reference: the image that was not moved."""
    pairs = {match[1]: value for column, value in row.items() if (match := _CORRELATION.fullmatch(column))}
    others = {f"_{name}" for name in aligned if name != image}
    mine = {
        pair: value
        for pair, value in pairs.items()
        if (pair.endswith(f"_{image}") and not any(f"_{pair[: -len(image) - 1]}" == other for other in others))
        or (pair.startswith(f"{image}_") and not any(pair[len(image) :] == other for other in others))
    }
    return min(mine.values()) if mine else None
