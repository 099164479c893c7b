"""`platerunner lineage` on a workspace that CellProfiler filled: from a table of cells to raw images, and back."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner_unit.contract.unit_keys import FORGOTTEN

RECORDED = Path(__file__).parents[2] / "data" / "workspaces_of_029ab36" / "demo_cellprofiler.tar.xz"
LICENCE = "https://spdx.org/licenses/CC0-1.0"


@pytest.fixture
def screen(tmp_path, monkeypatch):
    """Two wells that commit 029ab36 ran on real CellProfiler, with a gate that was approved."""
    with tarfile.open(RECORDED) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / "demo_cellprofiler"
    monkeypatch.chdir(folder)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    return folder


@pytest.fixture
def workspace(screen):
    return next(screen.rglob("_platerunner")).parent


def call(*args, code=0):
    done = CliRunner().invoke(app, ["lineage", *map(str, args)])
    assert done.exit_code == code, done.output
    return done.stdout if code in (0, 1) else " ".join(done.stderr.split())


def table_of_cells(workspace):
    return next(path for path in sorted(workspace.rglob("*.csv")) if "_platerunner" not in path.parts)


def test_a_table_of_cells_back_to_raw_images(screen, workspace):
    cells = table_of_cells(workspace)
    told = json.loads(call(cells, "--spec", "demo.yaml", "--json"))
    [target] = told["targets"]
    by = {each["step"]: each for each in told["attempts"].values()}
    made = told["attempts"][told["files"][target]["made_by"]]
    assert made["unit"].rpartition("=")[2] in str(cells)
    assert made["digest"].startswith("sha256:")
    assert [name for named in made["tool_files"].values() for name in named]
    raw = {file["key"] for file in told["files"].values() if file["root"] == "data"}
    assert raw, "no raw image"
    assert {each["decision"] for attempt in by.values() for each in attempt["gates"]} <= {"approved"}
    listed = {path.relative_to(screen / "screens" / "data").as_posix() for path in (screen / "screens/data").rglob("*")}
    assert raw <= listed

    lines = call(cells)
    assert "made by " in lines
    assert "(raw file)" in lines
    assert "cost: not known" in lines  # that version kept no ledger


def test_a_copy_is_known_by_its_content(workspace, tmp_path):
    cells = table_of_cells(workspace)
    copy = tmp_path / "from a colleague.csv"
    shutil.copy(cells, copy)
    assert f"it is a copy of {cells.relative_to(workspace)}" in call(copy, "--workspace", workspace)
    assert "is in no workspace: name the workspace" in call(copy, code=2)
    copy.write_text(f"{copy.read_text()}\n")
    assert "no attempt that is on record" in call(copy, "--workspace", workspace, code=2)


def test_what_was_changed_since_is_found_by_hashing_again(screen, workspace):
    cells, data = table_of_cells(workspace), ("--data-root", screen / "screens" / "data")
    assert "gone" not in call("check", cells, *data)
    cells.write_bytes(cells.read_bytes() + b"\n")
    assert f"{cells.relative_to(workspace)}: changed (SHA-256" in call("check", cells, *data, code=1)
    assert "somebody has changed it since" in call(cells)


def test_what_was_made_of_an_image_is_all_that_leads_back_to_it(screen, workspace):
    told = json.loads(call(table_of_cells(workspace), "--json"))
    image = next(file["key"] for file in told["files"].values() if file["root"] == "data")
    found = json.loads(call("made-of", image, "--workspace", workspace, "--json"))
    written = {output["key"] for each in found for output in each["outputs"]}
    assert {told["files"][target]["key"] for target in told["targets"]} <= written
    assert [each["after"] for each in found] == sorted(each["after"] for each in found)
    for key in written - {key for key in written if key.startswith("_platerunner")}:
        back = json.loads(call(workspace / key, "--json"))
        assert image in {file["key"] for file in back["files"].values()}, key


def test_who_read_a_version_that_was_overwritten_is_not_said_to_have_read_the_next(workspace):
    cells = table_of_cells(workspace)
    [made] = [each for each in json.loads(call(cells, "--json"))["attempts"].values()
              if any(output["key"] == str(cells.relative_to(workspace)) for output in each["outputs"])]  # fmt: skip
    folder = workspace / "_platerunner/outcomes" / made["step"] / made["unit"]
    [kept] = folder.glob("*.succeeded*.json")
    later = json.loads(kept.read_text()) | {"fingerprint": "later", "run_id": "later"}
    later["timing"]["ended"] = "2999-01-01T00:00:00+00:00"
    later["outputs"] = [{**each, "sha256": "0" * 64} for each in later["outputs"]]
    (folder / "later.succeeded.1.later.json").write_text(json.dumps(later))
    kept.rename(folder / kept.name.replace("succeeded", FORGOTTEN))
    readers = json.loads(call("made-of", cells.relative_to(workspace), "--workspace", workspace, "--json"))
    assert call(cells).count("run later") == 0  # what is there is still the first one's
    for reader in readers:
        for output in reader["outputs"]:
            back = json.loads(call(workspace / output["key"], "--json"))
            assert made["fingerprint"] in {each["fingerprint"] for each in back["attempts"].values()}


def test_a_crate_has_an_action_for_each_attempt(screen, workspace, tmp_path):
    roots = ("--data-root", screen / "screens/data", "--workspace-root", workspace.parent)
    crate = tmp_path / "crate"
    args = ("crate", "demo.yaml", *roots, "--param", "engine=cellprofiler", "--license", LICENCE, "--to", crate)
    assert "attempts" in call(*args)
    graph = {each["@id"]: each for each in json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]}
    actions = [each for each in graph.values() if each["@type"] == "CreateAction"]
    assert len(actions) > 2
    assert all(read["@id"] in graph for action in actions for read in action["object"])
    assert all((crate / id_).is_file() for id_ in graph if id_.startswith("tools/"))
    assert "is there already" in call(*args, code=2)
    nothing = (*args[:-1], tmp_path / "other", "--plate", "P=9")
    assert "has no unit of plate P=9 that succeeded" in call(*nothing, code=2)
