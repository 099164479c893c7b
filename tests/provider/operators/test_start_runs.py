"""Runs that a task starts for uploads: with which params, and under which ids."""

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError, AirflowSkipException, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, OKResponse

from platerunner.operators.start_runs import StartKeyedOperator, StartUploadedOperator

PARAMS = {"plate": {"type": "string"}, "cycles": {"type": "array", "items": {"type": "integer"}}}


class Airflow:
    """Takes the place of the process that asks Airflow's API: it knows the runs that there are."""

    def __init__(self, refuses=""):
        self.runs, self.refuses = {}, refuses

    def send(self, asked):
        if self.refuses in asked.run_id and self.refuses:
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 404}))
        if asked.run_id in self.runs:
            return ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS)
        self.runs[asked.run_id] = asked.conf
        return OKResponse(ok=True)


def start(monkeypatch, airflow, *payloads):
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", airflow, raising=False)
    events = [SimpleNamespace(extra={"from_trigger": True, "payload": payload}) for payload in payloads]
    operator = StartUploadedOperator(task_id="start", pipeline="cells", declared=PARAMS)
    return operator.execute({"triggering_asset_events": {"uploads": events} if events else {}})


def upload(plate, cycle=1, message="m1"):
    return {"files": 3, "last": f"s3://in/{plate}", "values": {"plate": plate, "cycles": cycle}, "message": message}


def test_each_upload_is_a_run_with_its_values_and_a_message_that_comes_twice_is_not_two(monkeypatch):
    airflow = Airflow()
    first = start(monkeypatch, airflow, upload("P1"), upload("0512", 2), upload("P1"))
    assert list(airflow.runs.values()) == [{"plate": "P1", "cycles": [1]}, {"plate": "0512", "cycles": [2]}]
    assert start(monkeypatch, airflow, upload("P1")) == [first[0]]
    assert len(airflow.runs) == 2
    start(monkeypatch, airflow, upload("P1", message="m2"))  # the plate was uploaded once more
    assert len(airflow.runs) == 3


def test_a_name_that_airflow_would_refuse_becomes_one_that_it_takes(monkeypatch):
    (run,) = start(monkeypatch, airflow := Airflow(), upload("Plätte 1/2" * 30))
    assert run.isascii()
    assert len(run) < 120
    assert "/" not in run
    assert next(iter(airflow.runs.values()))["plate"] == "Plätte 1/2" * 30


def test_what_is_refused_is_told_and_the_others_start(monkeypatch):
    airflow = Airflow(refuses="P2")
    with pytest.raises(AirflowException, match=r"1 of 3 runs of cells were not started: upload-P2-1-\w+: API_"):
        start(monkeypatch, airflow, upload("P1"), upload("P2"), upload("P3"))
    assert len(airflow.runs) == 2


def start_keyed(monkeypatch, airflow, key, run_id="asset_triggered__1", param="plate"):
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", airflow, raising=False)
    operator = StartKeyedOperator(task_id="start", pipeline="cells", declared=PARAMS, param=param)
    return operator.execute({"dag_run": SimpleNamespace(partition_key=key), "run_id": run_id})


def test_a_key_is_a_param_of_a_run_and_a_task_that_is_cleared_starts_no_second_one(monkeypatch):
    airflow = Airflow()
    (first,) = start_keyed(monkeypatch, airflow, "Plate 3 & Co")
    assert start_keyed(monkeypatch, airflow, "Plate 3 & Co") == [first]
    assert first.startswith("asset-Plate_3_Co-")
    assert list(airflow.runs.values()) == [{"plate": "Plate 3 & Co"}]
    start_keyed(monkeypatch, airflow, "Plate 3 & Co", "asset_triggered__2")  # it was made once more
    start_keyed(monkeypatch, airflow, "7", param="cycles")
    assert list(airflow.runs.values())[1:] == [{"plate": "Plate 3 & Co"}, {"cycles": [7]}]


def test_without_a_key_there_is_nothing_to_start(monkeypatch):
    with pytest.raises(AirflowSkipException, match="no key of an asset started this; start cells itself"):
        start_keyed(monkeypatch, Airflow(), None)


def test_without_an_upload_there_is_nothing_to_start(monkeypatch):
    with pytest.raises(AirflowSkipException, match="start cells itself, with its params"):
        start(monkeypatch, Airflow())
