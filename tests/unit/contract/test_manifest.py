"""The manifest: what Airflow writes is what a container reads, one line at a time."""

import json
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platerunner_unit.contract import manifest
from platerunner_unit.contract.manifest import InputFile, LoadData, OpenOutput, OutputFile, StepTask, ToolFile, UnitTask
from platerunner_unit.contract.storage import NotFoundError, Storage, StorageError

STEP = StepTask(
    pipeline="p",
    run_id="manual__2026-01-01T00:00:00+00:00",
    step="illum_apply",
    submission=1,
    module="cellprofiler",
    tool="cellprofiler",
    roots={"data": "s3://bucket/data", "workspace": "/work"},
    argv=("a", "{unit}"),
    params={"threshold": 0.2, "list": [1, "ü"]},
    files={
        "pipeline": (ToolFile("_platerunner/files/0/a.cppipe", "a.cppipe", "0"),),
        "plugins": (ToolFile("k", "b.py", "1"),),
    },
    folders=("plugins",),
    load_data=LoadData({"Orig{channel}": "images"}, {"Well": "well"}),
    image="cellprofiler:4.2.8",
    digest="sha256:0",
    timeout_s=60.0,
    requested={"memory": 2**33},
)


def _unit(number: int) -> UnitTask:
    values = {"plate": "P1", "well": f"ü{number:05d}" * (number % 7 + 1)}
    return UnitTask(
        unit=f"plate=P1/well={number}",
        values=values,
        fingerprint=f"{number:032x}",
        inputs={"images": (InputFile("a/b", "data", 3, "e", {"site": 1}), InputFile("missing"))},
        outputs={"corrected": (OutputFile("c", {"site": 1}, "tool/c"),)},
        open_outputs={"tiles": OpenOutput("t/{tile}.tiff", 1, None, None)},
        attempts_before=number,
    )


def test_the_step_file_reads_back():
    assert StepTask.from_json(STEP.to_json()) == STEP


@pytest.mark.parametrize("number", [0, 5])
def test_a_unit_line_reads_back(number):
    line = _unit(number).to_json()
    assert b"\n" not in line
    assert UnitTask.from_json(line) == _unit(number)


def test_each_index_reads_its_own_line(tmp_path):
    storage, units = Storage(str(tmp_path)), [_unit(number) for number in range(100)]
    manifest.write(storage, "runs/r/s/1", STEP, units)
    for index in (0, 1, 7, 50, 99):
        assert manifest.read_job(storage, "runs/r/s/1", index) == (STEP, (units[index],))


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_lines_that_are_alike_have_one_length_and_are_read_by_it_or_by_the_index(tmp_path, sizes):
    storage = Storage(str(tmp_path))
    units = [replace(_unit(0), unit=f"u{number}", values={"well": "ü" * size}) for number, size in enumerate(sizes)]
    length = manifest.write(storage, "m/1", STEP, units)
    lines = [len(unit.to_json()) + 1 for unit in units]
    assert (length is None) == (max(lines) * len(lines) > 1.25 * sum(lines))
    assert length in (None, max(lines))
    for index, unit in enumerate(units):
        assert manifest.read_job(storage, "m/1", index) == (STEP, (unit,))
        assert length is None or manifest.read_job(storage, "m/1", index, length) == (STEP, (unit,))


def test_one_unit_with_very_many_files_makes_no_other_line_longer(tmp_path):
    storage, units = Storage(str(tmp_path)), [_unit(number) for number in range(0, 70, 7)]
    units[3] = replace(units[3], inputs={"images": tuple(InputFile(f"a/{site}") for site in range(1000))})
    assert manifest.write(storage, "m/1", STEP, units) is None
    assert manifest.read_job(storage, "m/1", 3) == (STEP, (units[3],))


def test_a_length_that_is_not_the_lines_is_refused(tmp_path):
    storage, units = Storage(str(tmp_path)), [replace(_unit(0), unit=f"u{number}") for number in range(4)]
    length = manifest.write(storage, "m/1", STEP, units)
    with pytest.raises(ValueError, match=r"PLATERUNNER_LINE=\d+: that is not how long the lines are"):
        manifest.read_job(storage, "m/1", 1, length - 1)


@pytest.mark.parametrize(("index", "error"), [(3, IndexError), (100, StorageError)])
def test_an_index_beyond_the_last_line_is_an_error(tmp_path, index, error):
    storage = Storage(str(tmp_path))
    manifest.write(storage, "m/1", STEP, [_unit(number) for number in range(3)])
    with pytest.raises(error, match="m/1"):
        manifest.read_job(storage, "m/1", index)


def test_a_manifest_that_is_not_there(tmp_path):
    with pytest.raises(NotFoundError, match="does not exist"):
        manifest.read_job(Storage(str(tmp_path)), "m/1", 0)


def test_another_format_is_refused_with_the_remedy():
    raw = {**json.loads(STEP.to_json()), "format": 99}
    with pytest.raises(ValueError, match=r"format 99.*use an image built with it"):
        StepTask.from_json(json.dumps(raw).encode())


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.text(), st.integers())))
def test_any_values_survive(values):
    unit = UnitTask("u", values, "f", {"i": (InputFile("k", values=values),)})
    assert UnitTask.from_json(unit.to_json()) == unit


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(count=st.integers(0, 60), at_once=st.integers(1, 20_000))
def test_all_units_are_read_in_parts_without_their_files(tmp_path, monkeypatch, count, at_once):
    monkeypatch.setattr(manifest, "_AT_ONCE", at_once)
    storage, units = Storage(str(tmp_path)), [_unit(number) for number in range(count)]
    manifest.write(storage, "run/step/1", STEP, units)
    bare = [replace(unit, inputs={}, outputs={}, open_outputs={}) for unit in units]
    assert list(manifest.read_units(storage, "run/step/1")) == bare


def test_units_with_many_files_are_held_in_little_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "_AT_ONCE", 256 * 1024)
    storage, count = Storage(str(tmp_path)), 400
    files = tuple(
        InputFile(f"images/plate/well/site_{site:03d}_channel.tiff", "data", 3, "e" * 32) for site in range(45)
    )
    many = (replace(_unit(number), inputs={"images": files}, values={"well": "A01"}) for number in range(count))
    manifest.write(storage, "run/step/1", STEP, many)
    tracemalloc.start()
    held = tuple(manifest.read_units(storage, "run/step/1"))
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(held) == count
    assert kept / count < 3 * 1024
    assert peak < 3 * 1024 * count + 4 * manifest._AT_ONCE
