"""Writes a volume as OME-Zarr 0.4 with several scales, block by block; what is there and whole is not read again.

https://ngff.openmicroscopy.org/0.4/#multiscale-md
"""

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore as ts

from platerunner_em.fetching import DataError, in_threads
from platerunner_em.volume import Box, Request, Volume, Voxels

CHUNK = 64
_SMALLEST = 64
"""No further scale is made of a volume that has no longer side."""


@dataclass(frozen=True)
class Written:
    """What was written.

    :param fetched: blocks that were read from the source.
    :param kept: blocks that an earlier attempt had read.
    :param digests: SHA-256 of each block's voxels, in order.
    """

    levels: int
    blocks: int
    fetched: int
    kept: int
    digests: tuple[str, ...]


def write(volume: Volume, store: Path, memory: Path, request: Request, name: str) -> Written:
    """Write the volume's own scale block by block, then the smaller ones.

    :param store: the OME-Zarr; what an earlier attempt left of it stays.
    :param memory: a line for each block that is written, with its checksum.
    :param request: how many bytes a block has, and how many are read at a time.
    :param name: of the image.
    :raises DataError: if the source cannot be read.
    """
    identity = {"url": volume.url, "shape": list(volume.shape), "dtype": volume.dtype.name, "chunk": request.chunk}
    known = _known(memory, identity)
    if known is None:
        shutil.rmtree(store, ignore_errors=True)
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps(identity) + "\n")
        known = {}
    full = _array(store, 0, volume.shape, volume.dtype)
    boxes = list(blocks(volume, request.chunk))
    there = {number: known[number] for number, box in enumerate(boxes) if known.get(number) == _digest(full, box)}
    lock = threading.Lock()

    def fetch(number: int) -> tuple[int, str]:
        voxels = np.ascontiguousarray(volume.read(boxes[number]))
        _clear(store, boxes[number])
        full[_index(boxes[number])].write(voxels).result()
        sha256 = hashlib.sha256(voxels.tobytes()).hexdigest()
        with lock, memory.open("a") as stream:
            stream.write(json.dumps([number, sha256]) + "\n")
        return number, sha256

    fetched = dict(in_threads(fetch, [number for number in range(len(boxes)) if number not in there], request.workers))
    digests = {**there, **fetched}
    levels = _smaller(store, full, volume)
    _describe(store, volume, levels, name)
    in_order = tuple(digests[number] for number in range(len(boxes)))
    return Written(len(levels), len(boxes), len(fetched), len(there), in_order)


