"""The DAG that takes away what has been kept long enough."""

import json
import os

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests.provider.engine.retention.test_retention import SPEC

from platerunner.render import retention_dag
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import log_key


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A folder of one spec, a log of 1970, and a connection that keeps logs for 90 days."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/lab.yaml").write_text(SPEC.format(tag="screen"))
    roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "workspaces")}
    extra = {"queues": {"spot": "q"}, "retention": {"logs": "90 d"}, **roots}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    workspace = Storage(str(tmp_path / "workspaces/lab"))
    workspace.put(log_key("r", "work", "well=A01", 1), b"old")
    os.utime(workspace.path(log_key("r", "work", "well=A01", 1)), (0, 0))
    return tmp_path


def execute(lab, dry_run):
    dag = retention_dag(lab / "specs")
    assert (dag.max_active_runs, dag.catchup, dag.is_paused_upon_creation) == (1, False, True)
    [task] = dag.tasks
    task.render_template_fields({"params": {**dag.params.dump(), "dry_run": dry_run}})
    return task.execute({})


def test_it_says_what_would_go_and_takes_it_away(lab):
    log = lab / "workspaces/lab" / log_key("r", "work", "well=A01", 1)
    assert "lab: would take away 1 of log" in execute(lab, dry_run=True)[0]
    assert log.exists()
    assert "lab: took away 1 of log" in execute(lab, dry_run=False)[0]
    assert not log.exists()


def test_nothing_goes_while_a_spec_cannot_be_read(lab):
    (lab / "specs/other.yaml").write_text("version: 1\npipeline: other\ntags: [legal-hold]\nsteps: 3\n")
    with pytest.raises(AirflowFailException, match="a spec that cannot be read may have a hold"):
        execute(lab, dry_run=False)
    assert (lab / "workspaces/lab" / log_key("r", "work", "well=A01", 1)).exists()
