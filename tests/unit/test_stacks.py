"""Files with several planes: what they say of themselves, what is refused, and what tools get."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.unit.bench import Bench, data_file, folder_bench

from platerunner_unit.contract.manifest import StepTask
from platerunner_unit.contract.planes import Planes
from platerunner_unit.imaging import project
from platerunner_unit.imaging.unit import File, Unit
from platerunner_unit.tools.stacks import PlanesError, read

NAMED: Planes = {"channel": ("DNA", "ER"), "z": None}


def planes(count: int = 6) -> np.ndarray:
    return np.stack([np.full((16, 20), number + 1, np.uint16) for number in range(count)])


def ome(path: Path) -> None:
    tifffile.imwrite(path, planes().reshape(2, 3, 16, 20), ome=True, metadata={"axes": "CZYX"})


def imagej(path: Path) -> None:
    tifffile.imwrite(path, planes().reshape(3, 2, 16, 20), imagej=True, metadata={"axes": "ZCYX"})


def plain(path: Path) -> None:
    tifffile.imwrite(path, planes(), metadata=None)


def two_series(path: Path) -> None:
    with tifffile.TiffWriter(path, ome=True) as writer:
        for _ in range(2):
            writer.write(planes().reshape(2, 3, 16, 20), metadata={"axes": "CZYX"})


@pytest.mark.parametrize(("write", "frames"), [(ome, [3, 4, 5]), (imagej, [1, 3, 5]), (plain, [1, 3, 5])])
def test_a_file_tells_which_plane_is_which(tmp_path: Path, write, frames: list[int]) -> None:
    write(tmp_path / "a.tif")
    stack = read(tmp_path / "a.tif").fitted(NAMED)
    found = list(stack.planes(NAMED, {"channel": "ER"}))
    assert [(whole, plane.frame) for whole, plane in found] == [({"z": z}, frames[z - 1]) for z in (1, 2, 3)]


def test_series_are_told_apart(tmp_path: Path) -> None:
    two_series(tmp_path / "a.ome.tif")
    told: Planes = {**NAMED, "series": ("left", "right")}
    stack = read(tmp_path / "a.ome.tif").fitted(told)
    found = [plane for _, plane in stack.planes(told, {"channel": "DNA", "series": "right"})]
    assert [(plane.series, plane.frame) for plane in found] == [(1, 0), (1, 1), (1, 2)]


@pytest.mark.parametrize(
    ("write", "told", "clause"),
    [
        (ome, {"channel": ("DNA", "ER", "AGP"), "z": None}, "has 2 channels, and `planes` names 3 (DNA, ER, AGP)"),
        (imagej, {"channel": ("DNA", "ER")}, "has 3 z planes, of which `planes` says nothing"),
        (two_series, NAMED, "has 2 series, of which `planes` says nothing"),
        (plain, {"channel": ("a", "b", "c", "d"), "z": None}, "has 6 pictures, which are not 4 channels, as `planes`"),
        (plain, {"channel": None, "z": None}, "has 6 pictures and does not say which is what on channel and z"),
        (plain, {"series": None}, "has 6 pictures and names no series"),
    ],
)
def test_other_planes_than_the_spec_names_are_a_clear_sentence(tmp_path: Path, write, told, clause: str) -> None:
    write(tmp_path / "a.tif")
    with pytest.raises(PlanesError, match=r".*") as raised:
        read(tmp_path / "a.tif").fitted(told)
    assert clause in str(raised.value)


def test_what_is_no_tiff_and_metadata_that_may_do_harm_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanesError, match=r"is no TIFF: planes are read of TIFF, OME-TIFF, ND2, CZI and LIF; export"):
        read(tmp_path / "a.png")
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><OME>&a;</OME>'
    tifffile.imwrite(tmp_path / "a.tif", planes(1), description=bomb, metadata=None)
    with pytest.raises(PlanesError, match="a document type"):
        read(tmp_path / "a.tif")


def stacked(bench: Bench, argv: tuple[str, ...]) -> StepTask:
    return bench.step(argv, planes={"i": NAMED})


def test_a_program_is_given_a_file_once_and_told_its_planes(tmp_path: Path) -> None:
    bench = folder_bench(tmp_path)
    ome(tmp_path / "a.tif")
    content = (tmp_path / "a.tif").read_bytes()
    files = [data_file(bench, "a.tif", content, values={"channel": channel}) for channel in ("DNA", "ER")]
    step = stacked(bench, ("sh", "-c", 'cp "$1" "$2"; test $# = 2', "sh", "{unit}", "{outputs.o}"))
    ran = bench.run(step, bench.unit(["unit.json"], files))
    assert ran.category == "succeeded", ran.sentence
    told = json.loads(bench.store.get("unit.json"))["inputs"]["i"]
    assert [[plane["frame"] for plane in each["planes"]] for each in told] == [[0, 1, 2], [3, 4, 5]]
    count = stacked(bench, ("sh", "-c", "echo $# >$0", "{outputs.o}", "{inputs.i}"))
    assert bench.run(count, bench.unit(["n"], files, fingerprint="f2")).category == "succeeded"
    assert bench.store.get("n") == b"1\n"


def test_files_of_a_unit_whose_planes_differ_are_named(tmp_path: Path) -> None:
    bench = folder_bench(tmp_path)
    for name, count in (("a.tif", 6), ("b.tif", 4)):
        tifffile.imwrite(tmp_path / name, planes(count), metadata=None, photometric="minisblack")
    values = {"channel": "DNA"}
    files = [data_file(bench, name, (tmp_path / name).read_bytes(), values=values) for name in ("a.tif", "b.tif")]
    ran = bench.run(stacked(bench, ("true",)), bench.unit([], files))
    assert (ran.category, ran.sentence) == (
        "pipeline_invalid",
        "The planes differ: b.tif has 2 on z, and a.tif has 3.",
    )


@pytest.mark.parametrize(("method", "value"), [("max", 6), ("mean", 5), ("best_focus", 4)])
def test_projections(tmp_path: Path, method: str, value: int) -> None:
    pixels = planes()
    pixels[3, ::2, ::2] = 60  # a sharp pattern on the fourth plane
    pixels[3, 1::2] = 4
    tifffile.imwrite(tmp_path / "a.tif", pixels.reshape(2, 3, 16, 20), ome=True, metadata={"axes": "CZYX"})
    at = [{"series": 0, "channel": 1, "z": z, "t": 0, "frame": 3 + z} for z in range(3)]
    out = tmp_path / "out.tif"
    unit = Unit(
        "u", {}, "s", {"method": method}, {"images": (File(tmp_path / "a.tif", {}, tuple(at)),)},
        {"projected": (File(out),)},
    )  # fmt: skip
    project.run(unit)
    assert tifffile.imread(out)[1, 1] == value
