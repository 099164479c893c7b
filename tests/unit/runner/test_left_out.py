"""Single input files that cannot be read, left out up to a limit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.unit.bench import Bench, Ran, data_file, folder_bench

from platerunner_unit.cellprofiler.load_data import Table, names_at_risk, with_left_out
from platerunner_unit.contract.manifest import InputFile, LoadData
from platerunner_unit.runner.left_out import without_unreadable
from platerunner_unit.tools.job import Job, Settings, WorkFolder


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return folder_bench(tmp_path)


def image(bench: Bench, name: str, *, cut: bool, **values: str) -> InputFile:
    path = Path(bench.workspace).parent / "made.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.uint16))
    content = path.read_bytes()
    return data_file(bench, name, content[: len(content) // 2] if cut else content, values=values)


def run(bench: Bench, limit: float | None, cut: int) -> Ran:
    files = [image(bench, f"{n}.tif", cut=n < cut) for n in range(10)]
    step = bench.step(
        ["sh", "-c", "echo $# >$0", "{outputs.o}", "{inputs.i}"],
        leave_out={} if limit is None else {"unreadable": limit},
    )
    return bench.run(step, bench.unit(["n.txt"], files))


@pytest.mark.parametrize(("limit", "cut"), [(0.1, 1), (2, 2), (0.2, 0)])
def test_a_unit_goes_on_without_broken_files_and_names_them(bench: Bench, limit: float, cut: int) -> None:
    ran = run(bench, limit, cut)
    assert ran.category == "succeeded", ran.sentence
    assert bench.store.get("n.txt") == f"{10 - cut}\n".encode()
    assert ran.outcome is not None
    notes = [note for note in ran.outcome.verdict.notes if note.startswith("Left out")]
    assert len(notes) == (1 if cut else 0)
    if cut:
        assert notes[0].startswith(f"Left out {cut} of 10 input files: {bench.data}/0.tif is cut off")
        assert len(ran.outcome.ingredients["inputs"]["i"]) == 10  # the fingerprint is of all


@pytest.mark.parametrize(("limit", "cut"), [(0.1, 2), (0, 1), (0.09, 1)])
def test_beyond_the_limit_it_fails_and_says_so(bench: Bench, limit: float, cut: int) -> None:
    ran = run(bench, limit, cut)
    allowed = int(limit * 10) if isinstance(limit, float) else limit
    assert ran.category == "input_unreadable"
    assert ran.sentence.startswith(f"{cut} of 10 input files cannot be read, and `leave_out` allows {allowed}: ")


@pytest.mark.parametrize("cut", [0, 2])
def test_a_program_is_told_which_they_were(bench: Bench, cut: int) -> None:
    files = [image(bench, f"{n}.tif", cut=n < cut) for n in range(10)]
    step = bench.step(["sh", "-c", "cp $1 $0", "{outputs.o}", "{unit}"], leave_out={"unreadable": 2})
    assert bench.run(step, bench.unit(["unit.json"], files)).category == "succeeded"
    assert json.loads(bench.store.get("unit.json"))["left_out"] == [f"{n}.tif" for n in range(cut)]


@pytest.mark.parametrize(("keys", "told"), [((), "none"), (("a b.tif", "c.tif"), "a b.tif; c.tif")])
def test_each_row_for_cellprofiler_names_them(keys: tuple[str, ...], told: str) -> None:
    table = with_left_out(Table(("FileName_DNA", "Metadata_Well"), (("a", "A01"), ("b", "A02")), ("1", "2")), keys)
    assert table.columns == ("FileName_DNA", "Metadata_Well", "Metadata_LeftOut")
    assert [row[-1] for row in table.rows] == [told, told]
    assert not names_at_risk(table)


def test_without_the_key_nothing_is_left_out(bench: Bench) -> None:
    assert run(bench, None, 1).category == "input_unreadable"


def test_loaddata_goes_without_the_whole_image_set(bench: Bench, tmp_path: Path) -> None:
    names = [(well, channel) for well in ("A01", "A02") for channel in ("DNA", "ER")]
    files = [
        image(bench, f"{well}_{channel}.tif", cut=(well, channel) == ("A01", "ER"), well=well, channel=channel)
        for well, channel in names
    ]
    shared = image(bench, "illum.tif", cut=False, channel="ER")
    step = bench.step(
        tool="cellprofiler", load_data=LoadData({"Orig{channel}": "i"}, {"Well": "well"}), leave_out={"unreadable": 1}
    )
    unit = bench.unit(inputs={"i": tuple(files), "illum": (shared,)})
    folder = WorkFolder.create(tmp_path / "w", "f1")
    for file in (*files, shared):
        folder.path_of(file).parent.mkdir(parents=True, exist_ok=True)
        folder.path_of(file).write_bytes(Path(bench.data, file.key).read_bytes())
    left = without_unreadable(Job(step, unit, folder, Settings.from_environ({})))
    assert [file.key for file in left.job.unit.inputs["i"]] == ["A02_DNA.tif", "A02_ER.tif"]
    assert left.job.unit.inputs["illum"] == (shared,)
    assert left.job.left_out == ("A01_ER.tif",)
