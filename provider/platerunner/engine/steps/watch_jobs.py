"""Waits for a step's jobs by the shared poller, and tells how far they are, in the log and, in numbers, to a collector.

The numbers are its units and the oldest that waits. With them goes what only those who wait can know: how often the
poller asks and is refused, and how late its event loop is. Nothing of this runs where there is no collector.
"""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace

from platerunner.batch.poller import Poller
from platerunner.batch.progress_line import progress_line
from platerunner.batch.views import TERMINAL, JobView, Progress
from platerunner.engine.steps.endings import Log
from platerunner.engine.telemetry import Point, is_on, send
from platerunner_unit.contract.telemetry import signals

WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
SHOWN = (*WAITING, "STARTING", "RUNNING")
"""Statuses of units that have not ended."""
_GOING: dict[tuple[str, str], list["Standing"]] = {}


class Standing:
    """The last that was seen of a step's jobs. The branches of a step tell one number together.

    :param on: whether anybody gets messages.
    """

    def __init__(self, shared: Poller, pipeline: str, step: str, *, on: bool) -> None:
        self._shared = shared
        self._place = {signals.PIPELINE: pipeline, signals.STEP: step}
        self._all = _GOING.setdefault((pipeline, step), [])
        self._all.append(self)
        self._on = on
        self._progress: Progress | None = None

    def look(self, progress: Progress) -> None:
        """Note what was seen; the first is sent at once."""
        first, self._progress = self._progress is None, progress
        if first and self._on:
            send(self.points(), limit_s=0)

    async def tell(self, every_s: float) -> None:
        """Tell it until cancelled.

        :param every_s: seconds between two tellings.
        """
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + every_s
            await asyncio.sleep(every_s)
            lag = Point(signals.LAG, round(max(0.0, loop.time() - due), 3))
            send([*self.points(), lag], limit_s=0)

    def over(self) -> None:
        """Tell that nothing is waited for any more: what nobody takes back would stand as it was."""
        self._all.remove(self)
        if self._on:
            send(self.points(), limit_s=0)

    def points(self) -> list[Point]:
        """Everything that there is to tell now."""
        seen = [each._progress for each in self._all if each._progress is not None]  # noqa: SLF001  (its own kind)
        counts = sum((Counter(progress.counts) for progress in seen), Counter[str]())
        views = [view for progress in seen for view in progress.jobs.values()]
        points = [Point(signals.UNITS_NOW, counts[s], {**self._place, signals.JOB_STATUS: s}) for s in SHOWN]
        oldest = max(map(_waits_s, views), default=0.0)
        return [*points, Point(signals.OLDEST, round(oldest), self._place), *self._calls()]

    def _calls(self) -> Iterator[Point]:
        made = self._shared.take_counts()
        yield Point(signals.CALLS, made["calls"])
        yield Point(signals.TROUBLES, made["troubles"])


@contextlib.asynccontextmanager
async def standing_told(shared: Poller, pipeline: str, step: str) -> AsyncIterator[Standing]:
    """Tell, as often as OpenTelemetry's ``OTEL_METRIC_EXPORT_INTERVAL`` says, how the jobs of a step stand.

    :param shared: the poller.
    """
    standing = Standing(shared, pipeline, step, on=is_on())
    task = asyncio.create_task(standing.tell(_interval_s())) if is_on() else None
    try:
        yield standing
    finally:
        if task is not None:
            task.cancel()
        standing.over()


def _waits_s(view: JobView) -> float:
    """How long a job has had units that wait for a machine; 0 if it has none."""
    waits = view.status not in TERMINAL and any(view.counts().get(status) for status in WAITING)
    return time.time() - view.created_at if waits and view.created_at is not None else 0.0


def _interval_s() -> float:
    given = os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", "")
    return max(1.0, int(given) / 1000) if given.isdecimal() else 60.0


REPORT_S = 15.0
"""Shortest time between two progress lines."""


async def watch_jobs(
    shared: Poller,
    jobs: Sequence[str],
    step: str,
    *,
    pipeline: str,
    first_s: float,
    log: Log,
    keep_blocked: Callable[[Sequence[str]], Awaitable[None]],
) -> Progress | None:
    """Wait until all jobs have ended; what the last look showed.

    :param jobs: ids of arrays and single jobs.
    :param step: for the log.
    :param pipeline: for the message.
    :param first_s: seconds to the first look.
    :param keep_blocked: tells pages what Batch says of jobs that wait.
    :raises BatchError: if AWS refuses for good.
    """
    started = time.monotonic()
    reported = -REPORT_S  # report the first look at once: nothing may change for an hour after it
    progress = None
    blocked: tuple[str, ...] = ()
    told: set[str] = set()
    async with standing_told(shared, pipeline, step) as standing:
        async for progress in shared.watch(jobs, first=first_s):
            standing.look(progress)
            now = time.monotonic()
            news = tuple(reason for reason in progress.blocked if reason not in told)
            told.update(news)
            if news or progress.ended or now - reported >= REPORT_S:
                reported = now
                log.info("%s", progress_line(step, replace(progress, blocked=news), now - started))
            if progress.blocked != blocked:
                blocked = progress.blocked
                await keep_blocked(blocked)
    return progress
