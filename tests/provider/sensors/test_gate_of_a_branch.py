"""A gate in branches asks about one plate, and an approval opens it for that plate alone."""

import json
from types import SimpleNamespace
from uuid import uuid4

import pytest
from tests.specs import wells

from platerunner.engine.gates.decisions import Decision, latest
from platerunner.sensors import qc_approval
from platerunner.sensors.gate_task import GateTask
from platerunner.sensors.qc_approval import QCApprovalSensor
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

CHECK = 'check: {gate: Good?, needs: [work], show: {made: "made/{plate}/*.tif"}}'
SPEC = wells(head="split: plate", steps=CHECK)


class Events(dict):
    """Stands for Airflow's events of a task: asset to their keys."""

    def __missing__(self, asset):
        self[asset] = keys = []
        return SimpleNamespace(add_partitions=keys.extend)


class AskedError(Exception):
    """Stands for the parking of a gate that asks."""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "ws")}
    extra = {"queues": {"spot": "spot"}, **roots}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    for plate in ("0512", "P2"):
        (tmp_path / "ws/made" / plate).mkdir(parents=True)
        (tmp_path / "ws/made" / plate / "A01.tif").write_text(plate)
    return tmp_path


def gate(lab, plate, spec=SPEC):
    pipeline = load_text(spec, lab / "lab.yaml")
    return QCApprovalSensor(task_id="check", spec=pipeline, gate="check", branch=plate)


def context(plate):
    ids = {"id": uuid4(), "dag_id": "lab", "run_id": "run-1", "map_index": 0}
    ti = SimpleNamespace(try_number=1, max_tries=1, xcom_push=lambda **_: None, **ids)
    return {"params": {}, "run_id": "run-1", "logical_date": None, "task_instance": ti, "ti": ti}


def ask(lab, monkeypatch, plate):
    """The question of a plate's gate."""
    sensor = gate(lab, plate)

    def park(self, context):
        raise AskedError(self.subject, self.body)

    monkeypatch.setattr(qc_approval.HITLOperator, "execute", park)
    with pytest.raises(AskedError) as asked:
        sensor.execute(context(plate))
    return asked.value.args


def test_the_question_is_about_one_plate(lab, monkeypatch):
    subject, body = ask(lab, monkeypatch, "0512")
    assert subject == "Wells: Good? (0512)"
    assert "these 1 files" in body
    run = GateTask(gate(lab, "0512"), context("0512")).run
    assert [file.key for file in run.files] == ["made/0512/A01.tif"]
    other = GateTask(gate(lab, "P2"), context("P2")).run
    assert run.questions.open() is not None
    assert other.questions.open() is None, "nobody was asked about the other plate"


def test_an_approval_is_for_one_plate(lab, monkeypatch):
    run = GateTask(gate(lab, "0512"), context("0512")).run
    run.record(Decision("approved", "1", "ada", "2026-01-01T00:00:00+00:00", "run-1"))
    assert gate(lab, "0512").execute(context("0512"))["decision"] == "approved"
    ask(lab, monkeypatch, "P2")
    assert {branch: each.decision for branch, each in latest(Storage(str(lab / "ws")), "check").items()} == {
        "plate=0512": "approved"
    }
    (lab / "ws/made/0512/A01.tif").write_text("another")
    ask(lab, monkeypatch, "0512")


def test_an_approval_updates_assets_for_its_plate(lab):
    keyed = SPEC.replace("gate: Good?", "gate: Good?, assets: [{asset: approved, by: plate}]")
    run = GateTask(gate(lab, "0512", keyed), context("0512")).run
    run.record(Decision("approved", "1", "ada", "2026-01-01T00:00:00+00:00", "run-1"))
    events = Events()
    gate(lab, "0512", keyed).execute({**context("0512"), "outlet_events": events})
    assert {asset.name: keys for asset, keys in events.items()} == {"approved": ["0512"]}