def blocks(volume: Volume, limit: int) -> Iterator[Box]:
    """Boxes along the chunks of the source and of the OME-Zarr, each as large as fits into a number of bytes.

    :param limit: bytes.
    """
    # Always whole chunks of the OME-Zarr, so that a block can be written again without a look at its neighbours.
    both = [int(np.lcm(CHUNK, own)) for own in volume.chunks]
    size = [one if one <= 8 * CHUNK else -(-own // CHUNK) * CHUNK for one, own in zip(both, volume.chunks, strict=True)]
    size = [min(side, whole) for side, whole in zip(size, volume.shape, strict=True)]
    for axis in (2, 1, 0):
        while size[axis] < volume.shape[axis] and 2 * int(np.prod(size)) * volume.dtype.itemsize <= limit:
            size[axis] *= 2
    starts = (range(0, whole, side) for whole, side in zip(volume.shape, size, strict=True))
    for z, y, x in product(*starts):
        ends = (min(at + side, whole) for at, side, whole in zip((z, y, x), size, volume.shape, strict=True))
        z1, y1, x1 = ends
        yield (z, z1), (y, y1), (x, x1)


def _known(memory: Path, identity: dict[str, Any]) -> dict[int, str] | None:
    """Checksums of an earlier attempt's blocks; None if there was none, or it was of another volume."""
    if not memory.is_file():
        return None
    first, *lines = memory.read_text().splitlines() or [""]
    if first != json.dumps(identity):
        return None
    found = {}
    for line in lines:
        try:
            number, sha256 = json.loads(line)
        except ValueError:
            continue  # the last line of an attempt that was cut off
        found[number] = sha256
    return found


def _index(box: Box) -> tuple[slice, ...]:
    return tuple(slice(*side) for side in box)


def _digest(array: Any, box: Box) -> str:
    try:
        return hashlib.sha256(np.ascontiguousarray(array[_index(box)].read().result()).tobytes()).hexdigest()
    except ValueError:  # a chunk that was cut off
        return ""


def _clear(store: Path, box: Box) -> None:
    """Take away what an attempt that was cut off left of a block: a chunk that is torn cannot be written over."""
    for place in product(*(range(start // CHUNK, -(-end // CHUNK)) for start, end in box)):
        (store / "0" / "/".join(map(str, place))).unlink(missing_ok=True)


def _array(store: Path, level: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    spec = {
        "driver": "zarr",
        "kvstore": {"driver": "file", "path": f"{store}/{level}/"},
        "metadata": {
            "shape": list(shape),
            "chunks": [min(CHUNK, side) for side in shape],
            "dtype": dtype.newbyteorder("<").str,
            "compressor": {"id": "zlib", "level": 1},
            "dimension_separator": "/",
            "fill_value": 0,
        },
    }
    try:
        return ts.open(spec, open=True, create=True).result()
    except ValueError as error:
        raise DataError(f"{store.name}, scale {level}: {error}") from error


def _smaller(store: Path, full: Any, volume: Volume) -> list[tuple[float, float, float]]:
    """Write the smaller scales, each half as large where a side is long enough; the factors of all scales."""
    factors = [(1.0, 1.0, 1.0)]
    above, shape = full, volume.shape
    while max(shape) > _SMALLEST:
        steps = tuple(2 if side > _SMALLEST // 2 else 1 for side in shape)
        smaller = tuple(-(-side // step) for side, step in zip(shape, steps, strict=True))
        below = _array(store, len(factors), smaller, volume.dtype)
        for corner in product(*(range(0, side, 2 * CHUNK) for side in smaller)):
            ends = [min(at + 2 * CHUNK, side) for at, side in zip(corner, smaller, strict=True)]
            part = tuple(slice(at, end) for at, end in zip(corner, ends, strict=True))
            of = zip(corner, ends, steps, shape, strict=True)
            read = tuple(slice(at * step, min(end * step, side)) for at, end, step, side in of)
            below[part].write(_mean(above[read].read().result(), steps)).result()
        factors.append(tuple(f * s for f, s in zip(factors[-1], steps, strict=True)))  # type: ignore[arg-type]
        above, shape = below, smaller  # type: ignore[assignment]
    return factors


def _mean(voxels: Voxels, steps: tuple[int, ...]) -> Voxels:
    """The mean of neighbours; at an odd end, of those that are there."""
    found: Voxels = voxels
    for axis, step in enumerate(steps):
        if step == 1:
            continue
        if found.shape[axis] % step:
            last = np.take(found, [-1], axis=axis)
            found = np.concatenate([found, last], axis=axis)
        pairs = found.astype(np.float64).reshape(*found.shape[:axis], -1, step, *found.shape[axis + 1 :])
        found = pairs.mean(axis=axis + 1)
    return found.astype(voxels.dtype) if voxels.dtype.kind == "f" else np.rint(found).astype(voxels.dtype)


def _describe(store: Path, volume: Volume, factors: list[tuple[float, float, float]], name: str) -> None:
    scales = [
        {
            "path": str(level),
            "coordinateTransformations": [
                {"type": "scale", "scale": [nm * f for nm, f in zip(volume.voxel_nm, factor, strict=True)]},
                {
                    "type": "translation",
                    "translation": [nm * (f - 1) / 2 for nm, f in zip(volume.voxel_nm, factor, strict=True)],
                },
            ],
        }
        for level, factor in enumerate(factors)
    ]
    axes = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"]
    multiscales = [{"version": "0.4", "name": name, "axes": axes, "datasets": scales, "type": "mean"}]
    (store / ".zgroup").write_text(json.dumps({"zarr_format": 2}))
    (store / ".zattrs").write_text(json.dumps({"multiscales": multiscales}, indent=1))
