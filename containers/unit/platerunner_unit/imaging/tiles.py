"""Images reduced to what a contact sheet needs of them: a small tile, and a sample of their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from typing import Optional, TypeVar

import numpy as np
from PIL import Image

from platerunner_unit.imaging.pixels import Floats, Pixels, read, read_planes
from platerunner_unit.imaging.sheet import Picture, Spot
from platerunner_unit.imaging.unit import DataError, File

T = TypeVar("T")
SAMPLES = 4_000_000  # values kept per sheet for its percentiles: 16 MB, however many images there are
READERS = 4  # decoding releases the interpreter lock


@dataclass(frozen=True)
class Tile:
    """What is kept of an image.

    :param shape: height and width of the image in pixels.
    :param small: the shrunken image, float32 for grey and uint8 with three colours otherwise; None if it is not shown.
    :param sample: evenly spaced values; empty for colour images, which are shown as they are.
    """

    shape: tuple[int, int]
    small: Optional[Pixels]
    sample: Floats
    low: float
    high: float


@dataclass
class Levels:
    """The values of all images of one row of the sheet.

    :param samples: evenly spaced values of each image.
    """

    images: int = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    samples: list[Floats] = field(default_factory=list)

    def add(self, tile: Tile) -> None:
        """Take an image in."""
        self.images += 1
        self.minimum, self.maximum = min(self.minimum, tile.low), max(self.maximum, tile.high)
        self.samples.append(tile.sample)

    def percentiles(self, *shares: float) -> list[float]:
        """Percentiles of the sample over all images (0 to 100)."""
        sample = np.concatenate(self.samples)
        return [float(value) for value in np.percentile(sample, shares)] if sample.size else [0.0 for _ in shares]


def load(found: Sequence[Picture], shown: set[Spot], box: tuple[int, int]) -> Iterator[tuple[Picture, Tile]]:
    """Read all images, a few at a time, in their order.

    :param found: all images.
    :param shown: spots of the pictures that are kept in small.
    :param box: width and height of a tile in pixels.
    :raises DataError: if one cannot be read as a grey or a colour image.
    """
    per_image = min(1 << 16, max(16, SAMPLES // max(1, len(found))))

    def one(picture: Picture) -> tuple[Picture, Tile]:
        return picture, _tile(picture.file, box if picture.spot in shown else None, per_image)

    with ThreadPoolExecutor(READERS) as pool:
        for batch in _batches(found, 8 * READERS):
            yield from pool.map(one, batch)


def shrunk(pixels: Pixels, box: tuple[int, int]) -> Pixels:
    """An image fitted into a box, each pixel the mean of those that it stands for; enlarged without smoothing.

    :param pixels: grey of any type, or uint8 with three colours.
    :param box: width and height in pixels.
    """
    height, width = pixels.shape[:2]
    scale = min(box[0] / width, box[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(pixels if pixels.ndim == 3 else pixels.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST))


def _tile(file: File, box: Optional[tuple[int, int]], per_image: int) -> Tile:
    # A person sees the brightest plane at each pixel.
    pixels = reduce(np.maximum, read_planes(file)) if file.planes else read(file.path)
    shape = (int(pixels.shape[0]), int(pixels.shape[1]))
    if pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8:
        return Tile(shape, shrunk(pixels, box) if box else None, np.empty(0, np.float32), 0.0, 255.0)
    if pixels.ndim != 2:
        axes = " x ".join(map(str, pixels.shape))
        raise DataError(f"{file.path.name}: has {pixels.ndim} axes ({axes}); a contact sheet shows grey or RGB images")
    grey = np.nan_to_num(pixels.astype(np.float32), posinf=0.0, neginf=0.0)
    flat = grey.ravel()
    sample = flat[:: max(1, flat.size // per_image)].copy()
    return Tile(shape, shrunk(grey, box) if box else None, sample, float(flat.min()), float(flat.max()))


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
