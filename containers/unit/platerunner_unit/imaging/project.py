"""project: one image of several planes, the brightest or the sharpest of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.ndimage

from platerunner_unit.imaging.pixels import Pixels, read_planes, write_tiff
from platerunner_unit.imaging.unit import DataError, File, Unit, agreeing

_ndimage: Any = scipy.ndimage  # SciPy carries no types


def run(unit: Unit) -> None:
    """Write one image per file of output ``projected``, of the planes of all images that agree with it.

    :param unit: input ``images``; parameter ``method``: ``max``, ``mean`` or ``best_focus``.
    :raises DataError: if an output has no image, or planes differ in shape.
    """
    method = str(unit.params.get("method", "max"))
    if method not in METHODS:
        raise DataError(f"parameter `method` is {method!r}; it must be one of {', '.join(METHODS)}")
    images = unit.images("images")
    for output in unit.outputs.get("projected", ()):
        chosen = agreeing(images, output.values)
        if not chosen:
            raise DataError(f"{output.path.name}: no image belongs to {dict(output.values)}")
        write_tiff(output.path, METHODS[method](_planes(chosen)))


def _planes(files: Sequence[File]) -> Iterator[Pixels]:
    """All planes, which must have one size."""
    shape: tuple[int, ...] = ()
    for file in files:
        for pixels in read_planes(file):
            if shape and pixels.shape != shape:
                sizes = [" x ".join(map(str, reversed(each))) for each in (pixels.shape, shape)]
                raise DataError(f"{file.path.name}: is {sizes[0]} pixels, but the planes before are {sizes[1]}")
            shape = pixels.shape
            yield pixels


def brightest(planes: Iterator[Pixels]) -> Pixels:
    """The brightest value of each pixel."""
    found = next(planes)
    for pixels in planes:
        found = np.maximum(found, pixels)
    return found


def mean(planes: Iterator[Pixels]) -> Pixels:
    """The mean of each pixel, in the type of the planes."""
    first = next(planes)
    total, count = first.astype(np.float64), 1
    for pixels in planes:
        total += pixels
        count += 1
    result = total / count
    return np.rint(result).astype(first.dtype) if first.dtype.kind in "ui" else result.astype(np.float32)


def sharpest(planes: Iterator[Pixels]) -> Pixels:
    """The plane in best focus: the one whose Laplacian varies most."""
    return max(planes, key=lambda pixels: float(_ndimage.laplace(pixels.astype(np.float64)).var()))


METHODS = {"max": brightest, "mean": mean, "best_focus": sharpest}
