"""illum-apply: images divided by their channel's illumination function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from platerunner_unit.imaging.pixels import Floats, Pixels, read_file, read_plane, write_tiff
from platerunner_unit.imaging.unit import DataError, File, Unit, agreeing

DARKEST = 1e-6  # functions are 1 and more; a cut-off keeps one made elsewhere from dividing by nothing


def run(unit: Unit) -> None:
    """Write one corrected TIFF per file of output ``corrected``.

    :param unit: inputs ``images`` and ``illum``.
    :raises DataError: if an output lacks its image or its function, or their shapes differ.
    """
    images, illum = unit.images("images"), unit.images("illum")
    functions: dict[Path, Floats] = {}
    for output in unit.outputs.get("corrected", ()):
        image = _only(agreeing(images, output.values), output, "image")
        function = _only(agreeing(illum, {**output.values, **image.values}), output, "illumination function").path
        if function not in functions:
            functions[function] = read_plane(function)
        write_tiff(output.path, _corrected(image, function, functions[function]))


def divide(pixels: Pixels, function: Floats) -> Pixels:
    """Divide, round and clip to the image's own type (floats: to 0 and up).

    :param pixels: 2-D image.
    :param function: of the same shape; pixels where it is 0, or nearly, are not divided.
    """
    quotient = pixels / np.where(function > DARKEST, function, np.float32(1))
    if pixels.dtype.kind not in "ui":
        return np.maximum(quotient, 0).astype(np.float32)
    limits = np.iinfo(pixels.dtype)
    return np.clip(np.rint(quotient), limits.min, limits.max).astype(pixels.dtype)


def _corrected(image: File, name: Path, function: Floats) -> Pixels:
    pixels = read_file(image)
    if pixels.shape != function.shape:
        sizes = [" x ".join(map(str, reversed(shape))) for shape in (pixels.shape, function.shape)]
        raise DataError(
            f"{image.path.name}: is {sizes[0]} pixels, but its illumination function {name.name} is {sizes[1]}"
        )
    return divide(pixels, function)


def _only(files: Sequence[File], output: File, what: str) -> File:
    if len(files) != 1:
        found = ", ".join(file.path.name for file in files[:3]) or "none"
        raise DataError(f"{output.path.name}: needs one {what}, found {len(files)} ({found}){_remedy(files)}")
    return files[0]


def _remedy(files: Sequence[File]) -> str:
    """What to do about several files: they differ in something that the output's name does not say, such as planes."""
    names = dict.fromkeys(name for file in files for name in file.values)
    differing = [name for name in names if len({file.values.get(name) for file in files}) > 1]
    if not differing:
        return ""
    told, name = " and ".join(differing), differing[0]
    remedy = (
        f"write `{{{name}}}` into the output's name, ask for one {name} by `where`, or make one image of them before"
    )
    return f"; they differ in {told}: {remedy} with `imaging.project`"
