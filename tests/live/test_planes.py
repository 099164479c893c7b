"""Planes and masks as CellProfiler itself reads them, proven by the values of pixels."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import tifffile
from tests.unit.bench import Bench, folder_bench

from platerunner_unit.contract.manifest import InputFile, LoadData, OutputFile, ToolFile

PIPELINE = Path(__file__).parents[1] / "data" / "cppipe" / "planes.cppipe"
MAPPING = LoadData({"Orig{channel}": "i"}, {"Well": "well", "Z": "z"}, {"Nuclei": "masks"})
VALUES = [1000, 2000, 3000, 4000, 5000, 6000]


def planes() -> np.ndarray:
    """Six planes, the n-th of value n000 on its left half, and dark on its right one."""
    found = np.zeros((6, 32, 40), np.uint16)
    for number, value in enumerate(VALUES):
        found[number, :, :20] = value
    return found


def stored(bench: Bench, key: str, **values: object) -> InputFile:
    found = Path(bench.data, key).stat()
    return InputFile(key, "data", found.st_size, "e", dict(values))


def test_every_plane_of_a_stack_and_its_mask_is_read_as_named(tmp_path: Path, cellprofiler: str) -> None:
    bench = folder_bench(tmp_path, PLATERUNNER_CELLPROFILER=cellprofiler)
    data = Path(bench.data)
    # OME with channels outermost, ImageJ with channels innermost, and a file that says nothing: channels run fastest.
    tifffile.imwrite(data / "A01.ome.tiff", planes().reshape(2, 3, 32, 40), ome=True, metadata={"axes": "CZYX"})
    tifffile.imwrite(data / "A02.tif", planes().reshape(3, 2, 32, 40), imagej=True, metadata={"axes": "ZCYX"})
    tifffile.imwrite(data / "A03.tif", planes(), metadata=None)
    mask = np.zeros((32, 40), np.uint16)
    mask[:, :20] = 1
    for well in ("A01", "A02", "A03"):
        tifffile.imwrite(data / f"mask_{well}.tif", mask, metadata=None)
    names = {"A01": "A01.ome.tiff", "A02": "A02.tif", "A03": "A03.tif"}
    stacks = [stored(bench, key, well=well, channel=c) for well, key in names.items() for c in ("DNA", "ER")]
    masks = [stored(bench, f"mask_{well}.tif", well=well) for well in names]
    content = PIPELINE.read_bytes()
    bench.store.put("files/planes.cppipe", content)
    step = bench.step(
        tool="cellprofiler",
        files={"pipeline": (ToolFile("files/planes.cppipe", "planes.cppipe", hashlib.sha256(content).hexdigest()),)},
        load_data=MAPPING,
        planes={"i": {"channel": ("DNA", "ER"), "z": None}},
    )
    unit = bench.unit(inputs={"i": tuple(stacks), "masks": tuple(masks)}, outputs={"o": (OutputFile("m/Image.csv"),)})
    ran = bench.run(step, unit)
    assert ran.category == "succeeded", ran.sentence
    rows = list(csv.DictReader(io.StringIO(bench.store.get("m/Image.csv").decode())))
    found = [
        (row["Metadata_Well"], int(row["Metadata_Z"]), *(inside(row, channel) for channel in ("DNA", "ER")))
        for row in rows
    ]
    by_channel = [("A01", z, VALUES[z - 1], VALUES[z + 2]) for z in (1, 2, 3)]
    by_z = [(well, z, VALUES[2 * z - 2], VALUES[2 * z - 1]) for well in ("A02", "A03") for z in (1, 2, 3)]
    assert found == [*by_channel, *by_z]


def inside(row: dict[str, str], channel: str) -> int:
    """The mean of a plane within the mask; over all of it, it would be the half."""
    return round(float(row[f"Intensity_MeanIntensity_Orig{channel}_Nuclei"]) * 65535)
