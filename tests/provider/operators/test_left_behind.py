"""A run ends the jobs of the run before it if their task waits no more, and only then."""

import json
from types import SimpleNamespace

import pytest

from platerunner.batch.reasons import CLEARED
from platerunner.operators.left_behind import end_left_behind

STATES = "airflow.sdk.execution_time.task_runner.RuntimeTaskInstance.get_task_states"


def context(run_id, map_index=-1):
    return {"ti": SimpleNamespace(dag_id="lab", task_id="work", run_id=run_id, map_index=map_index)}


@pytest.fixture
def left(lab, monkeypatch):
    """A run that started its wells and was heard of no more."""
    monkeypatch.setattr(STATES, lambda **_: pytest.fail("nobody to ask about"))
    lab.write(A01="sleep 30\n", A02="sleep 30\n")
    run = lab.run("run-1")
    assert end_left_behind(run, context("run-1")) == []
    run.start()
    yield run
    run.stop("end of test")


def tell(monkeypatch, **states):
    monkeypatch.setattr(STATES, lambda **_: {"run-1": states} if states else {})


@pytest.mark.parametrize("state", ["failed", "success", "skipped", "deleted"])
def test_jobs_of_a_task_that_is_over_are_ended_and_their_units_run_again(lab, left, aws, monkeypatch, state):
    tell(monkeypatch, **{} if state == "deleted" else {"work": state})
    second = lab.run("run-2")
    [job] = end_left_behind(second, context("run-2"))
    assert CLEARED in aws.wait(job)["statusReason"]
    lab.write(A01='echo done > "$1"\n', A02='echo done > "$1"\n')
    result, failed = lab.to_the_end("run-2")
    assert (result.succeeded, failed) == (2, [])
    assert end_left_behind(lab.run("run-2"), context("run-2")) == [], "its own jobs are not left behind"


@pytest.mark.parametrize("state", ["deferred", "running", "queued", "up_for_retry", None])
def test_jobs_that_somebody_waits_for_go_on(lab, left, aws, monkeypatch, state):
    tell(monkeypatch, work=state)
    assert end_left_behind(lab.run("run-2"), context("run-2")) == []
    assert all(aws.job(job)["status"] not in ("FAILED", "SUCCEEDED") for job in left.waiting_for())


def test_another_airflow_is_not_judged(lab, left, monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/elsewhere")
    assert end_left_behind(lab.run("run-2"), context("run-2")) == []
    assert "in another Airflow" in caplog.text


def test_a_run_elsewhere_in_between_hides_no_jobs(lab, left, monkeypatch):
    tell(monkeypatch, work="failed")
    with monkeypatch.context() as laptop:
        laptop.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/elsewhere")
        assert end_left_behind(lab.run("run-laptop"), context("run-laptop")) == []
    assert len(end_left_behind(lab.run("run-2"), context("run-2"))) == 1


def test_jobs_that_were_waited_for_are_looked_at_again(lab, left, monkeypatch):
    tell(monkeypatch, work="running")
    assert end_left_behind(lab.run("run-2"), context("run-2")) == []
    tell(monkeypatch, work="failed")
    assert len(end_left_behind(lab.run("run-3"), context("run-3"))) == 1


def begin(lab, run_id):
    run = lab.run(run_id)
    end_left_behind(run, context(run_id))
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
