"""The queue in which S3's events arrive, read once for all pipelines of a triggerer that wait for uploads.

A message that nobody here waits for is given back soon: another triggerer may, or the queue's own limit puts it aside.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.engine.connection import ConnectionProblem

log = logging.getLogger(__name__)
RECEIVE_S = 5
"""Seconds that a call waits for messages: a triggerer that ends waits for it."""
KEPT_S = 120
"""Seconds for which a message that is kept stays out of others' sight, after each :meth:`Arrivals.keep`."""
PAUSE_S = 60.0
"""Seconds of rest after an error."""
BACK_S, BACK_MOST_S = 1, 60
"""Seconds after which others may have a message that nobody here waits for: more with each time that it was received,
so that a message for which nobody waits is not passed on without end."""
CREATED, RESTORED = "Object Created", "Object Restore Completed"
"""Kinds of S3's events."""
MOST = 10
"""Messages in one call; SQS allows no more."""
_RECEIVED = "ApproximateReceiveCount"


@dataclass(eq=False, slots=True)
class Arrival:
    """A file that arrived, with the message that named it.

    :param url: ``s3://bucket/key``.
    :param handle: the message's.
    :param holders: how many still need the message.
    :param message: id of the message, the same each time that it comes.
    """

    url: str
    handle: str
    holders: int = 0
    message: str = ""


def arrived(body: str, kind: str = CREATED) -> str | None:
    """The file that an event of EventBridge names; None for an event of another kind.

    :param kind: of the event.
    """
    try:
        event = json.loads(body)
        if event["source"] == "aws.s3" and event["detail-type"] == kind:
            return f"s3://{event['detail']['bucket']['name']}/{event['detail']['object']['key']}"
    except (ValueError, KeyError, TypeError):
        log.debug("no event of EventBridge: %s", body)
    return None


def back_after(received: int) -> int:
    """Seconds for which a message that nobody here waits for stays out of sight.

    :param received: how often the queue has given it to anybody.
    """
    return int(min(BACK_S * 2 ** min(received - 1, 30), BACK_MOST_S))


class Arrivals:
    """A queue, and those who wait for files.

    :param new_client: makes a boto3 client for SQS.
    :param queue: URL of the queue.
    """

    def __init__(self, new_client: Callable[[], Any], queue: str) -> None:
        self._new_client = new_client
        self._client: Any = None
        self._queue = queue
        self._inboxes: dict[asyncio.Queue[Arrival], tuple[Callable[[str], bool], str]] = {}
        self._released: list[Arrival] = []
        self._reader: asyncio.Task[None] | None = None

    @contextmanager
    def listen(self, wants: Callable[[str], bool], kind: str = CREATED) -> Iterator[asyncio.Queue[Arrival]]:
        """Files that arrive from now on; each has to be released.

        :param wants: whether a file is one of them, by its ``s3://bucket/key``.
        :param kind: of S3's events.
        """
        inbox: asyncio.Queue[Arrival] = asyncio.Queue()
        self._inboxes[inbox] = wants, kind
        if self._reader is None:
            self._reader = asyncio.get_running_loop().create_task(self._read())
        try:
            yield inbox
        finally:
            del self._inboxes[inbox]
            if not self._inboxes:
                self._reader.cancel()
                self._reader = None

    def release(self, arrival: Arrival) -> None:
        """Say that a message need not come again; it is deleted when all who wait for the file have said so."""
        arrival.holders -= 1
        if arrival.holders == 0:
            self._released.append(arrival)

    async def keep(self, arrival: Arrival) -> None:
        """Keep a message for :data:`KEPT_S` more; if this process dies, it comes again after that."""
        await self._try(lambda client: client.change_message_visibility(
            QueueUrl=self._queue, ReceiptHandle=arrival.handle, VisibilityTimeout=KEPT_S
        ))  # fmt: skip

    async def _read(self) -> None:
        try:
            while True:
                await self._delete_released()
                await self._receive()
        finally:  # nobody listens any more, and what they have released would come again
            await self._delete_released()

    async def _receive(self) -> None:
        answer = await self._try(lambda client: client.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=MOST, WaitTimeSeconds=RECEIVE_S, VisibilityTimeout=KEPT_S,
            AttributeNames=[_RECEIVED],
        ))  # fmt: skip
        if answer is None:
            await asyncio.sleep(PAUSE_S)
        found = (answer or {}).get("Messages", ())
        if unwanted := [message for message in found if not self._hand_out(message)]:
            await self._give_back(unwanted)

    async def _give_back(self, unwanted: Sequence[Mapping[str, Any]]) -> None:
        entries = [
            {
                "Id": str(index),
                "ReceiptHandle": message["ReceiptHandle"],
                "VisibilityTimeout": back_after(int(message["Attributes"][_RECEIVED])),
            }
            for index, message in enumerate(unwanted)
        ]
        await self._try(lambda client: client.change_message_visibility_batch(QueueUrl=self._queue, Entries=entries))

    async def _delete_released(self) -> None:
        while self._released:
            done, self._released = self._released[:MOST], self._released[MOST:]
            await self._delete(done)

    async def _delete(self, done: Sequence[Arrival]) -> None:
        entries = [{"Id": str(index), "ReceiptHandle": arrival.handle} for index, arrival in enumerate(done)]
        await self._try(lambda client: client.delete_message_batch(QueueUrl=self._queue, Entries=entries))

    def _hand_out(self, message: Mapping[str, Any]) -> bool:
        """Give a message to all who wait for its file; whether there is anybody."""
        urls = {kind: arrived(message["Body"], kind) for kind in (CREATED, RESTORED)}
        url = next(filter(None, urls.values()), None)
        wanted = [
            inbox for inbox, (wants, kind) in self._inboxes.items() if (told := urls[kind]) is not None and wants(told)
        ]
        arrival = Arrival(url or "", message["ReceiptHandle"], len(wanted), message["MessageId"])
        for inbox in wanted:
            inbox.put_nowait(arrival)
        return bool(wanted)

    async def _try(self, call: Callable[[Any], Any]) -> Any:
        """What a call gives; None, with a sentence in the log, if it fails: then the next one has a new client."""
        try:
            return await asyncio.to_thread(self._call, call)
        except (BotoCoreError, ClientError, ConnectionProblem) as error:
            self._client = None
            log.error(  # noqa: TRY400  (a person reads this, and a traceback says nothing more)
                "the upload queue %s does not answer (%s): check `upload_queue` of the connection, and that these "
                "credentials may receive, delete and change the visibility of its messages; no pipeline starts after "
                "an upload until then",
                self._queue,
                error,
            )
            return None

    def _call(self, call: Callable[[Any], Any]) -> Any:
        if self._client is None:
            self._client = self._new_client()
        return call(self._client)


_shared: dict[tuple[str, ...], Arrivals] = {}


def arrivals(key: tuple[str, ...], new_client: Callable[[], Any], queue: str) -> Arrivals:
    """The one reader of a queue in this process.

    :param key: of the connection.
    :param new_client: makes a client, if nobody has one yet.
    :param queue: URL.
    """
    return _shared.setdefault((*key, queue), Arrivals(new_client, queue))
