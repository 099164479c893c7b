"""A shell in a unit that runs on the embedded cloud, and the sentences about units that do not."""

import getpass
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.embedded import embedded, wait_for
from tests.lab import SPEC, lab  # noqa: F401
from typer.testing import CliRunner

from platerunner.batch.model import Submission
from platerunner.cli import app
from platerunner.engine.records.shells import load_shell
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner_unit.contract.keys import last_run_key
from platerunner_unit.contract.storage import Storage

WAITS = 'while [ ! -e {go} ]; do sleep 0.05; done; echo "$0" > "$1"\n'
ROOTS = ("--data-root", "data", "--workspace-root", "workspace")


@pytest.fixture
def aws():
    """A cloud for each try of the one test that needs it."""
    with embedded() as account:
        yield account


def refused(*args):
    done = CliRunner().invoke(app, ["shell", "lab.yaml", "work", *args, *ROOTS])
    assert done.exit_code == 2, done.output
    return done.stderr


@pytest.mark.timeout(120)
def test_a_person_enters_a_unit_that_runs_and_is_on_record(lab, monkeypatch):  # noqa: F811
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.chdir(lab.folder)
    Path("lab.yaml").write_text(SPEC.format(options=lab.options))
    assert "it never ran there, and `platerunner explain` says why" in refused("well=A01")
    go = lab.folder / "go"
    lab.write(**dict.fromkeys(("A01", "A02"), WAITS.format(go=go)))
    lab.run().start()
    wait_for(lambda: lab.started.exists() and len(lab.started.read_text().split()) == 2)
    assert "* is 2 units of work that run or wait; name one of plate=P1/well=A01, plate=P1/well=A02" in refused()

    command = [Path(sys.executable).parent / "platerunner", "shell", "lab.yaml", "work", "well=A01", *ROOTS]
    said = f"pwd; ls ../in/data/P1; echo $TMPDIR; touch {go}; exit 7"
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    place, file, tmp = done.stdout.split()
    assert (file, Path(place).parent) == ("A01.sh", Path(tmp).parent)
    workspace = Storage("workspace")
    [found] = workspace.list("_platerunner/shells/")
    record = load_shell(workspace, found.key)
    assert (record.unit, record.run_id, record.by) == ("plate=P1/well=A01", "run-1", getpass.getuser())
    assert record.ended > record.at

    result, failed = lab.collect()
    assert (result.succeeded, failed) == (2, [])
    assert "it has ended, and `platerunner logs` has what it wrote" in refused("well=A01")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({}, "its job does not run on this machine, as this user; try again in a moment, or see `platerunner status`"),
        (
            {"queues": {"spot": "q"}},
            'the connection does not allow anyone into jobs: add `"shell": true` to the connection',
        ),
        ({"queues": {"spot": "q"}, "shel": True}, "unknown extra 'shel'"),
    ],
)
def test_a_unit_that_runs_elsewhere_says_so(tmp_path, monkeypatch, extra, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    Path("lab.yaml").write_text(SPEC.format(options=""))
    workspace, unit = Storage("workspace"), "plate=P1/well=A01"
    there = Submission(1, "name", "single", 1, (unit,), "q", job_id="elsewhere")
    StateFile(workspace, "run-1", "work").save(StepState("run-1", "work", (there,)))
    owner = {"airflow": "", "dag_id": "", "task_id": "work", "run_id": "run-1"}
    workspace.put(last_run_key("work"), json.dumps(owner).encode())
    assert refused("well=A01").startswith(f"{unit}: ")
    assert said in refused("well=A01")
    assert not list(workspace.list("_platerunner/shells/"))
