"""Waits for the jobs of a run that goes on in this process: all steps share one poller."""

import asyncio
import logging
import threading
from collections.abc import Sequence

from platerunner.batch.model import Pace
from platerunner.batch.poller import Poller
from platerunner.engine.access import Access
from platerunner.engine.records.results import write_blocked
from platerunner.engine.steps.endings import AwaitJobs
from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.watch_jobs import watch_jobs
from platerunner_unit.contract.keys import blocked_key
from platerunner_unit.contract.storage import StorageError

log = logging.getLogger(__name__)
LOOK_S = 0.5
"""Seconds between looks at whether the run has ended."""


class AbandonedError(Exception):
    """The run was ended from outside."""


class Waits:
    """All waits for jobs: one event loop with one poller, in a thread of its own, once there is one.

    :param access: makes the poller's clients.
    """

    def __init__(self, access: Access, pace: Pace) -> None:
        self._pace = pace
        self._poller = Poller(access.new_batch_client, pace)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def wait(self, run: StepRun, jobs: AwaitJobs, stop: threading.Event) -> None:
        """Wait until all jobs have ended.

        :param stop: ends the wait.
        :raises AbandonedError: if it was ended.
        :raises BatchError: if AWS refuses for good.
        """
        future = asyncio.run_coroutine_threadsafe(self._watch(run, jobs), self._started())
        while not future.done():
            if stop.is_set():
                future.cancel()
                raise AbandonedError
            try:
                future.result(LOOK_S)
            except TimeoutError:
                continue
        future.result()

    def close(self) -> None:
        """End it, and whatever is still waited for."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop)

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        loop.call_soon(loop.stop)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="waits", daemon=True).start()
            return self._loop

    async def _watch(self, run: StepRun, jobs: AwaitJobs) -> None:
        record = run.scope.workspace.url_of(
            blocked_key(run.scope.context.run_id, run.scope.step.name, run.scope.branch)
        )

        async def keep(blocked: Sequence[str]) -> None:
            try:
                await asyncio.to_thread(write_blocked, run.scope.hook.storage, record, blocked)
            except StorageError as error:  # the log has it; waiting goes on
                log.warning("pages cannot show what AWS Batch says: %s", error)

        every = [*jobs.jobs, *jobs.foreign]
        pipeline, step, first = run.scope.pipeline.name, run.scope.step.name, self._pace.first
        await watch_jobs(self._poller, every, step, pipeline=pipeline, first_s=first, log=log, keep_blocked=keep)
