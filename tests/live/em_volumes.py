"""Run in the Python of `make em`: write small volumes as five archives have them, and read OME-Zarrs back.

    python em_volumes.py write FOLDER      what a web server serves, and the voxels themselves as .npy
    python em_volumes.py read ZARR...      what zarr and ome-zarr-models make of them, which the loaders have not

N5 and precomputed chunks are written by hand, by the specifications: the loaders' own library is no witness for itself.
"""

import gzip
import hashlib
import json
import struct
import sys
from itertools import product
from pathlib import Path

import mrcfile
import numpy as np
import tifffile
import zarr
from ome_zarr_models.v04.image import Image

VOXELS = (70, 90, 130)  # z, y, x: no side is a multiple of a chunk's


def voxels(seed: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 250, VOXELS).astype(dtype)


def write(folder: Path) -> None:
    for name in ("ebi/7", "epfl", "dvid", "precomputed/fly", "idr", "n5/hela.n5/em/s0"):
        (folder / name).mkdir(parents=True)
    arrays = {"ebi": voxels(1, "int16"), "epfl": voxels(2), "dvid": voxels(3), "precomputed": voxels(4),
              "idr": voxels(5, "uint16"), "n5": voxels(6, "uint16")}  # fmt: skip
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    with mrcfile.new(folder / "ebi/7/stack.mrc") as mrc:
        mrc.set_data(arrays["ebi"])
        mrc.voxel_size = (40.0, 40.0, 80.0)  # x, y, z in angstrom
    (folder / "ebi/7/notes.txt").write_text("not a volume")
    tifffile.imwrite(folder / "epfl/brain.tif", arrays["epfl"], photometric="minisblack")
    write_precomputed(folder / "precomputed/fly", arrays["precomputed"])
    write_n5(folder / "n5/hela.n5/em/s0", arrays["n5"])
    write_idr(folder / "idr/1.zarr", arrays["idr"])


def write_precomputed(folder: Path, array: np.ndarray, chunk: int = 64) -> None:
    """https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/volume.md"""
    size = array.shape[::-1]
    scale = {"key": "8nm", "size": size, "resolution": [8, 8, 8], "voxel_offset": [10, 20, 30],
             "chunk_sizes": [[chunk] * 3], "encoding": "raw"}  # fmt: skip
    info = {"type": "image", "data_type": "uint8", "num_channels": 1, "scales": [scale]}
    (folder / "info").write_text(json.dumps({"@type": "neuroglancer_multiscale_volume", **info}))
    (folder / "8nm").mkdir()
    for corner in product(*(range(0, side, chunk) for side in size)):
        ends = [min(at + chunk, side) for at, side in zip(corner, size, strict=True)]
        offset = scale["voxel_offset"]
        name = "_".join(f"{a + o}-{b + o}" for a, b, o in zip(corner, ends, offset, strict=True))
        (x, y, z), (x1, y1, z1) = corner, ends
        (folder / "8nm" / name).write_bytes(array[z:z1, y:y1, x:x1].tobytes())


def write_n5(folder: Path, array: np.ndarray, chunk: int = 32) -> None:
    """https://github.com/saalfeldlab/n5: axes from x, blocks with a header, big-endian."""
    attributes = {"dimensions": array.shape[::-1], "blockSize": [chunk] * 3, "dataType": array.dtype.name,
                  "compression": {"type": "gzip", "level": 1},
                  "pixelResolution": {"dimensions": [4.0, 4.0, 5.24], "unit": "nm"}}  # fmt: skip
    (folder / "attributes.json").write_text(json.dumps(attributes))
    for z, y, x in product(*(range(0, side, chunk) for side in array.shape)):
        block = array[z : z + chunk, y : y + chunk, x : x + chunk]
        header = struct.pack(">HHIII", 0, 3, *block.shape[::-1])
        path = folder / str(x // chunk) / str(y // chunk) / str(z // chunk)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(header + gzip.compress(block.astype(block.dtype.newbyteorder(">")).tobytes()))


def write_idr(folder: Path, array: np.ndarray) -> None:
    """Axes t, c, z, y, x, as the archive has them; the second channel is the one to be loaded."""
    group = zarr.open_group(folder, mode="w", zarr_format=2)
    shape = (1, 2, *array.shape)
    made = group.create_array("0", shape=shape, chunks=(1, 1, 32, 64, 64), dtype=array.dtype,
                              chunk_key_encoding={"name": "v2", "separator": "/"})  # fmt: skip
    made[0, 0], made[0, 1] = 0, array
    axes = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"},
            *({"name": n, "type": "space", "unit": "micrometer"} for n in "zyx")]  # fmt: skip
    scale = [{"type": "scale", "scale": [1, 1, 0.5, 0.25, 0.25]}]
    datasets = [{"path": "0", "coordinateTransformations": scale}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]


def read(path: Path) -> dict:
    group = zarr.open_group(path, mode="r", zarr_format=2)
    multiscale = Image.from_zarr(group).attributes.multiscales[0]  # refuses what is not by the specification
    levels = [group[dataset.path] for dataset in multiscale.datasets]
    data = np.asarray(levels[0])
    smaller = np.asarray(levels[1])
    first = data[:2, :2, :2].astype(float).mean()
    return {
        "sha256": hashlib.sha256(data.tobytes()).hexdigest(),
        "dtype": data.dtype.name,
        "shapes": [list(level.shape) for level in levels],
        "scale": multiscale.datasets[0].coordinateTransformations[0].scale,
        "next_scale": multiscale.datasets[1].coordinateTransformations[0].scale,
        "mean_is_mean": bool(abs(float(smaller[0, 0, 0]) - first) <= 1),
    }


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        print(json.dumps([read(Path(name)) for name in sys.argv[2:]]))
