"""How well replicates agree: correlations of pairs of wells with the same treatment, beside all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from PIL import Image, ImageDraw

from platerunner_unit.cytomining.levels import Frame, features_of
from platerunner_unit.imaging import drawing, heatmap
from platerunner_unit.imaging.page import Cell

BINS, WIDTH, HEIGHT, MARGIN = 40, 640, 220, 40
SAME, OTHER = (49, 104, 142), (200, 200, 204)


@dataclass(frozen=True)
class Pairs:
    """Correlations of pairs of wells.

    :param same: treatment to those of its pairs.
    :param other: those of pairs of different treatments.
    """

    same: Mapping[str, Sequence[float]]
    other: Sequence[float]

    def numbers(self) -> dict[str, Any]:
        """Medians, and the share of treatments whose median is beyond 95 of 100 pairs of different treatments."""
        return {
            "replicate_correlation": _median([each for found in self.same.values() for each in found]),
            "other_correlation": _median(self.other),
            "share_replicating": self._share(),
        }

    def _share(self) -> Optional[float]:
        repeated = [found for found in self.same.values() if len(found)]
        if not repeated or not len(self.other):
            return None
        limit = float(np.percentile(self.other, 95))
        return float(np.mean([float(np.median(found)) > limit for found in repeated]))

    def sentence(self) -> str:
        """What a person should see in the picture."""
        share = self._share()
        if share is None:
            return "There are no replicates to compare: each treatment has one well, or there is one treatment only."
        return (
            f"Of {len(self.same)} treatments {share:.0%} replicate: their median correlation is beyond 95 of 100 pairs "
            "of wells with different treatments."
        )

    def by_treatment(self) -> dict[str, dict[str, Cell]]:
        """Pairs and median correlation of each treatment."""
        return {name: {"pairs": len(found), "median correlation": _median(found)} for name, found in self.same.items()}


def of_pairs(profiles: Frame, treatments: Sequence[str]) -> Pairs:
    """Correlate all pairs of wells over their features (Pearson).

    :param treatments: of the rows.
    """
    values = profiles[features_of(profiles)].to_numpy(float)
    values = values[:, np.isfinite(values).all(axis=0)]
    matrix = np.corrcoef(values) if len(values) > 1 else np.ones((1, 1))
    names = np.array(treatments)
    upper = np.triu(np.ones_like(matrix, dtype=bool), 1) & np.isfinite(matrix)
    alike = names[:, None] == names[None, :]
    found = {name: matrix[upper & alike & (names == name)[:, None]] for name in dict.fromkeys(treatments)}
    return Pairs(found, matrix[upper & ~alike])


def draw(pairs: Pairs) -> Image.Image:
    """Two histograms over each other: replicates in colour, other pairs in grey."""
    image = Image.new("RGB", (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN + 30), heatmap.PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((MARGIN, 8), "Correlation of pairs of wells", font=drawing.font(18), fill=heatmap.INK)
    same = [each for found in pairs.same.values() for each in found]
    for values, colour, wide in ((pairs.other, OTHER, 0), (same, SAME, 4)):
        _bars(pen, values, colour, wide)
    base = MARGIN + HEIGHT
    for index in range(5):
        x = MARGIN + index * WIDTH // 4
        pen.text((x, base + 6), f"{-1 + index / 2:g}", font=drawing.font(13), fill=heatmap.INK, anchor="mt")
    told = f"same treatment ({len(same):,} pairs)", f"different treatments ({len(pairs.other):,} pairs)"
    for index, (text, colour) in enumerate(zip(told, (SAME, OTHER), strict=True)):
        left = MARGIN + index * WIDTH // 2
        pen.rectangle((left, base + 32, left + 12, base + 44), fill=colour)
        pen.text((left + 18, base + 38), text, font=drawing.font(14), fill=heatmap.INK, anchor="lm")
    return image


def _bars(pen: ImageDraw.ImageDraw, values: Sequence[float], colour: drawing.Colour, inset: int) -> None:
    if not len(values):
        return
    counts, _ = np.histogram(values, BINS, (-1, 1))
    wide = WIDTH // BINS
    for index, share in enumerate(counts / counts.max()):
        left, base = MARGIN + index * wide, MARGIN + HEIGHT
        if share > 0:
            pen.rectangle(
                (left + inset, base - round(share * (HEIGHT - 10)), left + wide - 2 - inset, base), fill=colour
            )


def _median(values: Sequence[float]) -> Optional[float]:
    return float(np.median(values)) if len(values) else None
