"""illum-calc: the illumination function of each channel, from all images of a plate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from platerunner_unit.imaging.pixels import Floats, read_file
from platerunner_unit.imaging.unit import DataError, File, Unit, agreeing

DEFAULT_SMOOTHING = 0.12
ROBUST_SHARE = 0.02
NOTHING = 1e-9  # of the brightest pixel: below the last bit of any camera

_ndimage: Any = scipy.ndimage  # SciPy and scikit-image carry no types


def run(unit: Unit) -> None:
    """Write one function per file of output ``illum``: float32 ``.npy``, at least 1, to divide images by.

    :param unit: input ``images``; parameter ``smoothing``, the gaussian's sigma as a share of the longer side.
    :raises DataError: if a channel has no images, or images that differ in shape.
    """
    smoothing = unit.number("smoothing", DEFAULT_SMOOTHING, 0.0, 1.0)
    images = unit.images("images")
    for output in unit.outputs.get("illum", ()):
        chosen = agreeing(images, output.values)
        if not chosen:
            raise DataError(f"{output.path.name}: no image belongs to {dict(output.values)}")
        output.path.parent.mkdir(parents=True, exist_ok=True)
        np.save(output.path, illumination(mean_image(chosen), smoothing))


def mean_image(files: Sequence[File]) -> NDArray[np.float64]:
    """The mean of images, one in memory at a time.

    :raises DataError: if one differs in shape from the first.
    """
    total = read_file(files[0]).astype(np.float64)
    for file in files[1:]:
        pixels = read_file(file)
        if pixels.shape != total.shape:
            raise DataError(
                f"{file.path.name}: is {_size(pixels.shape)} pixels, but {files[0].path.name} is {_size(total.shape)};"
                " images of one illumination function must have one size"
            )
        total += pixels
    return total / len(files)


def illumination(mean: NDArray[np.float64], smoothing: float) -> Floats:
    """Smooth a mean image and scale it so that its robust minimum is 1.

    The scaling is that of CellProfiler 4.2.8, CorrectIlluminationCalculate, "Rescale the illumination function: Yes"
    (``apply_scaling`` with ``ROBUST_FACTOR = 0.02``): what lies below the 2nd percentile of the positive pixels is
    raised to it, and all is divided by it. Where CellProfiler leaves an all-zero function at 0, this is 1, so that
    blank images stay as they are.

    :param mean: 2-D.
    :param smoothing: sigma as a share of the longer side; 0 for none.
    """
    smooth: NDArray[np.float64] = _ndimage.gaussian_filter(mean, smoothing * max(mean.shape), mode="reflect")
    # The far tails of a gaussian are above 0, too, and would become the scale of everything.
    positive = np.sort(smooth[smooth > NOTHING * smooth.max()], axis=None)
    if positive.size == 0:
        return np.ones(mean.shape, dtype=np.float32)
    robust_minimum = positive[int(positive.size * ROBUST_SHARE)]
    return np.asarray(np.maximum(smooth, robust_minimum) / robust_minimum, dtype=np.float32)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, reversed(shape)))
