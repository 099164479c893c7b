"""The DAG that merges what ledgers got on days that are over."""

import json
from datetime import UTC, datetime

import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests.provider.engine.ledger.test_files import row, submission
from tests.provider.engine.retention.test_retention import SPEC

from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.render import ledger_merge_dag
from platerunner_unit.contract.storage import Storage


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A folder of one spec, and a shared and an own ledger with a day that is over and one that is not."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/lab.yaml").write_text(SPEC.format(tag="screen"))
    roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "workspaces")}
    extra = {"queues": {"spot": "q"}, "ledger": str(tmp_path / "shared"), **roots}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    for ledger in ledgers(tmp_path):
        ledger.write("lab", submission("j1", "2020-01-01T00:00:00+00:00"), [row("j1")])
        ledger.write("lab", submission("j2", datetime.now(UTC).isoformat()), [row("j2")])
    return tmp_path


def ledgers(lab):
    return Ledger(Storage(str(lab / "shared"))), workspace_ledger(Storage(str(lab / "workspaces/lab")))


def execute(lab):
    dag = ledger_merge_dag(lab / "specs")
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    return dag.task_dict["merge"].execute({})


def test_days_that_are_over_are_merged_in_every_ledger(lab):
    assert [said.rpartition(": ")[2] for said in execute(lab)] == ["1 of its files merged"] * 2
    assert [said.rpartition(": ")[2] for said in execute(lab)] == ["0 of its files merged"] * 2
    for ledger in ledgers(lab):
        over, today = ledger.sections().values()
        assert (len(over.new), len(over.merged), len(today.new)) == (0, 1, 1)
        assert sorted(each["job"] for each in ledger.rows()) == ["j1", "j2"]


def test_a_torn_file_and_a_broken_spec_keep_no_other_ledger_back_and_are_named(lab):
    shared, own = ledgers(lab)
    shared.write("torn", submission("j0", "2019-01-01T00:00:00+00:00"), [row("j0")])
    [key] = shared.sections(pipelines=["torn"]).popitem()[1].new
    shared.storage.put(key, b"half")
    (lab / "specs/other.yaml").write_text("version: 1\npipeline: other\nsteps: 3\n")
    with pytest.raises(AirflowFailException) as caught:
        execute(lab)
    assert shared.storage.url_of(key) in str(caught.value)
    assert "the ledger of other.yaml was left alone" in str(caught.value)
    assert [len(found.merged) for found in own.sections().values()] == [1, 0]
    assert [len(found.merged) for found in shared.sections(pipelines=["lab"]).values()] == [1, 0]
