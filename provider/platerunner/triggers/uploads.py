"""Starts a pipeline when files have arrived and no more come: many files, one run."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NoReturn

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from platerunner.engine.connection import ConnectionProblem
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.triggers.arrivals import KEPT_S, PAUSE_S, Arrival, Arrivals, arrivals
from platerunner.triggers.prepared import in_thread, key_of, prepared

log = logging.getLogger(__name__)
SAVED_S = 5.0
"""Seconds from an event to its message's end: by then Airflow has the event in its database."""


@dataclass(slots=True)
class Upload:
    """Files that have arrived since the last event. Times are in seconds of a clock that only goes forward.

    :param last: the newest; its message is kept, so that a triggerer that dies forgets no upload.
    """

    files: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    last: Arrival | None = None

    def due(self, quiet: float, at_latest: float) -> float:
        """When it counts as complete; forever away as long as there is no file."""
        return min(self.last_at + quiet, self.first_at + at_latest) if self.files else float("inf")

    def add(self, arrival: Arrival, now: float) -> Arrival | None:
        """Count a file; the one before it, whose message is of no more use."""
        before, self.last, self.last_at = self.last, arrival, now
        self.first_at = self.first_at if self.files else now
        self.files += 1
        return before


class UploadsTrigger(BaseEventTrigger):
    """Fires each time that files have arrived and no more come; goes on forever.

    The amazon provider's trigger for SQS deletes each message at once, so that an upload would be lost with the
    triggerer, fires for each batch of ten, and takes messages that other pipelines wait for out of their sight.

    :param conn_id: connection of type ``platerunner``, whose ``upload_queue`` is read.
    :param prefix: ``s3://bucket/prefix`` that the files begin with.
    :param quiet: seconds without a further file after which it fires.
    :param at_latest: seconds from the first file after which it fires although files still come.
    """

    def __init__(self, conn_id: str, prefix: str, quiet: float, at_latest: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.prefix = prefix
        self.quiet = quiet
        self.at_latest = at_latest

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments; pipelines with the same ones share a trigger."""
        arguments = ("conn_id", "prefix", "quiet", "at_latest")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for files, for quiet, and fire; again and again."""
        queue = await self._queue()
        with queue.listen(self.prefix) as inbox:
            while True:
                upload = await self._upload(queue, inbox)
                assert upload.last is not None
                log.info("%d files have arrived in %s, the last %s", upload.files, self.prefix, upload.last.url)
                payload = {"prefix": self.prefix, "files": upload.files, "last": upload.last.url}
                yield TriggerEvent(payload)  # type: ignore[no-untyped-call]
                await asyncio.sleep(SAVED_S)
                queue.release(upload.last)

    async def _queue(self) -> Arrivals:
        """The queue, as soon as the connection names one."""
        while True:
            try:
                url = await self._url()
                hook = await prepared(self.conn_id)
            except ConnectionProblem as problem:
                log.error("%s; nothing starts after an upload to %s until then", problem, self.prefix)  # noqa: TRY400
                await asyncio.sleep(PAUSE_S)
            else:
                return arrivals(key_of(hook), hook.new_sqs_client, url)

    async def _url(self) -> str:
        """As the connection has it now; the hook that triggers share knows what it was at first."""
        hook = PlaterunnerHook(self.conn_id)
        await in_thread(lambda: hook.settings)
        return hook.settings.upload_queue or _no_queue(self.conn_id)

    async def _upload(self, queue: Arrivals, inbox: asyncio.Queue[Arrival]) -> Upload:
        upload = Upload()
        while (left := upload.due(self.quiet, self.at_latest) - time.monotonic()) > 0:
            try:
                arrival = await asyncio.wait_for(inbox.get(), min(left, KEPT_S / 4))
            except TimeoutError:
                if upload.last is not None:
                    await queue.keep(upload.last)
                continue
            if before := upload.add(arrival, time.monotonic()):
                queue.release(before)
        return upload


def _no_queue(conn_id: str) -> NoReturn:
    raise ConnectionProblem(
        f"connection {conn_id!r} names no upload_queue; add the URL of the queue in which S3's events arrive "
        "(terraform output arrival_queue_url) to its extras"
    )
