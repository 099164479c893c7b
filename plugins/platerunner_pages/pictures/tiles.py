"""Tiles of an image: each level half as large as the next, the last one as the image is."""

from dataclasses import dataclass
from math import ceil, log2

TILE = 1024
"""Pixels of a tile's side."""


@dataclass(frozen=True, slots=True)
class Area:
    """What a tile shows.

    :param box: left, top, right, bottom in the whole image.
    :param size: width and height in which it is drawn.
    """

    box: tuple[int, int, int, int]
    size: tuple[int, int]


def last_level(width: int, height: int) -> int:
    """The level that is as large as the image; level 0 is one tile."""
    return max(0, ceil(log2(max(width, height) / TILE)))


def area_of(width: int, height: int, level: int, column: int, row: int) -> Area | None:
    """What a tile shows; None if there is no such tile.

    :param width: of the whole image, likewise the height.
    """
    last = last_level(width, height)
    if not 0 <= level <= last or min(column, row) < 0:
        return None
    step = 2 ** (last - level)
    wide, high = (ceil(side / step) for side in (width, height))
    left, top = column * TILE, row * TILE
    if left >= wide or top >= high:
        return None
    right, bottom = min(left + TILE, wide), min(top + TILE, high)
    box = (left * step, top * step, min(right * step, width), min(bottom * step, height))
    return Area(box, (right - left, bottom - top))
