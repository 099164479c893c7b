"""A volume as a source offers it: where it comes from, how large it is, and a way to read any box of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""From and to, in z, y and x."""
Voxels = NDArray[Any]


@dataclass(frozen=True)
class Volume:
    """One volume.

    :param url: where it comes from.
    :param shape: voxels in z, y and x.
    :param voxel_nm: size of a voxel in z, y and x.
    :param read: gives the voxels of a box.
    :param about: title, doi, licence, as far as the source says.
    :param chunks: the source's own chunks in z, y and x; reading along them reads nothing twice.
    :param files: SHA-256 of each chunk of the files that it was read from, by file.
    """

    url: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    voxel_nm: tuple[float, float, float]
    read: Callable[[Box], Voxels]
    about: dict[str, str] = field(default_factory=dict)
    chunks: tuple[int, int, int] = (64, 64, 64)
    files: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What a step asks of a loader.

    :param url: of the source, with the dataset's name filled in.
    :param params: of the step.
    :param folder: where files that are fetched whole are kept between attempts.
    :param chunk: bytes that are fetched at a time.
    :param workers: fetches at a time.
    """

    dataset: str
    url: str
    params: dict[str, Any]
    folder: Path
    chunk: int
    workers: int
