"""Reading and writing single images, with every fault of a file told in one sentence."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from platerunner_unit import instruments
from platerunner_unit.imaging.unit import DataError, File

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
    except _NoDecoderError as error:
        raise DataError(f"{path.name}: {error}") from error
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


def read_file(file: File) -> Pixels:
    """Read the one plane that a file of a unit means.

    :raises DataError: as :func:`read_plane`, and if it means several.
    """
    if len(file.planes) > 1:
        raise DataError(f"{file.path.name}: has {len(file.planes)} planes; make one of them with imaging.project first")
    return next(read_planes(file))


def read_planes(file: File) -> Iterator[Pixels]:
    """Read the planes that a file of a unit means, one in memory at a time.

    :raises DataError: as :func:`read_plane`.
    """
    if not file.planes:
        yield read_plane(file.path)
        return
    if file.path.suffix.lower() in instruments.KINDS:
        yield from _read_instrument(file)
        return
    for plane in file.planes:
        try:
            yield np.atleast_2d(np.squeeze(_decode_at(file.path, plane)))
        except MemoryError:
            raise
        except Exception as error:  # decoders raise whatever a damaged file makes them stumble over
            raise DataError(f"{file.path.name}: cannot be read as an image: {_clause(error)}") from error


def _read_instrument(file: File) -> Iterator[Pixels]:
    try:
        with instruments.opened(file.path) as source:
            for plane in file.planes:
                at = {letter: plane[axis] for axis, letter in instruments.LETTERS.items()}
                yield np.atleast_2d(np.squeeze(np.array(source.pixels(plane["series"], at))))
    except (OSError, instruments.InstrumentError) as error:
        raise DataError(f"{file.path.name}: cannot be read as an image: {_clause(error)}") from error


def _decode_at(path: Path, plane: Mapping[str, int]) -> Pixels:
    """A plane of a TIFF; by its axes where the file tells them, else by its number."""
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[plane["series"]]
        shape, axes = series.shape[:-2], series.axes[:-2]
        known = {"C": "channel", "Z": "z", "T": "t"}
        if set(axes) <= set(known) and axes:
            number = int(np.ravel_multi_index([plane[known[axis]] for axis in axes], shape))
            page: Any = series.pages[number]
            return np.asarray(series.asarray(key=number) if page is None or series.is_truncated else _page(tiff, page))
        return np.asarray(_page(tiff, tiff.pages[plane["frame"]]))


def _page(tiff: Any, page: Any) -> Pixels:
    ends = np.add(page.dataoffsets, page.databytecounts)
    if ends.size and ends.max() > tiff.filehandle.size:
        raise ValueError("the file is cut short")
    return np.asarray(page.asarray())


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
    if suffix in instruments.KINDS:
        return _decode_instrument(path)
    return _decode_pillow(path)


def _decode_instrument(path: Path) -> Pixels:
    planes = math.prod(instruments.count(path).values())
    if planes > 1:
        raise ValueError(f"it has {planes} planes; name them by `planes` of its file set")
    with instruments.opened(path) as source:
        return np.array(source.pixels(0, dict.fromkeys(instruments.LETTERS.values(), 0)))


def _decode_tiff(path: Path) -> Pixels:
    with tifffile.TiffFile(path) as tiff:
        page: Any = tiff.pages[0]
        ends = np.add(page.dataoffsets, page.databytecounts)
        if ends.size and ends.max() > path.stat().st_size:
            raise ValueError("the file is cut short")
        if page.compression in tifffile.TIFF.DECOMPRESSORS:
            with suppress(ImportError):  # tifffile names decoders of newer Pythons, too
                return np.asarray(tiff.asarray())
        # Plain installs of tifffile lack decoders that Pillow brings; of a stack Pillow gives the first plane alone.
        if page.compression not in _PILLOW_DECODES or len(tiff.pages) > 1:
            raise _NoDecoderError(f"its planes are compressed by {_name(page.compression)}, {_DECODERS}")
        return _decode_pillow(path)


def _name(compression: int) -> str:
    return str(
        getattr(compression, "name", f"method {compression}")
    )  # a number that tifffile does not know has no name


class _NoDecoderError(Exception):
    """The file may be well, but nothing that is installed reads its compression."""


_PILLOW_DECODES = frozenset({tifffile.COMPRESSION.LZW, tifffile.COMPRESSION.JPEG, tifffile.COMPRESSION.PACKBITS})
_DECODERS = "which only imagecodecs reads: take the image `imaging`, or `pip install imagecodecs`"


def _decode_pillow(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB") if image.mode in {"P", "RGBA", "CMYK", "PA"} else image)


def _clause(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
