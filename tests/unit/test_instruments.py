"""ND2, CZI and LIF: which planes they have, their pixels, and what is said where they cannot be read."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import tifffile
from tests.unit.bench import data_file, folder_bench
from tests.unit.instrument_files import KINDS, SHAPE, WRITERS, value

from platerunner_unit import instruments
from platerunner_unit.contract.manifest import LoadData, ToolFile
from platerunner_unit.contract.planes import Planes
from platerunner_unit.imaging import pixels, project
from platerunner_unit.imaging.unit import DataError, File, Unit
from platerunner_unit.tools.stacks import PlanesError, read

CPPIPE = Path(__file__).parents[1] / "data" / "cppipe" / "illum_calc.cppipe"
NAMED: Planes = {"series": ("left", "right"), "channel": ("DNA", "ER"), "z": None}


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / f"a{request.param}"
    WRITERS[request.param](made)
    return made


def test_each_plane_is_the_one_that_is_named(path: Path) -> None:
    stack = read(path).fitted(NAMED)
    for series, place in enumerate(NAMED["series"] or ()):
        for channel, dye in enumerate(NAMED["channel"] or ()):
            planes = [plane for _, plane in stack.planes(NAMED, {"series": place, "channel": dye})]
            file = File(path, {}, tuple({"series": plane.series, **plane.at} for plane in planes))
            found = list(pixels.read_planes(file))
            assert [each.shape for each in found] == [SHAPE] * 3
            assert [set(each.flat) for each in found] == [{value(series, channel, z)} for z in (0, 1, 2)]


def test_a_projection_writes_a_tiff_that_everything_reads(path: Path) -> None:
    at = tuple({"series": 1, "channel": 1, "z": z, "t": 0} for z in (0, 1, 2))
    out = path.with_suffix(".tif")
    project.run(Unit("u", {}, "s", {}, {"images": (File(path, {}, at),)}, {"projected": (File(out),)}))
    assert set(tifffile.imread(out).flat) == {value(1, 1, 2)}


def test_other_planes_than_the_spec_names_and_stacks_without_planes_are_refused(path: Path) -> None:
    with pytest.raises(PlanesError, match=r"^has 2 channels, and `planes` names 3 \(DNA, ER, AGP\)$"):
        read(path).fitted({**NAMED, "channel": ("DNA", "ER", "AGP")})
    with pytest.raises(DataError, match=r"it has 12 planes; name them by `planes` of its file set$"):
        pixels.read_plane(path)


def test_what_is_damaged_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(PlanesError, match=rf"^cannot be read by `{instruments.KINDS[path.suffix][0]}`: ."):
        read(path)


def test_where_the_reader_is_missing_it_is_said_what_to_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = instruments.KINDS[path.suffix][0]
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(
        PlanesError, match=rf"which `{library}` reads, and this image has none: let a step `imaging.pro"
    ):
        read(path)


def test_cellprofiler_is_not_given_planes_that_it_counts_otherwise(tmp_path: Path) -> None:
    bench = folder_bench(tmp_path)
    WRITERS[".nd2"](tmp_path / "a.nd2")
    values = {"channel": "DNA", "series": "left"}
    file = data_file(bench, "a.nd2", (tmp_path / "a.nd2").read_bytes(), values=values)
    content = CPPIPE.read_bytes()
    bench.store.put("files/calc.cppipe", content)
    tool = ToolFile("files/calc.cppipe", "calc.cppipe", hashlib.sha256(content).hexdigest())
    step = bench.step(
        tool="cellprofiler", files={"pipeline": (tool,)}, planes={"i": NAMED},
        load_data=LoadData({"Orig{channel}": "i"}, {}),
    )  # fmt: skip
    ran = bench.run(step, bench.unit([], [file]))
    assert ran.category == "pipeline_invalid"
    assert "CellProfiler counts the planes of" in ran.sentence
