"""What wakes a task that waits for archived objects: a look at a few of them, or an event in the queue of uploads."""

import asyncio
import json
from uuid import uuid4

import pytest
from airflow.sdk._shared.module_loading import import_string
from tests.embedded import TIMEOUT_S, Account, embedded

from platerunner.triggers import arrivals, restores
from platerunner.triggers.restores import RestoreTrigger

BUCKET, KEY = "lab-archive", "old/P1/A01.tif"
URL = f"s3://{BUCKET}/{KEY}"


@pytest.fixture(scope="module")
def aws():
    with embedded() as account:
        account.client("s3").create_bucket(Bucket=BUCKET)
        yield account


@pytest.fixture
def queue(aws: Account, monkeypatch) -> str:
    """An archived object, and a queue that the connection names."""
    aws.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"pixels", StorageClass="GLACIER")
    url = aws.client("sqs").create_queue(QueueName=f"arrivals-{uuid4().hex}")["QueueUrl"]
    for variable, value in aws.cloud.environment().items():
        monkeypatch.setenv(variable, value)
    extra = {**aws.cloud.connection(), "upload_queue": url}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    monkeypatch.setattr(restores, "FIRST_S", 0.0)
    monkeypatch.setattr(arrivals, "RECEIVE_S", 1)
    return url


def wait_while(act, seconds: float, monkeypatch) -> dict:
    """What the trigger fires with, if something is done once it has looked in vain."""
    looked = asyncio.Event()

    async def main() -> dict:
        loop, look = asyncio.get_running_loop(), restores.are_there

        def noted(client, urls):
            found = look(client, urls)
            loop.call_soon_threadsafe(looked.set)
            return found

        monkeypatch.setattr(restores, "are_there", noted)
        waiting = RestoreTrigger("platerunner", [URL], f"s3://{BUCKET}/old", seconds).run()
        fired = asyncio.ensure_future(anext(waiting))
        await asyncio.wait_for(looked.wait(), TIMEOUT_S)
        assert not fired.done()
        await asyncio.to_thread(act)
        event = await asyncio.wait_for(fired, TIMEOUT_S)
        await waiting.aclose()
        return event.payload

    return asyncio.run(main())


def restore(aws: Account) -> None:
    aws.client("s3").restore_object(Bucket=BUCKET, Key=KEY, RestoreRequest={"Days": 1})


def test_it_survives_its_serialisation():
    path, arguments = RestoreTrigger("platerunner", [URL], "s3://lab", 600.0).serialize()
    assert import_string(path)(**arguments).serialize() == (path, arguments)


@pytest.mark.slow
def test_a_look_now_and_then_finds_that_they_are_there(aws, queue, monkeypatch):
    assert wait_while(lambda: restore(aws), 0.2, monkeypatch) == {"status": "restored"}


def test_an_event_wakes_it_long_before_the_next_look(aws, queue, monkeypatch):
    detail = {"bucket": {"name": BUCKET}, "object": {"key": KEY}}
    body = json.dumps({"source": "aws.s3", "detail-type": "Object Restore Completed", "detail": detail})

    def completed() -> None:
        restore(aws)
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody=body)

    assert wait_while(completed, 1e6, monkeypatch) == {"status": "restored"}
