"""An answer outlives the try that it was given to, and a question that was settled is asked anew."""

import asyncio
import importlib
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from platerunner.sensors.qc_approval import APPROVE, REJECT, QCApprovalSensor
from platerunner.sensors.questions import Questions
from platerunner.spec.loader import load_text
from platerunner.triggers.earlier_answer import EarlierAnswerTrigger
from platerunner_unit.storage import Storage

SPEC = """
version: 1
pipeline: lab
title: Lab
owner: tests
workspace: "{{ workspace_root }}"
dataset:
  root: "{{ data_root }}"
  files: {raw: "{well}.tif"}
steps:
  copy:
    module: command
    image: base:latest
    foreach: [well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.made}"]}
    outputs: {made: "made/{well}.tif"}
  check:
    gate: Good?
    needs: [copy]
    show: {made: "made/{well}.tif"}
    timeout: 1 d
"""
RUN = "manual__2026-01-01T00:00:00+00:00"


class Bench:
    def __init__(self, folder):
        (folder / "ws/made").mkdir(parents=True)
        self.shown = folder / "ws/made/A01.tif"
        self.shown.write_bytes(b"pixels")
        self.storage = Storage(str(folder / "ws"))
        self.sensor = QCApprovalSensor(task_id="check", spec=load_text(SPEC, folder / "lab.yaml"), gate="check")
        self.context = {
            "params": {},
            "run_id": RUN,
            "logical_date": None,
            "task_instance": SimpleNamespace(id=uuid4()),
        }
        self.questions = Questions(self.storage, RUN, "check")

    def ask(self):
        """What the first try did before its answer came."""
        self.questions.ask(self.sensor._gate_run(self.context).fingerprint)

    def decisions(self):
        files = (self.shown.parents[1] / "_platerunner/gates/check").glob("*.json")
        return [entry["decision"] for file in files for entry in json.loads(file.read_text())["decisions"]]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "ws")}
    extra = {"queues": {"spot": "spot"}, **roots}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    return Bench(tmp_path)


def answer(*chosen, user="ada"):
    return {
        "chosen_options": list(chosen),
        "params_input": {"comment": "seen"},
        "responded_by_user": {"id": user, "name": user},
        "responded_at": datetime.now(UTC),
    }


def test_a_second_try_waits_for_the_answer_to_the_first_instead_of_asking_again(bench):
    bench.ask()
    with pytest.raises(TaskDeferred) as parked:
        bench.sensor.execute(bench.context)
    trigger = parked.value.trigger
    assert isinstance(trigger, EarlierAnswerTrigger)
    assert trigger.ti_id == bench.context["task_instance"].id
    asked = bench.questions.open()
    assert trigger.timeout_datetime == asked.asked_at + timedelta(days=1), "from the question, not the try"

    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**deepcopy(arguments))  # Airflow's own takes them apart
    assert again.serialize() == (path, arguments)

    assert bench.sensor.execute_complete(bench.context, answer(APPROVE))["decision"] == "approved"
    assert bench.questions.open() is None
    assert bench.sensor.execute(bench.context)["by"] == "ada", "the approval stands"


@pytest.mark.parametrize("event", [answer(REJECT), {"error": "The timeout has passed", "error_type": "timeout"}])
def test_what_fails_the_gate_settles_its_question(bench, event):
    bench.ask()
    with pytest.raises(AirflowFailException, match="clear this task to ask again"):
        bench.sensor.execute_complete(bench.context, event)
    assert bench.questions.open() is None


def test_files_that_changed_while_it_waited_are_asked_about_anew(bench, monkeypatch):
    asked = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.HITLOperator.execute", lambda *_: asked.append(1))
    bench.ask()
    bench.shown.write_bytes(b"other pixels")
    bench.sensor.execute_complete(bench.context, answer(APPROVE))
    assert asked == [1]
    assert bench.decisions() == [], "nobody approved these"
    bench.shown.write_bytes(b"and others yet")
    bench.sensor.execute(bench.context)
    assert asked == [1, 1], "an answer to that question would be about other files"


def test_a_question_that_airflow_has_lost_is_asked_again(bench, monkeypatch):
    asked = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.HITLOperator.execute", lambda *_: asked.append(1))
    bench.ask()
    bench.sensor.execute_complete(bench.context, asyncio.run(lost()))
    assert asked == [1]


async def lost():
    """What the trigger says when Airflow answers that there is no such question."""
    from airflow.sdk.exceptions import AirflowRuntimeError
    from airflow.sdk.execution_time.comms import ErrorResponse

    def unknown(**_):
        raise AirflowRuntimeError(ErrorResponse())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow.providers.standard.triggers.hitl.get_hitl_detail_content_detail", unknown)
        trigger = EarlierAnswerTrigger(ti_id=uuid4(), options=[APPROVE], params={}, timeout_datetime=None, first_s=0)
        return (await anext(trigger.run())).payload
