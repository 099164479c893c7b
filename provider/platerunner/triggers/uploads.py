"""Starts a pipeline when files have arrived and no more come: many files, one run, or one for each of their values."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from platerunner.engine.connection import ConnectionProblem
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.triggers.arrivals import KEPT_S, PAUSE_S, Arrival, Arrivals, arrivals
from platerunner.triggers.prepared import in_thread, key_of, prepared
from platerunner_unit.contract.patterns import Pattern

log = logging.getLogger(__name__)
SAVED_S = 5.0
"""Seconds from an event to its message's end: by then Airflow has the event in its database."""


@dataclass(slots=True)
class Upload:
    """Files that belong together and have arrived since the last event. Times are of a clock that only goes forward.

    :param last: the newest; its message is kept, so that a triggerer that dies forgets no upload.
    :param values: of the pattern's wildcards in their names.
    :param kept_at: when the queue was last asked to keep the message.
    """

    last: Arrival
    values: dict[str, Any]
    first_at: float
    last_at: float
    kept_at: float
    files: int = 1

    def due(self, quiet: float, at_latest: float) -> float:
        """When it counts as complete."""
        return min(self.last_at + quiet, self.first_at + at_latest)

    def add(self, arrival: Arrival, now: float) -> Arrival:
        """Count a file; the one before it, whose message is of no more use."""
        before, self.last, self.last_at, self.kept_at = self.last, arrival, now, now
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
    :param pattern: of the keys that count; it fires once for each combination of its wildcards' values, which have
        their own quiet. Empty for all keys below the prefix, together.
    """

    def __init__(self, conn_id: str, prefix: str, quiet: float, at_latest: float, pattern: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.prefix = prefix
        self.quiet = quiet
        self.at_latest = at_latest
        self.pattern = pattern
        self._parsed = Pattern.parse(pattern) if pattern else None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments; pipelines with the same ones share a trigger."""
        arguments = ("conn_id", "prefix", "quiet", "at_latest", "pattern")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for files, for quiet, and fire; again and again."""
        queue = await self._queue()
        waiting: dict[tuple[Any, ...], Upload] = {}
        with queue.listen(lambda url: self._values(url) is not None) as inbox:
            while True:
                due = await self._due(queue, inbox, waiting)
                for upload in due:
                    log.info("%d files have arrived in %s, the last %s", upload.files, self.prefix, upload.last.url)
                    yield TriggerEvent(self._payload(upload))  # type: ignore[no-untyped-call]
                await asyncio.sleep(SAVED_S)
                for upload in due:
                    queue.release(upload.last)

    def _values(self, url: str) -> dict[str, Any] | None:
        """The values in the name of a file; None if the pipeline does not wait for it."""
        if not url.startswith(self.prefix):
            return None
        return self._parsed.match(url.removeprefix("s3://").partition("/")[2]) if self._parsed else {}

    def _payload(self, upload: Upload) -> dict[str, Any]:
        payload: dict[str, Any] = {"prefix": self.prefix, "files": upload.files, "last": upload.last.url}
        return {**payload, "values": upload.values, "message": upload.last.message} if self.pattern else payload

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

    async def _due(
        self, queue: Arrivals, inbox: asyncio.Queue[Arrival], waiting: dict[tuple[Any, ...], Upload]
    ) -> list[Upload]:
        """The uploads that have become complete, taken out of those that wait."""
        while True:
            while not inbox.empty():  # what came while an event was saved is no quiet
                self._take(queue, inbox.get_nowait(), waiting)
            now = time.monotonic()
            times = {key: upload.due(self.quiet, self.at_latest) for key, upload in waiting.items()}
            if due := [key for key, at in times.items() if at <= now]:
                return [waiting.pop(key) for key in due]
            await self._keep(queue, waiting, now)
            left = min([at - now for at in times.values()], default=KEPT_S)
            with suppress(TimeoutError):
                self._take(queue, await asyncio.wait_for(inbox.get(), min(left, KEPT_S / 4)), waiting)

    def _take(self, queue: Arrivals, arrival: Arrival, waiting: dict[tuple[Any, ...], Upload]) -> None:
        now, values = time.monotonic(), self._values(arrival.url) or {}
        key = tuple(values.values())
        if key in waiting:
            queue.release(waiting[key].add(arrival, now))
        else:
            waiting[key] = Upload(arrival, values, now, now, now)

    async def _keep(self, queue: Arrivals, waiting: Mapping[tuple[Any, ...], Upload], now: float) -> None:
        """Keep the messages of uploads to which nothing was added for a while."""
        for upload in waiting.values():
            if now - upload.kept_at >= KEPT_S / 4:
                await queue.keep(upload.last)
                upload.kept_at = now


def _no_queue(conn_id: str) -> NoReturn:
    raise ConnectionProblem(
        f"connection {conn_id!r} names no upload_queue; add the URL of the queue in which S3's events arrive "
        "(terraform output arrival_queue_url) to its extras"
    )
