"""All wells in two dimensions, by principal components: do they lie by plate, or by treatment?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from sklearn.decomposition import PCA

from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.cytomining.levels import Frame, features_of
from platerunner_unit.imaging import drawing, heatmap

SIDE, MARGIN, LEGEND, DOT, MOST = 420, 44, 320, 5, 16


@dataclass(frozen=True)
class Spread:
    """Where wells lie.

    :param places: a row of two numbers for each well.
    :param note: what the two are.
    :param shares: of the variance that each component explains.
    """

    places: Any
    note: str
    shares: Sequence[float] = ()

    def numbers(self) -> dict[str, Any]:
        """The shares of the variance."""
        return {"explained_variance": [float(share) for share in self.shares]}


def shared_values(profiles: Frame) -> Any:
    """The features that all wells have, a row for each well."""
    values = profiles[features_of(profiles)].to_numpy(float)
    return values[:, np.isfinite(values).all(axis=0)]


def of_wells(profiles: Frame) -> Spread:
    """Principal components of the features that all wells have; with fewer than two, wells lie at 0."""
    values = shared_values(profiles)
    count = min(2, *values.shape)
    places, shares = np.zeros((len(values), 2)), [0.0, 0.0]
    if count:
        fitted = PCA(count, svd_solver="full").fit(values)
        places[:, :count] = fitted.transform(values)
        shares[:count] = np.nan_to_num(fitted.explained_variance_ratio_)
    first, second = (f"component {index + 1}, {share:.0%} of the variance" for index, share in enumerate(shares))
    return Spread(places, f"across: {first}; up: {second}", shares)


def draw(spread: Spread, groups: Sequence[str], what: str) -> Image.Image:
    """A dot for each well, coloured by its group.

    :param groups: of the rows; the largest have colours of their own.
    :param what: the groups are, for the title.
    """
    image = Image.new("RGB", (SIDE + 2 * MARGIN + LEGEND, SIDE + 2 * MARGIN), heatmap.PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((MARGIN, 12), f"Wells by {what}", font=drawing.font(18), fill=heatmap.INK)
    pen.rectangle((MARGIN, MARGIN, MARGIN + SIDE, MARGIN + SIDE), outline=heatmap.FAINT)
    pen.text((MARGIN, MARGIN + SIDE + 12), spread.note, font=drawing.font(13), fill=heatmap.FAINT)
    colours = _colours(groups)
    low, high = spread.places.min(axis=0), spread.places.max(axis=0)
    at = (spread.places - low) / np.where(high > low, high - low, 1) * (SIDE - 4 * DOT) + 2 * DOT
    for (x, y), group in zip(at, groups, strict=True):
        left, top = MARGIN + x, MARGIN + SIDE - y
        fill = colours.get(group, heatmap.HATCH)
        pen.ellipse((left - DOT, top - DOT, left + DOT, top + DOT), fill=fill, outline=heatmap.INK)
    _legend(pen, colours, len(set(groups)))
    return image


def _colours(groups: Sequence[str]) -> dict[str, drawing.Colour]:
    """A colour each for the groups with the most wells."""
    often = sorted(set(groups), key=lambda group: (-list(groups).count(group), natural_key(group)))[:MOST]
    shares = np.linspace(0, 1, max(2, len(often)))
    coloured = zip(sorted(often, key=natural_key), shares, strict=False)
    return {group: _colour(share) for group, share in coloured}


def _colour(share: float) -> drawing.Colour:
    red, green, blue = (int(level) for level in drawing.viridis(np.array(share)))
    return red, green, blue


def _legend(pen: ImageDraw.ImageDraw, colours: dict[str, drawing.Colour], groups: int) -> None:
    left = MARGIN + SIDE + 24
    lines = [*colours.items(), *([(f"{groups - len(colours)} others", heatmap.HATCH)] if groups > len(colours) else ())]
    for index, (group, colour) in enumerate(lines):
        y = MARGIN + 10 + index * 22
        pen.ellipse((left - DOT, y - DOT, left + DOT, y + DOT), fill=colour, outline=heatmap.INK)
        text = drawing.fitted(group, 14, LEGEND - 40)
        pen.text((left + 14, y), text, font=drawing.font(14), fill=heatmap.INK, anchor="lm")
