"""`platerunner launches`: what it lists, and what it says where there is nothing to list."""

import json

import pytest
from tests.specs import wells
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.engine.records.launches import Launch, Launches, LaunchState, Refused
from platerunner.engine.records.results import write_blocked
from platerunner_unit.contract.storage import Storage

HEAD = 'schedule: {on_config: "s3://lab-launches/lab/"}\nparams: {plate: {type: string, required: true}}'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.yaml").write_text(wells("lab", head=HEAD))
    (tmp_path / "data").mkdir()
    return tmp_path


def look(*more: str):
    roots = ["--data-root", "data", "--workspace-root", "workspace"]
    return CliRunner().invoke(app, ["launches", "lab.yaml", *roots, *more])


def test_it_says_that_nothing_has_arrived(folder):
    assert "No file has arrived in s3://lab-launches/lab/ yet." in look().stdout


def test_it_lists_launches_with_what_holds_them_up_and_refused_files(folder):
    workspace = Storage(str(folder / "workspace"))
    kept = Launches(workspace)
    for name in ("a", "b"):
        kept.begin(Launch(name, "lab", f"s3://in/{name}.json", "d", {}))
        kept.note(name, LaunchState.RUNNING)
    kept.note("a", LaunchState.FAILED, cause="work: 1 of 2 units failed (1 out_of_memory)")
    place = workspace.url_of("_platerunner/runs/launch-b/work/blocked.json")
    write_blocked(lambda url: Storage(url), place, ["the queue is stuck"])
    problem = {"line": 1, "column": 1, "message": "`launch` is missing", "remedy": "Add it.", "code": "missing-key"}
    kept.refuse(Refused("c", "s3://in/c.json", "", "MissingRequiredParametersError", ("launch",), (problem,)))
    text = look().stdout
    assert "out_of_memory" in text
    assert "work: the queue is stuck" in text
    assert "MissingRequiredParametersError: line 1: `launch` is missing. Add it." in text
    told = json.loads(look("--json").stdout)
    assert {each["id"]: each["state"] for each in told["launches"]} == {"a": "FAILED", "b": "RUNNING"}
    assert told["refused"][0]["missing"] == ["launch"]


def test_a_pipeline_without_launches_ends_in_a_sentence(folder):
    (folder / "lab.yaml").write_text(wells("lab"))
    done = look()
    assert done.exit_code == 2
    assert "waits for no files that ask for a run; see `schedule.on_config`" in done.stderr
