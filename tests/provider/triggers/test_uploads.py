"""Files arrive in S3, EventBridge tells SQS: real calls, of moto's own services, and the trigger that reads them."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterator
from itertools import count
from uuid import uuid4

import pytest
from airflow.sdk._shared.module_loading import import_string
from tests.embedded import TIMEOUT_S, Account, embedded

from platerunner.triggers import arrivals, uploads
from platerunner.triggers.arrivals import Arrivals, arrived, back_after
from platerunner.triggers.uploads import UploadsTrigger

BUCKET = "lab-images"


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with embedded() as account:
        account.client("s3").create_bucket(Bucket=BUCKET)
        yield account


@pytest.fixture
def queue(aws, monkeypatch) -> str:
    """The URL of a queue of its own, to which EventBridge sends what arrives in the bucket, as terraform wires it."""
    sqs, events, name = aws.client("sqs"), aws.client("events"), f"arrivals-{uuid4().hex}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [BUCKET]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "arrivals", "Arn": arn}])
    for variable, value in aws.cloud.environment().items():
        monkeypatch.setenv(variable, value)
    connect(aws, monkeypatch, url)
    monkeypatch.setattr(arrivals, "RECEIVE_S", 1)
    monkeypatch.setattr(uploads, "SAVED_S", 0.2)
    yield url
    events.remove_targets(Rule=name, Ids=["arrivals"])
    events.delete_rule(Name=name)


def connect(aws: Account, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    extra = {**aws.cloud.connection(), "upload_queue": url}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))


def upload(aws: Account, *keys: str) -> None:
    for key in keys:
        aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"pixels")


def trigger(prefix: str = f"s3://{BUCKET}/P1/", quiet: float = 3.0, at_latest: float = 60.0) -> UploadsTrigger:
    return UploadsTrigger("platerunner", prefix, quiet, at_latest)


async def listen(found: list[dict], *waiting: UploadsTrigger) -> None:
    """Note every event until cancelled."""

    async def one(each: UploadsTrigger) -> None:
        async for event in each.run():
            found.append(event.payload)  # noqa: PERF401  (others look at each while this waits for the next)

    await asyncio.gather(*(one(each) for each in waiting))


async def while_listening(steps, *waiting: UploadsTrigger) -> list[dict]:
    found: list[dict] = []
    task = asyncio.create_task(listen(found, *waiting))
    await steps(found)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return found


async def until(condition, timeout: float = TIMEOUT_S) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def left(aws: Account, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))


def test_it_survives_its_serialisation():
    path, arguments = UploadsTrigger("platerunner", "s3://lab/in/", 1.0, 2.0, "in/{plate}/**").serialize()
    assert import_string(path)(**arguments).serialize() == (path, arguments)


@pytest.mark.slow
def test_a_plate_of_files_is_one_event_and_the_next_plate_another(aws, queue):
    upload(aws, *(f"P1/A{n:02}.tiff" for n in range(25)))

    async def steps(found):
        await until(lambda: found)
        await asyncio.to_thread(upload, aws, "P1/B01.tiff")
        await until(lambda: len(found) == 2)
        await until(lambda: left(aws, queue) == 0)

    first, second = asyncio.run(while_listening(steps, trigger()))
    assert first["files"] == 25
    assert first["prefix"] == f"s3://{BUCKET}/P1/"
    assert second == {"prefix": f"s3://{BUCKET}/P1/", "files": 1, "last": f"s3://{BUCKET}/P1/B01.tiff"}


@pytest.mark.slow
def test_files_that_have_come_but_were_not_looked_at_yet_are_no_quiet(aws, queue):
    upload(aws, *(f"P1/A{n:02}.tiff" for n in range(5)))  # one call brings them all

    async def steps(found):
        await until(lambda: found)

    first, *_ = asyncio.run(while_listening(steps, trigger(quiet=0.0)))
    assert first["files"] == 5


@pytest.mark.slow
def test_each_value_of_a_pattern_is_an_event_of_its_own(aws, queue):
    upload(aws, "in/P1/A01.tiff", "in/P2/A01.tiff", "in/P1/A02.tiff", "in/notes.txt")  # so that one call brings all

    async def steps(found):
        await until(lambda: len(found) == 2)
        await until(lambda: left(aws, queue) == 1)

    by_plate = UploadsTrigger("platerunner", f"s3://{BUCKET}/in/", 3.0, 60.0, "in/{plate}/**")
    found = asyncio.run(while_listening(steps, by_plate))
    assert {event["values"]["plate"]: event["files"] for event in found} == {"P1": 2, "P2": 1}
    assert len({event["message"] for event in found}) == 2


@pytest.mark.slow
def test_files_that_keep_coming_start_it_at_last(aws, queue):
    upload(aws, *(f"P1/before{number}.tiff" for number in range(3)))

    async def steps(found):
        for number in count():
            await asyncio.to_thread(upload, aws, f"P1/{number}.tiff")
            if found:
                return
            await asyncio.sleep(0.2)

    found = asyncio.run(while_listening(steps, trigger(quiet=3600, at_latest=2)))
    assert len(found) == 1
    assert found[0]["files"] >= 3


@pytest.mark.slow
def test_each_pipeline_gets_its_own_files_and_others_stay_in_the_queue(aws, queue, monkeypatch):
    upload(aws, "P1/A01.tiff", "P2/A01.tiff", "P2/A02.tiff", "elsewhere/A01.tiff")
    receive = Arrivals._receive

    async def once_all_listen(reader):
        await until(lambda: len(reader._inboxes) == 3)
        await receive(reader)

    monkeypatch.setattr(Arrivals, "_receive", once_all_listen)

    async def steps(found):
        await until(lambda: len(found) == 3)
        await until(lambda: left(aws, queue) == 1)

    waiting = [trigger(), trigger(f"s3://{BUCKET}/P2/"), trigger(f"s3://{BUCKET}/P")]
    found = asyncio.run(while_listening(steps, *waiting))
    assert {event["prefix"]: event["files"] for event in found} == {
        f"s3://{BUCKET}/P1/": 1, f"s3://{BUCKET}/P2/": 2, f"s3://{BUCKET}/P": 3,
    }  # fmt: skip


@pytest.mark.slow
def test_a_triggerer_that_dies_before_it_is_quiet_forgets_no_upload(aws, queue, monkeypatch):
    monkeypatch.setattr(arrivals, "KEPT_S", 3)

    async def dies(found):
        await asyncio.to_thread(upload, aws, *(f"P1/A{n:02}.tiff" for n in range(5)))
        await until(lambda: left(aws, queue) == 1)  # the last one's message, which it keeps

    async def comes_back(found):
        await until(lambda: found)

    assert asyncio.run(while_listening(dies, trigger(quiet=3600, at_latest=3600))) == []
    (event,) = asyncio.run(while_listening(comes_back, trigger()))
    assert event["files"] >= 1


@pytest.mark.slow
def test_it_says_what_is_missing_and_goes_on_once_it_is_there(aws, queue, monkeypatch, caplog):
    monkeypatch.setattr(uploads, "PAUSE_S", 0.2)
    connect(aws, monkeypatch, "")

    async def steps(found):
        await until(lambda: "upload_queue" in caplog.text)
        connect(aws, monkeypatch, queue)
        await asyncio.to_thread(upload, aws, "P1/A01.tiff")
        await until(lambda: found)

    with caplog.at_level(logging.ERROR):
        asyncio.run(while_listening(steps, trigger()))
    assert "names no upload_queue; add the URL of the queue in which S3's events arrive" in caplog.text


@pytest.mark.slow
def test_a_queue_that_is_gone_is_told_and_asked_again(aws, queue, monkeypatch, caplog):
    monkeypatch.setattr(arrivals, "PAUSE_S", 0.2)
    aws.client("sqs").delete_queue(QueueUrl=queue)

    async def steps(found):
        await until(lambda: "does not answer" in caplog.text)
        aws.client("sqs").create_queue(QueueName=queue.rpartition("/")[2])
        await asyncio.to_thread(upload, aws, "P1/A01.tiff")
        await until(lambda: found)

    with caplog.at_level(logging.ERROR):
        asyncio.run(while_listening(steps, trigger()))
    assert "check `upload_queue` of the connection" in caplog.text


@pytest.mark.slow
def test_two_triggerers_on_one_queue_lose_nothing(aws, queue, monkeypatch):
    monkeypatch.setattr(arrivals, "BACK_S", 0)
    monkeypatch.setattr(arrivals, "KEPT_S", 3)
    files = {plate: {f"s3://{BUCKET}/{plate}/{n:02}.tiff" for n in range(15)} for plate in ("P1", "P2")}
    upload(aws, *(url.removeprefix(f"s3://{BUCKET}/") for pair in zip(*files.values(), strict=True) for url in pair))

    async def wait_for_its_own(plate):
        triggerer, found = Arrivals(lambda: aws.client("sqs"), queue), set()
        with triggerer.listen(lambda url: url.startswith(f"s3://{BUCKET}/{plate}/")) as inbox:
            while found < files[plate]:  # a message may come twice
                arrival = await asyncio.wait_for(inbox.get(), TIMEOUT_S)
                triggerer.release(arrival)
                found.add(arrival.url)
        return found

    async def both():
        return await asyncio.gather(*map(wait_for_its_own, files))

    assert asyncio.run(both()) == list(files.values())


def test_what_was_released_last_is_deleted_when_the_last_listener_leaves(aws, queue):
    upload(aws, *(f"P1/A{n:02}.tiff" for n in range(12)))

    async def listens():
        triggerer = Arrivals(lambda: aws.client("sqs"), queue)
        with triggerer.listen(lambda url: True) as inbox:
            for arrival in [await asyncio.wait_for(inbox.get(), TIMEOUT_S) for _ in range(12)]:
                triggerer.release(arrival)
        await until(lambda: left(aws, queue) == 0)  # kept for two minutes, they would not come again before

    asyncio.run(listens())


def test_a_message_stays_long_enough_for_a_triggerer_that_begins_late():
    received = 100  # as terraform/modules/events allows, before the queue puts it aside
    assert sum(map(back_after, range(1, received))) > 1.5 * 3600


def test_what_another_waits_for_is_given_back_at_once(aws, queue, monkeypatch):
    monkeypatch.setattr(arrivals, "BACK_S", 0)
    received = []

    def new_client():
        client = aws.client("sqs")
        receive = client.receive_message

        def noted(**options):
            answer = receive(**options)
            received.extend(answer.get("Messages", ()))
            return answer

        client.receive_message = noted
        return client

    async def listens():
        with Arrivals(new_client, queue).listen(lambda url: url.startswith(f"s3://{BUCKET}/P2/")):
            await asyncio.to_thread(upload, aws, "P1/A01.tiff")
            await until(lambda: len(received) > 2)  # it would come again after two minutes, when this is over

    asyncio.run(listens())


def test_what_nobody_waits_for_is_given_back_later_each_time():
    assert [back_after(received) for received in (1, 2, 3, 6, 7, 8, 1000)] == [1, 2, 4, 32, 60, 60, 60]


@pytest.mark.parametrize(
    "body", ["", "[]", "7", "no json", "{}", '{"source": "aws.s3", "detail-type": "Object Deleted"}']
)
def test_what_is_no_arrival_is_none(body):
    assert arrived(body) is None
