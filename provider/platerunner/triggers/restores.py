"""Waits for objects that come back from an archive of S3: a look at a few of them now and then, or an event."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext, suppress
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from botocore.exceptions import BotoCoreError, ClientError

from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.restores import are_there
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.triggers.arrivals import RESTORED, Arrival, arrivals
from platerunner.triggers.prepared import in_thread, key_of, prepared

FIRST_S = 2.0
"""Seconds to the first look: an event within a second of parking can fail the task in the executor."""


class RestoreTrigger(BaseTrigger):
    """Fires once, when all objects of a sample can be read; whether the others can is for the task to see.

    :param conn_id: connection of type ``platerunner``; if it names an ``upload_queue``, S3's events there wake it, too.
    :param sample: addresses of some objects.
    :param below: what the addresses of all that is waited for begin with.
    :param seconds: between two looks.
    """

    def __init__(self, conn_id: str, sample: Sequence[str], below: str, seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.sample = list(sample)
        self.below = below
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments."""
        arguments = ("conn_id", "sample", "below", "seconds")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, wait, look again; then fire."""
        await asyncio.sleep(FIRST_S)
        hook = await prepared(self.conn_id)
        own = PlaterunnerHook(self.conn_id)  # the shared one knows the connection as it was at first
        await in_thread(lambda: own.settings)
        queue = own.settings.upload_queue
        reader = arrivals(key_of(hook), hook.new_sqs_client, queue) if queue else None
        with reader.listen(self._is_below, RESTORED) if reader else nullcontext(asyncio.Queue[Arrival]()) as inbox:
            while not await self._are_there(hook):
                with suppress(TimeoutError):
                    arrival = await asyncio.wait_for(inbox.get(), self.seconds)
                    if reader:
                        reader.release(arrival)
        yield TriggerEvent({"status": "restored"})  # type: ignore[no-untyped-call]

    def _is_below(self, url: str) -> bool:
        return url.startswith(self.below)

    async def _are_there(self, hook: Any) -> bool:
        """Whether it is time for the task to look: also if this cannot, so that the task says why."""
        try:
            return await asyncio.to_thread(lambda: are_there(hook.s3, self.sample))
        except (BotoCoreError, ClientError, ConnectionProblem) as error:
            self.log.warning("cannot look whether objects are restored: %s", error)
            await asyncio.sleep(self.seconds)
            return True
