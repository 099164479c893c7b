import asyncio
import json
import threading
import time
from collections.abc import Iterator

import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.triggers.base import TriggerEvent
from tests.embedded import TIMEOUT_S, Account, embedded, wait_for

from platerunner.batch.reasons import CLEARED
from platerunner.batch.stop import terminate
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.records.results import read_blocked
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.local.aws.responses import LocalBatchResponse
from platerunner.triggers.batch_jobs import BatchJobsTrigger
from platerunner_unit.contract.keys import blocked_key
from platerunner_unit.contract.storage import Storage


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with embedded() as account:
        yield account


@pytest.fixture
def connection(aws, monkeypatch):
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    extra = aws.cloud.connection()
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))


def trigger(*jobs: str, **options) -> BatchJobsTrigger:
    return BatchJobsTrigger(**{"conn_id": "platerunner", "jobs": jobs, "step": "measure", "first_s": 0.2, **options})


async def first_event(waiting: BatchJobsTrigger) -> TriggerEvent:
    async for event in waiting.run():
        return event
    raise AssertionError("no event")


def test_it_survives_its_serialisation_and_stays_small():
    path, arguments = trigger("a" * 36, "b" * 36, on_clear="adopt").serialize()
    assert len(json.dumps([path, arguments])) < 400
    assert import_string(path)(**arguments).serialize() == (path, arguments)


@pytest.mark.slow
def test_it_fires_once_all_jobs_have_ended_whatever_became_of_them(aws, connection):
    array, single = aws.submit(["sh", "-c", "exit $AWS_BATCH_JOB_ARRAY_INDEX"], size=3), aws.submit(["sleep", "1"])
    event = asyncio.run(first_event(trigger(array, single)))
    assert event.payload == {"status": "ended", "missing": []}
    assert aws.job(single)["status"] == "SUCCEEDED"
    assert aws.job(array)["status"] == "FAILED"


def test_no_event_comes_before_the_first_look(aws, connection):
    job = aws.submit(["true"])
    aws.wait(job)
    started = time.monotonic()
    asyncio.run(first_event(trigger(job, first_s=1.0)))
    assert time.monotonic() - started >= 1.0


@pytest.mark.parametrize(
    ("parked_for", "wait"), [(None, 2.0), (0.0, 2.0), (0.5, 1.5), (1.7, 1.7), (3600.0, 5.0), (-5.0, 2.0)]
)
def test_the_first_look_comes_some_seconds_after_parking_and_later_on_a_busy_machine(parked_for, wait):
    parked_at = 0.0 if parked_for is None else 1e9 - parked_for
    assert trigger("job", first_s=2.0, parked_at=parked_at)._until_first_look(1e9) == pytest.approx(wait)


def test_progress_goes_to_the_log(aws, connection, capsys):
    asyncio.run(first_event(trigger(aws.submit(["true"], size=2))))
    assert "measure: 2 of 2 done" in capsys.readouterr().out


def test_the_first_look_is_told_although_nothing_changes_after_it(aws, connection, capsys):
    job = aws.submit(["sleep", "600"])
    aws.wait(job, "RUNNING")

    async def told() -> str:
        waiting = asyncio.create_task(first_event(trigger(job)))
        said = ""
        while "measure:" not in said:
            await asyncio.sleep(0.05)
            said += capsys.readouterr().out
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return said

    assert "measure: 0 of 1 done, 1 running" in asyncio.run(asyncio.wait_for(told(), TIMEOUT_S))
    aws.batch.terminate_job(jobId=job, reason="end of test")


def test_a_missing_connection_is_told_in_the_event(monkeypatch):
    event = asyncio.run(first_event(trigger("job", conn_id="nowhere")))
    assert event.payload["status"] == "error"
    assert "there is no connection 'nowhere'" in event.payload["message"]


@pytest.mark.parametrize(("on_clear", "ended"), [("terminate", True), ("adopt", False)])
def test_a_kill_while_waiting_ends_the_jobs_unless_the_next_try_adopts_them(aws, connection, on_clear, ended):
    job = aws.submit(["sleep", "600"])
    wait_for(lambda: aws.job(job)["status"] == "RUNNING")
    asyncio.run(trigger(job, on_clear=on_clear).on_kill())
    if ended:
        assert aws.wait(job)["statusReason"] == CLEARED
    else:
        time.sleep(0.5)
        assert aws.job(job)["status"] == "RUNNING"
        aws.batch.terminate_job(jobId=job, reason="end of test")


def test_a_shutdown_of_the_triggerer_ends_nothing(aws, connection):
    job = aws.submit(["sleep", "600"])

    async def cancel() -> None:
        waiting = trigger(job)
        task = asyncio.create_task(first_event(waiting))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await waiting.cleanup()

    asyncio.run(cancel())
    assert aws.job(job)["status"] != "FAILED"
    aws.batch.terminate_job(jobId=job, reason="end of test")


def test_a_cancellation_keeps_its_message_while_the_connection_is_looked_up(monkeypatch):
    asked, looked_up = threading.Event(), threading.Event()

    class SlowHook(PlaterunnerHook):
        @property
        def settings(self):
            asked.set()
            looked_up.wait(TIMEOUT_S)
            raise ConnectionProblem("nobody waits for it")

    monkeypatch.setattr("platerunner.triggers.prepared.PlaterunnerHook", SlowHook)

    async def cancel() -> tuple:
        task = asyncio.create_task(first_event(trigger("job")))
        await asyncio.to_thread(asked.wait, TIMEOUT_S)
        task.cancel("user-action")
        try:
            await task
        except asyncio.CancelledError as error:
            return error.args
        finally:
            looked_up.set()
        return ()

    assert asyncio.run(cancel()) == ("user-action",)


BLOCKED = "UNDETERMINED - Batch job is blocked, root cause is undetermined."


def test_a_blocked_queue_is_told_once_and_kept_for_the_map(aws, connection, capsys, monkeypatch, tmp_path):
    blocker = aws.submit(["sleep", "60"], overrides={"resourceRequirements": [{"type": "VCPU", "value": "4"}]})
    aws.wait(blocker, "RUNNING")
    job = aws.submit(["true"])
    aws.wait(job, "RUNNABLE")
    LocalBatchResponse.jobs._jobs[job].status_reason = BLOCKED
    monkeypatch.setattr("platerunner.engine.steps.watch_jobs.REPORT_S", 0.0)
    record = Storage(str(tmp_path)).url_of(blocked_key("run-1", "measure"))

    async def told() -> str:
        waiting = asyncio.create_task(first_event(trigger(job, record=record)))
        said = ""
        while "UNDETERMINED" not in said:
            await asyncio.sleep(0.1)
            said += capsys.readouterr().out
        while read_blocked(Storage(str(tmp_path)), "run-1", "measure") != (BLOCKED,):
            await asyncio.sleep(0.1)
        LocalBatchResponse.jobs._jobs[job].status_reason = None
        terminate(aws.batch, [blocker], "test is over")
        await waiting
        return said + capsys.readouterr().out

    assert asyncio.run(told()).count("UNDETERMINED") == 1
    assert read_blocked(Storage(str(tmp_path)), "run-1", "measure") == ()
