"""Reading and writing single images, with every fault of a file told in one sentence."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from platerunner_unit.imaging.unit import DataError

Pixels = NDArray[Any]
Floats = NDArray[np.float32]

TIFF_SUFFIXES = frozenset({".tif", ".tiff"})
IMAGE_SUFFIXES = TIFF_SUFFIXES | {".png", ".jpg", ".jpeg", ".bmp"}

# tifffile logs what it then raises or repairs; the one sentence is enough.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def read(path: Path) -> Pixels:
    """Read an image or an array file, axes of length 1 removed.

    :param path: TIFF, PNG, JPEG, BMP or ``.npy``.
    :raises DataError: if it is not there, damaged or incomplete.
    """
    if not path.is_file():
        raise DataError(f"{path.name}: no such file")
    if path.stat().st_size == 0:
        raise DataError(f"{path.name}: cannot be read as an image: the file is empty")
    try:
        pixels = np.squeeze(_decode(path))
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever a damaged file makes them stumble over
        raise DataError(f"{path.name}: cannot be read as an image: {_clause(error)}") from error
    if pixels.size == 0:
        raise DataError(f"{path.name}: cannot be read as an image: it has no pixels")
    return np.atleast_2d(pixels)


def read_plane(path: Path) -> Pixels:
    """Read a grey image of two axes.

    :param path: see :func:`read`.
    :raises DataError: also for colour images and stacks, and for values that are not finite.
    """
    pixels = read(path)
    if pixels.ndim != 2:
        axes = " x ".join(map(str, pixels.shape))
        raise DataError(f"{path.name}: has {pixels.ndim} axes ({axes}); one grey image per file is needed")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise DataError(f"{path.name}: has pixels that are not numbers (NaN or infinite)")
    return pixels


def write_tiff(path: Path, pixels: Pixels) -> None:
    """Write a zlib-compressed TIFF whose bytes depend on the pixels alone: no date, no software, no description."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, compression="zlib", metadata=None, software=False, photometric="minisblack")


def full_scale(dtype: np.dtype[Any]) -> float:
    """The value that counts as intensity 1, as CellProfiler has it: the largest of an integer type, 1 for floats."""
    return float(np.iinfo(dtype).max) if dtype.kind in "ui" else 1.0


def _decode(path: Path) -> Pixels:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return np.asarray(np.load(path, allow_pickle=False))
    if suffix in TIFF_SUFFIXES:
        return _decode_tiff(path)
    return _decode_pillow(path)


def _decode_tiff(path: Path) -> Pixels:
    with tifffile.TiffFile(path) as tiff:
        page: Any = tiff.pages[0]
        ends = np.add(page.dataoffsets, page.databytecounts)
        if ends.size and ends.max() > path.stat().st_size:
            raise ValueError("the file is cut short")
        # Plain installs of tifffile lack the LZW and JPEG decoders that Pillow brings.
        if page.compression not in _TIFFFILE_DECODES:
            return _decode_pillow(path)
        return np.asarray(tiff.asarray())


_TIFFFILE_DECODES = frozenset(
    {tifffile.COMPRESSION.NONE, tifffile.COMPRESSION.ADOBE_DEFLATE, tifffile.COMPRESSION.DEFLATE}
)


def _decode_pillow(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB") if image.mode in {"P", "RGBA", "CMYK", "PA"} else image)


def _clause(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
