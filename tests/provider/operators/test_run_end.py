"""What a collector hears of a run that Airflow has ended."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from tests.otlp_receiver import receiver
from tests.specs import wells

from platerunner.render.dag import build_dag
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.telemetry.run_trace import RunTrace

BEGAN, ENDED = datetime(2026, 11, 30, 8, tzinfo=UTC), datetime(2026, 11, 30, 8, 10, tzinfo=UTC)


@pytest.fixture
def pipeline(tmp_path, monkeypatch):
    roots = {"data_root": f"{tmp_path}/data", "workspace_root": f"{tmp_path}/work"}
    connection = {"conn_type": "platerunner", "extra": {**roots, "queues": {"spot": "s", "on_demand": "o"}}}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
    return load_text(wells(), tmp_path / "lab.yaml")


def context(run):
    return {"run_id": "run-1", "dag_run": run, "params": {}, "logical_date": None}


@pytest.mark.parametrize(("which", "result"), [("success", "succeeded"), ("failure", "failed")])
def test_a_run_is_the_root_of_its_steps_spans_and_its_time_is_told(pipeline, monkeypatch, tmp_path, which, result):
    with receiver("http/protobuf") as (endpoint, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        dag = build_dag(pipeline)
        (teller,) = getattr(dag, f"on_{which}_callback")
        teller(context(SimpleNamespace(conf={}, start_date=BEGAN, end_date=ENDED)))
    (span,) = received.spans()["run lab"]
    workspace = Storage(str(tmp_path / "work")).url
    assert span.span_id.hex() == RunTrace.of(workspace, "lab", "run-1", "work").run
    assert (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 == 600
    ((attributes, seconds),) = received.metrics()["platerunner.run.duration"]
    assert (attributes["platerunner.result"], seconds) == (result, 600)


def test_a_run_that_airflow_traces_sends_its_time_alone(pipeline, monkeypatch):
    monkeypatch.setenv("AIRFLOW__TRACES__OTEL_ON", "True")
    with receiver("http/protobuf") as (endpoint, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        (teller,) = build_dag(pipeline).on_success_callback
        teller(context(SimpleNamespace(conf={}, start_date=BEGAN, end_date=ENDED)))
    assert not received.spans()
    assert received.metrics()["platerunner.run.duration"]


def test_without_a_collector_a_run_calls_nobody(pipeline):
    dag = build_dag(pipeline)
    assert not dag.on_success_callback
    assert not dag.on_failure_callback
