"""Folders that are one thing, in plans: raw ones by what they hold, written ones by their marker."""

import shutil

import pytest
from tests.provider.engine.planning.lab import Lab, states
from tests.provider.engine.planning.s3 import requests_for, s3_bucket

from platerunner.engine.inspect.changes import changes
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.listing import existing_folders, list_folders
from platerunner.spec.file_patterns import FolderPattern
from platerunner_unit.contract.folders import UNFINISHED
from platerunner_unit.contract.outcome import inputs_as_kept
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import folder_of, marker_of

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}/lab"
dataset:
  root: "{{ data_root }}"
  files:
    plates: {folder: "plates/{plate}.zarr", complete: [plate]}
    notes: "notes/{plate}.txt"
steps:
  convert:
    module: command
    image: base:latest
    foreach: [plate]
    inputs: {plate: dataset.plates, note: dataset.notes}
    with: {argv: [convert, "{inputs.plate}", "{outputs.volume}"]}
    outputs: {volume: {folder: "vol/{plate}.zarr"}}
  measure:
    module: command
    image: base:latest
    foreach: [plate]
    inputs: {volume: convert.volume}
    with: {argv: [measure, "{inputs.volume}", "{outputs.table}"]}
    outputs: {table: "tables/{plate}.csv"}
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path, SPEC)
    for plate in ("P1", "P2"):
        for name in (".zgroup", "0/.zarray", "0/0.0", "0/0.1"):
            write(lab, f"plates/{plate}.zarr/{name}")
        write(lab, f"notes/{plate}.txt")
    return lab


def write(lab, key, text="{}"):
    path = lab.images / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


BOTH = ["plate=P1", "plate=P2"]


def test_a_folder_is_one_input_and_one_output_and_done_once(lab):
    plans = lab.plan_all()
    assert plans["convert"].listed == {"plate": 2, "note": 2}
    assert plans["convert"].notes == ()  # its files are left over by no pattern
    task = plans["convert"].units[0].task
    assert [file.key for file in task.inputs["plate"]] == ["plates/P1.zarr/"]
    assert [folder_of(file.key) for file in task.outputs["volume"]] == ["vol/P1.zarr"]
    assert lab.run() == {"convert": BOTH, "measure": BOTH}
    assert lab.run() == {"convert": [], "measure": []}


def test_a_folder_runs_again_when_a_file_of_it_changes_comes_or_goes(lab):
    lab.run()
    write(lab, "plates/P1.zarr/0/0.1", "changed")
    assert lab.run() == {"convert": ["plate=P1"], "measure": ["plate=P1"]}
    write(lab, "plates/P2.zarr/0/0.2")
    assert lab.run()["convert"] == ["plate=P2"]
    (lab.images / "plates/P2.zarr/0/0.2").touch()
    assert lab.run()["convert"] == []  # a time stamp alone is no other content


@pytest.mark.parametrize("gone", ["vol/P1.zarr", marker_of("vol/P1.zarr")])
def test_a_folder_without_its_marker_or_a_marker_without_its_folder_is_not_there(lab, gone):
    lab.run()
    path = lab.workspace.path(gone)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert states(lab.plan_all()["convert"])["plate=P1"] == ("pending", "output vol/P1.zarr/ is gone")
    assert states(lab.plan_all()["measure"])["plate=P1"] == ("pending", "after convert")
    assert lab.run()["convert"] == ["plate=P1"]


def test_raw_folders_that_are_no_good_are_told(lab):
    (lab.images / "plates/P1.zarr/.zgroup").unlink()
    write(lab, f"plates/P2.zarr/{UNFINISHED}")
    plan = lab.plan_all()["convert"]
    assert states(plan) == {"plate=P1": ("pending", "new"), "plate=P2": ("waiting", "waits for dataset.plates")}
    written, bare = plan.notes
    assert written == "dataset.plates: left out, since a step still writes it or was cut off: plates/P2.zarr/"
    assert bare.endswith("so that units which read it will fail: plates/P1.zarr/")


def test_no_folder_at_all_names_the_nearest_ones(lab):
    lab.spec = SPEC.replace("plates/{plate}.zarr", "plates/{plate}.n5")
    with pytest.raises(
        PlanningError, match=r"matches `plates/\{plate\}\.n5`; the nearest names are `plates/P[12]\.zarr/`"
    ):
        lab.plan_all()


def test_what_changed_is_said_of_the_folder(lab):
    lab.run()
    before = lab.plan_one("measure").units[0].task
    write(lab, "plates/P1.zarr/0/0.1", "changed")
    lab.run_step("convert")
    after = lab.plan_one("measure").units[0].task
    assert before.fingerprint != after.fingerprint
    was, is_now = ({"inputs": inputs_as_kept(task.inputs)} for task in (before, after))
    assert changes(was, is_now) == ["input `volume`: vol/P1.zarr/ holds other files"]


def test_a_plan_lists_no_file_of_a_written_folder():
    with s3_bucket() as bucket:
        store = Storage(f"s3://{bucket}/ws")
        for plate in ("P1", "P2"):
            for chunk in range(30):
                store.put(f"vol/{plate}/{chunk}.zarr/0/0.0", b"x")
        with requests_for("vol") as sent:
            found = existing_folders(store, Pattern.parse("vol/{plate}/{n}.zarr"))
        assert len(found) == 60
        assert len(sent) == 3  # the plates, and each plate's folders
        listed = list_folders(store, "data", FolderPattern(Pattern.parse("vol/{plate}")), {}).listed
        assert [(file.key, file.size) for file in listed.files] == [("vol/P1/", 30), ("vol/P2/", 30)]
