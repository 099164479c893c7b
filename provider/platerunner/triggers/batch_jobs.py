"""Waits for a step's jobs; all triggers of a triggerer share one poller."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from platerunner.batch.model import PACE, BatchError
from platerunner.batch.poller import Poller, poller
from platerunner.batch.reasons import CLEARED
from platerunner.batch.stop import terminate
from platerunner.batch.views import Progress
from platerunner.engine.connection import ConnectionProblem, OnClear
from platerunner.engine.records.results import write_blocked
from platerunner.engine.steps.watch_jobs import watch_jobs
from platerunner.triggers.prepared import key_of, prepared
from platerunner.triggers.task_state import waits
from platerunner_unit.contract.storage import StorageError

LEAST_S, MOST_S = 1.0, 5.0
"""Seconds from a trigger's start to its first look at the least, and at the most for the sake of a busy machine."""


class BatchJobsTrigger(BaseTrigger):
    """Fires once, when all jobs of a step have ended; what became of their units is not its business.

    :param conn_id: connection of type ``platerunner``.
    :param jobs: job ids: arrays and single jobs.
    :param step: for the log.
    :param first_s: seconds from parking to the first look, and so to the first event: one within a second of parking
        can fail the task in the executor (apache/airflow 66374, 67287, 71580, 72716).
    :param parked_at: when the task parked, in seconds of the epoch: a triggerer begins a second or two later. 0 for
        when it begins.
    :param on_clear: ``terminate`` the jobs when somebody clears or marks the task, or leave them for the next try to
        ``adopt``.
    :param record: URL of the file that tells pages what Batch says of jobs that wait; none if empty.
    :param foreign: ids of jobs of other runs, which are waited for as well and never ended.
    """

    def __init__(
        self,
        conn_id: str,
        jobs: Sequence[str],
        step: str = "",
        first_s: float = PACE.first,
        on_clear: OnClear = "terminate",
        record: str = "",
        foreign: Sequence[str] = (),
        parked_at: float = 0.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.jobs = list(jobs)
        self.step = step
        self.first_s = first_s
        self.on_clear = on_clear
        self.record = record
        self.foreign = list(foreign)
        self.parked_at = parked_at
        self._over = False

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments; a few hundred bytes, however many units there are."""
        arguments = ("conn_id", "jobs", "step", "first_s", "on_clear", "record", "foreign", "parked_at")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Report progress in the log, then fire."""
        try:
            shared = await self._poller()
            last = await self._watch(shared)
        except (BatchError, ConnectionProblem) as error:
            self._over = True
            yield _event(status="error", message=str(error))
            return
        self._over = True
        yield _event(status="ended", missing=list(last.missing) if last else [])

    async def on_kill(self) -> None:
        """End the jobs when somebody acts on the waiting task (Airflow 3.3 and newer)."""
        await self._end_jobs()

    async def cleanup(self) -> None:
        """End the jobs when somebody acted on the waiting task (Airflow 3.2).

        There this is all that is called, but also when the triggerer merely shuts down: only when the task is no
        longer deferred does nobody wait for its jobs.
        """
        if self._over or hasattr(BaseTrigger, "on_kill") or await self._still_deferred():
            return
        await self._end_jobs()

    async def _poller(self) -> Poller:
        hook = await prepared(self.conn_id)
        pace = replace(PACE, first=self.first_s, fastest=min(PACE.fastest, max(self.first_s, 0.2)))
        return poller((*key_of(hook), pace), hook.new_batch_client, pace)

    async def _watch(self, shared: Poller) -> Progress | None:
        jobs, first_s = [*self.jobs, *self.foreign], self._until_first_look(time.time())
        pipeline, keep = self.task_instance.dag_id if self.task_instance else "", self._write
        return await watch_jobs(
            shared, jobs, self.step, pipeline=pipeline, first_s=first_s, log=self.log, keep_blocked=keep
        )

    def _until_first_look(self, now: float) -> float:
        """Seconds; at least one from here, which is after parking whatever the worker's clock says.

        Where the triggerer took its time to begin, the executor takes its time to report the parking.
        """
        parked_for = max(now - self.parked_at, 0.0) if self.parked_at else 0.0
        return max(self.first_s - parked_for, min(self.first_s, LEAST_S), min(parked_for, MOST_S))

    async def _write(self, blocked: Sequence[str]) -> None:
        if not self.record:
            return
        hook = await prepared(self.conn_id)
        try:
            await asyncio.to_thread(write_blocked, hook.storage, self.record, blocked)
        except StorageError as error:  # the log has it; waiting goes on
            self.log.warning("pages cannot show what AWS Batch says: %s", error)

    async def _end_jobs(self) -> None:
        if self._over or self.on_clear == "adopt":
            return
        hook = await prepared(self.conn_id)
        self.log.info("%s: ending its jobs, since the task was cleared or marked", self.step)
        await asyncio.to_thread(lambda: terminate(hook.new_batch_client(), self.jobs, CLEARED))

    async def _still_deferred(self) -> bool:
        ti = self.task_instance
        if ti is None:
            return True
        return await sync_to_async(waits)(ti.dag_id, ti.task_id, ti.run_id, ti.map_index)


def _event(**payload: Any) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]
