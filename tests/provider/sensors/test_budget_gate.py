"""The gate of a budget as a task of Airflow."""

import json

import pytest
from tests.provider.sensors.test_qc_approval import SIMPLE, Bench, answer, asked  # noqa: F401

from platerunner.engine.gates.asked import APPROVE, ASKED_KEY
from platerunner.sensors.qc_approval import QCApprovalSensor
from platerunner.spec.loader import load_text

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}"
budget: {per_run: 5 USD, approvers: [ada]}
dataset:
  root: "{{ data_root }}"
  files: {raw: "{well}.tif"}
steps:
  copy:
    module: command
    image: "base@sha256:DIGEST"
    foreach: [well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.made}"]}
    outputs: {made: "made/{well}.tif"}
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "ws")}
    extra = json.dumps(
        {"conn_type": "platerunner", "extra": {"queues": {"spot": "spot"}, "region": "us-east-1", **roots}}
    )
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", SIMPLE)
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", extra)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/A01.tif").write_bytes(b"pixels")
    bench = Bench(tmp_path)
    spec = load_text(SPEC.replace("DIGEST", "0" * 64), tmp_path / "lab.yaml")
    bench.sensor = QCApprovalSensor(task_id="within-budget", spec=spec, gate="within-budget")
    return bench


@pytest.mark.slow
def test_it_asks_before_the_first_submission_and_not_again_for_the_same_units(bench, asked):  # noqa: F811
    bench.sensor.execute(bench.context)
    assert asked == [1]
    told = bench.xcoms[ASKED_KEY]
    assert (told["gate"], told["files"], told["subject"], told["approvers"]) == ("within-budget", 1, "unit", ["ada"])
    assert [check["light"] for check in told["checks"]] == ["unknown"]
    assert "What this run would cost is not known: no price is known of copy." in bench.sensor.body
    assert "| copy | 1 | ? | ? | ? | ? |" in bench.sensor.body

    bench.sensor.execute_complete(bench.context, answer(APPROVE, user="ben"))
    assert asked == [1, 1], "ben is no approver"
    assert bench.sensor.execute_complete(bench.context, answer(APPROVE))["decision"] == "approved"
    bench.context["run_id"] = "another"
    assert bench.sensor.execute(bench.context)["by"] == "ada"
    assert asked == [1, 1]


def test_a_dry_run_asks_nobody(bench, asked, caplog):  # noqa: F811
    bench.context["params"] = {"dry_run": True}
    assert bench.sensor.execute(bench.context) == {"decision": "dry run"}
    assert asked == []
