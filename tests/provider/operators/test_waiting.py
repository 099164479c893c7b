"""A step that waits for raw files: parked while they are missing, and going on in time."""

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from platerunner.engine.records.step_state import StateFile
from platerunner.engine.steps import stay, step_run
from platerunner.engine.steps.waiting import Wait, waited, waits_since
from platerunner.operators import step_task
from platerunner.operators.batch_module import BatchModuleOperator

HOUR = 3600.0


@pytest.mark.parametrize(
    ("limit", "passed", "pause"),
    [
        (2 * HOUR, 0, 360),
        (2 * HOUR, 2 * HOUR - 100, 100),
        (2 * HOUR, 2 * HOUR - 1, 5),
        (2 * HOUR, 2 * HOUR, None),
        (24 * HOUR, 0, 600),
        (60, 0, 10),
        (3, 0, 5),
    ],
)
def test_looks_are_spread_over_the_time_and_the_last_is_at_its_end(limit, passed, pause):
    assert Wait(limit, 1000.0).pause(1000.0 + passed) == pause


class Task:
    """The operator of a lab's step, with as much of a context as it asks for."""

    def __init__(self, lab, monkeypatch: pytest.MonkeyPatch) -> None:
        lab.options = "waiting_for: 1 h"
        self.operator = BatchModuleOperator(task_id="work", spec=lab.run().scope.pipeline, step="work")
        monkeypatch.setattr(step_task.StepTask, "run", property(lambda _: lab.run()))
        ids = {"dag_id": "lab", "task_id": "work", "run_id": "run-1", "map_index": -1}
        ti = SimpleNamespace(xcom_push=lambda **_: None, **ids)
        self.context = {"ti": ti}

    def execute(self) -> TaskDeferred:
        with pytest.raises(TaskDeferred) as parked:
            self.operator.execute(self.context)
        return parked.value

    def again(self) -> TaskDeferred:
        with pytest.raises(TaskDeferred) as parked:
            self.operator.execute_arrived(self.context, None)
        return parked.value


def waiting_since(lab, run_id: str = "run-1", step: str = "work") -> float:
    scope = lab.run(run_id).scope
    return waits_since(StateFile(scope.workspace, run_id, step), scope.workspace, run_id)


@pytest.mark.slow
def test_a_step_parks_until_its_files_are_there_and_then_submits(lab, monkeypatch):
    (lab.folder / "data").mkdir()
    task = Task(lab, monkeypatch)
    began = datetime.now(UTC)
    parked = task.execute()
    assert parked.method_name == "execute_arrived"
    assert began + timedelta(seconds=150) < parked.trigger.moment <= datetime.now(UTC) + timedelta(seconds=180)
    assert task.again().method_name == task.execute().method_name == "execute_arrived"
    assert lab.state().submissions == ()
    lab.write(A01="sleep 600\n")
    assert task.again().method_name == "execute_complete"
    assert len(lab.state().submissions) == 1
    lab.run().jobs.stop("end of test")


def test_when_its_time_is_over_it_goes_on_and_says_what_is_missing(lab, monkeypatch):
    (lab.folder / "data").mkdir()
    task = Task(lab, monkeypatch)
    task.execute()
    began = waiting_since(lab)
    now = time.time()
    assert began <= now
    monkeypatch.setattr(stay.time, "time", lambda: now + HOUR - 60)
    assert task.again().method_name == "execute_arrived"
    assert waiting_since(lab) == began
    monkeypatch.setattr(stay.time, "time", lambda: now + HOUR + 1)
    with pytest.raises(AirflowFailException, match=r"nothing under .* matches `\{plate\}/\{well\}.sh`"):
        task.again()
    assert task.execute().method_name == "execute_arrived", "a cleared task waits anew"


def test_steps_one_after_the_other_wait_from_the_runs_first_wait(lab, monkeypatch):
    """Otherwise `waiting_for` in `defaults` would let each step add its own time."""
    clock = [1000.0]
    monkeypatch.setattr(step_run.time, "time", lambda: clock[0])
    lab.options = "waiting_for: 1 h"

    def over(step: str) -> None:
        waited(StateFile(lab.run().scope.workspace, "run-1", step))

    assert waiting_since(lab, step="first") == 1000
    over("first")
    clock[0] = 5000
    assert waiting_since(lab, step="second") == 1000
    over("second")
    clock[0] = 9000
    assert waiting_since(lab, step="second") == 9000, "somebody cleared it"
    over("second")
    clock[0] = 9500
    assert waiting_since(lab, step="first") == 9000, "and then the other one"
    assert waiting_since(lab, "run-2") == 9500, "another run has nothing to do with it"


def test_a_step_without_it_does_not_wait(lab, monkeypatch):
    (lab.folder / "data").mkdir()
    task = Task(lab, monkeypatch)
    lab.options = ""
    with pytest.raises(AirflowFailException, match="nothing under"):
        task.operator.execute(task.context)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_step_whose_condition_does_not_hold_is_skipped_before_anything_is_listed(lab, monkeypatch, dry_run):
    task = Task(lab, monkeypatch)
    lab.options = 'when: "{{ 1 > 2 }}"'
    lab.asked = {"dry_run": dry_run}
    with pytest.raises(AirflowSkipException, match=r"work: its condition does not hold: \{\{ 1 > 2 \}\}"):
        task.operator.execute(task.context)
