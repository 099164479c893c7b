"""A run ends the jobs of the run before it if their task waits no more, and only then."""

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import TaskDeferred
from tests.lab import GOOD

from platerunner.batch.reasons import CLEARED
from platerunner.engine.steps import short_waits, turns
from platerunner.engine.steps.stay import end_left_behind
from platerunner.operators.batch_module import BatchModuleOperator
from platerunner.operators.owner import introduce, owner_of

STATES = "airflow.sdk.execution_time.task_runner.RuntimeTaskInstance.get_task_states"


def context(run_id, map_index=-1):
    return {"ti": SimpleNamespace(dag_id="lab", task_id="work", run_id=run_id, map_index=map_index)}


def end_before(run, run_id):
    """What a task does before it starts."""
    introduce(run, context(run_id))
    return end_left_behind(run)


@pytest.fixture
def left(lab, monkeypatch):
    """A run that started its wells and was heard of no more."""
    monkeypatch.setattr(STATES, lambda **_: pytest.fail("nobody to ask about"))
    lab.write(A01="sleep 30\n", A02="sleep 30\n")
    run = lab.run("run-1")
    assert end_before(run, "run-1") == []
    run.start()
    yield run
    run.jobs.stop("end of test")


def tell(monkeypatch, **states):
    monkeypatch.setattr(STATES, lambda **_: {"run-1": states} if states else {})


@pytest.mark.slow
@pytest.mark.parametrize("state", ["failed", "success", "skipped", "deleted"])
def test_jobs_of_a_task_that_is_over_are_ended_and_their_units_run_again(lab, left, aws, monkeypatch, state):
    tell(monkeypatch, **{} if state == "deleted" else {"work": state})
    second = lab.run("run-2")
    [job] = end_before(second, "run-2")
    assert CLEARED in aws.wait(job)["statusReason"]
    lab.write(A01='echo done > "$1"\n', A02='echo done > "$1"\n')
    result, failed = lab.to_the_end("run-2")
    assert (result.succeeded, failed) == (2, [])
    assert end_before(lab.run("run-2"), "run-2") == [], "its own jobs are not left behind"


@pytest.mark.parametrize("state", ["deferred", "running", "queued", "up_for_retry", None])
def test_jobs_that_somebody_waits_for_go_on(lab, left, aws, monkeypatch, state):
    tell(monkeypatch, work=state)
    assert end_before(lab.run("run-2"), "run-2") == []
    assert all(aws.job(job)["status"] not in ("FAILED", "SUCCEEDED") for job in left.waiting_for())


def test_another_airflow_is_not_judged(lab, left, monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/elsewhere")
    assert end_before(lab.run("run-2"), "run-2") == []
    assert "in another Airflow" in caplog.text


def test_a_run_elsewhere_in_between_hides_no_jobs(lab, left, monkeypatch):
    tell(monkeypatch, work="failed")
    with monkeypatch.context() as laptop:
        laptop.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/elsewhere")
        assert end_before(lab.run("run-laptop"), "run-laptop") == []
    assert len(end_before(lab.run("run-2"), "run-2")) == 1


def test_jobs_that_were_waited_for_are_looked_at_again(lab, left, monkeypatch):
    tell(monkeypatch, work="running")
    assert end_before(lab.run("run-2"), "run-2") == []
    tell(monkeypatch, work="failed")
    assert len(end_before(lab.run("run-3"), "run-3")) == 1


def begin(lab, run_id):
    run = lab.run(run_id)
    end_before(run, run_id)
    run.turns.take()
    run.turns.give_back()


def test_runs_that_are_over_or_have_nothing_are_forgotten(lab, left, monkeypatch):
    tell(monkeypatch, work="failed")
    for n in range(2, 5):
        begin(lab, f"run-{n}")
    with monkeypatch.context() as laptop:
        laptop.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/elsewhere")
        begin(lab, "run-laptop")
    kept = json.loads((lab.folder / "workspace/_platerunner/last_run/work.json").read_text())
    assert (kept["run_id"], kept["before"]) == ("run-laptop", [])


def test_jobs_that_another_airflow_may_have_are_remembered(lab, left, monkeypatch):
    tell(monkeypatch, work="running")
    with monkeypatch.context() as laptop:
        laptop.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/elsewhere")
        begin(lab, "run-laptop")
    kept = json.loads((lab.folder / "workspace/_platerunner/last_run/work.json").read_text())
    assert (kept["run_id"], [owner["run_id"] for owner in kept["before"]]) == ("run-laptop", ["run-1"])


@pytest.mark.slow
def test_a_task_that_submits_again_is_known_by_its_name_as_before(lab, monkeypatch):
    """What a run submitted when it tried again once stood in nobody's name, so that no other run could judge it."""
    roots = {"data_root": str(lab.folder / "data"), "workspace_root": str(lab.folder / "workspace")}
    connection = {"conn_type": "platerunner", "extra": {**lab.aws.cloud.connection(), **roots}}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
    attempt = f"$(grep -c A01 {lab.started})"
    door = lab.folder / "door"  # behind it each attempt waits, so that none ends before its task has parked
    lab.write(A01=f'until test -e {door}{attempt}; do sleep 0.05; done\ntest "{attempt}" -gt 1 || exit 137\n{GOOD}')
    operator = BatchModuleOperator(task_id="work", spec=lab.run().scope.pipeline, step="work")
    task = {**context("run-1"), "run_id": "run-1", "params": {}}
    task["ti"].xcom_push = lambda **_: None
    monkeypatch.setattr(short_waits, "STAY_S", 0.0)  # it parks, however soon its jobs end
    with pytest.raises(TaskDeferred):
        operator.execute(task)
    Path(f"{door}1").touch()
    while lab.run().waiting_for():
        time.sleep(0.1)
    with pytest.raises(TaskDeferred):
        operator.execute_complete(task, {"status": "ended"})
    Path(f"{door}2").touch()
    kept = json.loads((lab.folder / "workspace/_platerunner/last_run/work.json").read_text())
    assert kept["airflow"] == owner_of(task).airflow
    lab.collect()


@pytest.mark.slow
def test_who_waits_for_a_turn_hears_when_the_task_that_has_it_is_marked(lab, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(turns, "JUDGE_S", 0.0)
    monkeypatch.setattr(turns, "SETTLE_S", 0.1)
    lab.write(A01=GOOD)
    dead, waiting = lab.run("run-1"), lab.run("run-2")
    introduce(dead, context("run-1"))
    dead.turns.take()
    introduce(waiting, context("run-2"))
    asked = iter(["running", "running", "failed"])
    monkeypatch.setattr(STATES, lambda **_: {"run-1": {"work": next(asked)}})
    waiting.turns.take()
    assert "the run run-1 submits its units now; waiting for it. If it has died, this run goes on at" in caplog.text
    assert "or as soon as its task work is marked as failed" in caplog.text
    assert "the task of the run run-1 is over; going on" in caplog.text
