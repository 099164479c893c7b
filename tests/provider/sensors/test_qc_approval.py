"""An answer outlives the try that it was given to, and a question that was settled is asked anew."""

import asyncio
import importlib
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk import BaseNotifier
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from platerunner.engine.gates.approvers import Approvers
from platerunner.engine.gates.asked import APPROVE, ASKED_KEY, REJECT, Asked
from platerunner.engine.gates.decisions import history
from platerunner.engine.gates.questions import Questions
from platerunner.sensors.assigning import assign_users
from platerunner.sensors.gate_task import GateTask
from platerunner.sensors.qc_approval import QCApprovalSensor
from platerunner.spec.loader import load_text
from platerunner.triggers.earlier_answer import EarlierAnswerTrigger
from platerunner_unit.contract.storage import Storage

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
    approvers: [leads, carl, "7"]
    checks: {cells: {min: 20}, "DNA.mean": {max: 5}}
"""
SIMPLE = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
RUN = "manual__2026-01-01T00:00:00+00:00"


class Bench:
    def __init__(self, folder):
        (folder / "ws/made").mkdir(parents=True)
        self.shown = folder / "ws/made/A01.tif"
        self.shown.write_bytes(b"pixels")
        self.storage = Storage(str(folder / "ws"))
        (folder / "ws/gates/check").mkdir(parents=True)
        (folder / "ws/gates/check/montage.png").write_bytes(b"picture")
        (folder / "ws/gates/check/numbers.json").write_text('{"cells": 12, "DNA": {"mean": 4.5}}')
        self.sensor = self.gate()
        self.xcoms: dict[str, Any] = {}
        task = SimpleNamespace(
            id=uuid4(), try_number=1, max_tries=1, xcom_push=lambda key, value: self.xcoms.update({key: value})
        )
        self.context = {"params": {}, "run_id": RUN, "logical_date": None, "task_instance": task, "ti": task}
        self.questions = Questions(self.storage, RUN, "check")

    def gate(self, **kwargs):
        spec = load_text(SPEC, self.shown.parents[2] / "lab.yaml")
        return QCApprovalSensor(task_id="check", spec=spec, gate="check", **kwargs)

    def ask(self):
        """What the first try did before its answer came."""
        GateTask(self.sensor, self.context).run.ask()

    def made(self):
        return [entry.decision for entry in history(self.storage, "check")]

    def decisions(self):
        return [decision.decision for decision in self.made()]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "ws")}
    extra = {"queues": {"spot": "spot"}, "approver_groups": {"leads": ["ada", "ben"]}, **roots}
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", SIMPLE)
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    return Bench(tmp_path)


@pytest.fixture
def asked(monkeypatch):
    """The times at which Airflow is to ask."""
    times = []
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.HITLOperator.execute", lambda *_: times.append(1))
    return times


def answer(*chosen, user="ada", user_id=None, comment: Any = "seen"):
    return {
        "chosen_options": list(chosen),
        "params_input": {"comment": comment},
        "responded_by_user": {"id": user_id or user, "name": user},
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


@pytest.mark.parametrize("event", [{"error": "late", "error_type": "timeout"}, answer(REJECT)])
def test_a_gate_that_was_closed_asks_nobody_when_airflow_repeats_its_try(bench, asked, event):
    """Airflow repeats a try that ends within a second of its answer, and knows nothing of the answer."""
    bench.sensor.retries = 1
    bench.ask()
    with pytest.raises(AirflowFailException) as closed:
        bench.sensor.execute_complete(bench.context, event)
    bench.context["ti"].try_number = 2
    with pytest.raises(AirflowFailException, match="clear this task to ask again") as again:
        bench.sensor.execute(bench.context)
    assert str(closed.value).partition(" within")[0].split(";")[0] in str(again.value)
    assert len(bench.made()) == 1

    bench.context["ti"].max_tries = 2  # a person has cleared the task
    bench.sensor.execute(bench.context)
    assert len(asked) == 1


def test_files_that_changed_while_it_waited_are_asked_about_anew(bench, asked):
    bench.ask()
    bench.shown.write_bytes(b"other pixels")
    bench.sensor.execute_complete(bench.context, answer(APPROVE))
    assert asked == [1]
    assert bench.decisions() == [], "nobody approved these"
    bench.shown.write_bytes(b"and others yet")
    bench.sensor.execute(bench.context)
    assert asked == [1, 1], "an answer to that question would be about other files"


def test_a_question_that_airflow_has_lost_is_asked_again(bench, asked):
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


@pytest.mark.parametrize(
    ("user", "user_id"), [("eve", ""), ("leads", ""), ("7", "12"), ("", ""), ("Ada", ""), ("eve", "ada ")]
)  # fmt: skip
def test_an_answer_by_somebody_else_is_kept_and_opens_nothing(bench, asked, user, user_id):
    bench.ask()
    bench.sensor.execute_complete(bench.context, answer(APPROVE, user=user, user_id=user_id))
    assert asked == [1], "it asks again"
    [made] = bench.made()
    assert made.decision == "refused"
    assert "no approver of this gate (leads (ada, ben), carl, 7)" in made.sentence


@pytest.mark.parametrize(("user", "user_id"), [("ada", ""), ("ben", ""), ("carl", "5"), ("Dora", "7")])
def test_users_members_of_groups_and_ids_may_answer(bench, user, user_id):
    bench.ask()
    assert bench.sensor.execute_complete(bench.context, answer(APPROVE, user=user, user_id=user_id))["by"] == user


@pytest.mark.parametrize("comment", ["", "  \n", None])
def test_a_rejection_without_a_comment_does_not_count(bench, asked, comment):
    bench.ask()
    bench.sensor.execute_complete(bench.context, answer(REJECT, comment=comment))
    assert asked == [1]
    assert bench.decisions() == ["refused"]
    assert "a rejection needs a comment" in bench.made()[0].sentence


@pytest.mark.parametrize("chosen", [["approve"], ["Approve", "Reject"], ["Approve", "Approve"], ["yes"]])
def test_what_is_not_exactly_an_approval_is_none(bench, chosen):
    bench.ask()
    with pytest.raises(AirflowFailException, match="rejected by ada"):
        bench.sensor.execute_complete(bench.context, answer(*chosen))


def test_nobody_in_time_fails_it_and_is_kept(bench):
    bench.ask()
    with pytest.raises(AirflowFailException, match="nobody answered check within 1 day"):
        bench.sensor.execute_complete(bench.context, {"error": "over", "error_type": "timeout"})
    assert bench.decisions() == ["timed out"]


def test_a_form_of_anything_but_text_is_taken_as_text_and_cut(bench):
    bench.ask()
    with pytest.raises(AirflowFailException):
        bench.sensor.execute_complete(bench.context, answer(REJECT, comment={"a": "x" * 9000}))
    assert len(bench.made()[0].comment) == 4000


def test_what_is_asked_is_there_as_data(bench, asked):
    bench.sensor.execute(bench.context)
    told = Asked.from_xcom(json.loads(json.dumps(bench.xcoms[ASKED_KEY])) | {"of_a_newer_version": 1})
    assert (told.gate, told.files, told.approvers) == ("check", 1, ["ada", "ben", "carl", "7"])
    assert told.pictures == ["gates/check/montage.png"]
    assert told.numbers == {"cells": 12, "DNA.mean": 4.5}
    assert [(check["name"], check["light"]) for check in told.checks] == [("cells", "red"), ("DNA.mean", "green")]
    assert bench.sensor.assigned_users == [{"id": user, "name": user} for user in ("ada", "ben", "carl", "7")]
    assert asked == [1], "a green light approves nothing, a red one rejects nothing"


class Note(BaseNotifier):
    def __init__(self, said, *, broken=False):
        super().__init__()
        self.said, self.broken = said, broken

    def notify(self, context):
        if self.broken:
            raise OSError("the mail server is down")
        self.said.append(context["run_id"])


def test_a_notifier_hears_of_the_question_and_a_broken_one_breaks_nothing(bench, monkeypatch):
    said: list[str] = []
    gate = bench.gate(notifiers=[Note(said, broken=True), Note(said)])
    for told in gate.notifiers:
        told(bench.context)
    assert said == [RUN]


@pytest.mark.parametrize(("named", "assigned"), [(["leads"], []), (["7", "12"], ["7", "12"]), (["7", "carl"], [])])
def test_airflow_is_told_ids_alone_where_it_compares_ids(monkeypatch, named, assigned):
    """FAB's ids are numbers: a name among them would shut out the person who has it."""
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", FAB)
    approvers = Approvers(named, {"leads": ["ada"]})
    assert [user["id"] for user in assign_users(approvers.users)] == assigned
