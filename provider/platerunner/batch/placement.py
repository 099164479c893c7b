"""Jobs that wait for ever because no instance of their queue can hold them: ended, with Batch's own reason."""

import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from platerunner.batch.calls import PATIENCE_S
from platerunner.batch.model import BatchError
from platerunner.batch.quotas import MAX_DESCRIBE
from platerunner.batch.status import describe
from platerunner.batch.stop import terminate
from platerunner.batch.views import JobView

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

log = logging.getLogger(__name__)
NEVER_STARTS = "MISCONFIGURATION:"
"""How the reason of a RUNNABLE job begins that no instance of its queue can hold.

Source: https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
"""
EVERY_S = 120.0
"""Seconds between two looks at a child of one waiting array."""


class Placement:
    """Looks now and then at what waits, and ends what can never start: nobody pays for it, but nobody is told either.

    :param every: seconds between two looks at one job.
    """

    def __init__(self, every: float = EVERY_S) -> None:
        self.every = every
        self._looked: dict[str, float] = {}

    def end_stuck(self, batch: "BatchClient", views: Iterable[JobView]) -> list[str]:
        """End those that can never start; their ``statusReason`` stays Batch's, by which the judge knows them.

        :param views: of single jobs and arrays, as of now.
        :returns: ids of the jobs.
        """
        now = time.monotonic()
        self._looked = {job: at for job, at in self._looked.items() if now - at < self.every}
        due = [view for view in views if _only_waits(view) and view.id not in self._looked][:MAX_DESCRIBE]
        self._looked.update((view.id, now) for view in due)
        found = stuck(batch, due, patience=0)
        for job, reason in found.items():
            log.warning("job %s can never start, and is ended: %s", job, reason)
            try:
                terminate(batch, [job], reason)
            except BatchError as error:
                log.warning("%s", error)
        return list(found)


def stuck(batch: "BatchClient", views: Iterable[JobView], *, patience: float = PATIENCE_S) -> dict[str, str]:
    """Jobs that wait for ever, because their queue can never place them.

    :param views: of single jobs and of arrays; a call for each hundred arrays that have children waiting and none
        running.
    :param patience: seconds for which a call is repeated while AWS throttles or fails by itself.
    :returns: job id to Batch's reason.
    """
    waiting = [view for view in views if _only_waits(view)]
    asked = {_next_child(view): view.id for view in waiting if view.array_size is not None}
    reasons = {asked[child.id]: child.status_reason for child in describe(batch, asked, patience=patience)}
    reasons |= {view.id: view.status_reason for view in waiting if view.array_size is None}
    return {job: reason for job, reason in reasons.items() if (reason or "").startswith(NEVER_STARTS)}


def _only_waits(view: JobView) -> bool:
    counts = view.counts()
    return bool(counts.get("RUNNABLE")) and not counts.get("STARTING") and not counts.get("RUNNING")


def _next_child(view: JobView) -> str:
    """The child that is to start next: Batch gives its reason to the job at the head of the queue alone."""
    counts = view.counts()
    return f"{view.id}:{counts.get('SUCCEEDED', 0) + counts.get('FAILED', 0)}"
