"""Waits for a step's jobs by the shared poller, and tells how far they are."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from platerunner.batch.poller import Poller
from platerunner.batch.progress_line import progress_line
from platerunner.batch.views import Progress
from platerunner.engine.steps.endings import Log

REPORT_S = 15.0
"""Shortest time between two progress lines."""


async def watch_jobs(
    shared: Poller,
    jobs: Sequence[str],
    step: str,
    *,
    first_s: float,
    log: Log,
    keep_blocked: Callable[[Sequence[str]], Awaitable[None]],
) -> Progress | None:
    """Wait until all jobs have ended; what the last look showed.

    :param jobs: ids of arrays and single jobs.
    :param step: for the log.
    :param first_s: seconds to the first look.
    :param keep_blocked: tells pages what Batch says of jobs that wait.
    :raises BatchError: if AWS refuses for good.
    """
    started = time.monotonic()
    reported = -REPORT_S  # the first look is told at once: nothing may change for an hour after it
    progress = None
    blocked: tuple[str, ...] = ()
    told: set[str] = set()
    async for progress in shared.watch(jobs, first=first_s):
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
