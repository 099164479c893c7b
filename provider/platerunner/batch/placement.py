"""What Batch says of jobs that wait. People see it in the task's log; jobs that can never start are ended."""

import logging
import time
from collections.abc import Iterable, Mapping
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
EVERY_S = 25.0
"""Seconds between two calls that look at children of waiting arrays: a reason is known within a minute, and
within three where a step has waited for an hour."""


class Placement:
    """Hears what Batch says of waiting jobs, and ends those that can never start.

    Batch gives its reason to the job at the head of a queue alone. A job's own is in the view that the poller has
    anyway; for arrays one call now and then asks for a hundred children, those of the oldest in each queue among them.

    :param every: seconds between two such calls.
    """

    def __init__(self, every: float = EVERY_S) -> None:
        self.every = every
        self.reasons: dict[str, str] = {}
        self._called = -every
        self._looked: dict[str, float] = {}
        self._ended: set[str] = set()

    def look(self, batch: "BatchClient", views: Iterable[JobView]) -> dict[str, str]:
        """Hear what is new, and end what can never start, with Batch's own reason, which the judge recognises.

        :param views: of single jobs and arrays, as of now.
        :returns: job id to Batch's reason, of all that wait.
        """
        seen = list(views)
        waiting = [view for view in seen if _only_waits(view)]
        found = reasons(batch, self._due(waiting), patience=0)
        still = {view.id for view in waiting} - found.keys()
        asked = {view.id for view in seen}
        kept = {job: said for job, said in self.reasons.items() if job in still or job not in asked}
        self.reasons = {**kept, **{job: said for job, said in found.items() if said}}
        for job in [job for job, said in found.items() if not said]:
            self.reasons.pop(job, None)
        for job in stuck(self.reasons):
            if job not in self._ended:
                self._end(batch, job)
        return self.reasons

    def _due(self, waiting: list[JobView]) -> list[JobView]:
        """Single jobs, which cost nothing, and the arrays whose turn it is."""
        singles = [view for view in waiting if view.array_size is None]
        arrays = [view for view in waiting if view.array_size is not None]
        now = time.monotonic()
        if not arrays or now - self._called < self.every:
            return singles
        self._called = now
        oldest = {view.queue: view.id for view in sorted(arrays, key=lambda view: -(view.created_at or 0))}
        arrays.sort(key=lambda view: (oldest[view.queue] != view.id, self._looked.get(view.id, 0.0)))
        chosen = arrays[:MAX_DESCRIBE]
        self._looked = {view.id: self._looked.get(view.id, 0.0) for view in arrays} | {v.id: now for v in chosen}
        return singles + chosen

    def _end(self, batch: "BatchClient", job: str) -> None:
        reason = self.reasons[job]
        log.warning("job %s can never start, and is ended: %s", job, reason)
        try:
            terminate(batch, [job], reason)
        except BatchError as error:
            log.warning("%s", error)
        else:
            self._ended.add(job)


def reasons(batch: "BatchClient", views: Iterable[JobView], *, patience: float = PATIENCE_S) -> dict[str, str]:
    """What Batch says of jobs that wait, or of the child that starts next.

    :param views: of single jobs and of arrays; a call for each hundred arrays that have children waiting and none
        running.
    :param patience: seconds for which a call is repeated while AWS throttles or fails by itself.
    :returns: job id to Batch's reason, empty if it gives none.
    """
    waiting = [view for view in views if _only_waits(view)]
    asked = {_next_child(view): view.id for view in waiting if view.array_size is not None}
    found = {asked[child.id]: child for child in describe(batch, asked, patience=patience)}
    found |= {view.id: view for view in waiting if view.array_size is None}
    return {job: view.status_reason if view.status == "RUNNABLE" else "" for job, view in found.items()}


def stuck(said: Mapping[str, str]) -> dict[str, str]:
    """The jobs that wait forever because their queue can never place them, with the reasons of :func:`reasons`."""
    return {job: reason for job, reason in said.items() if reason.startswith(NEVER_STARTS)}


def explain_wait(reason: str) -> str:
    """A reason as a sentence, with who acts."""
    for beginning, remedy in _REMEDIES:
        if reason.startswith(beginning):
            return f"AWS Batch says: {reason.rstrip('.')}. {remedy}"
    raise AssertionError("the last beginning is empty")


_REMEDIES = (
    (NEVER_STARTS, "Its jobs are ended. The platform team compares the step's resources with the queue's instances."),
    (
        "CAPACITY:",
        "Nobody has to act while AWS looks for instances; if it lasts, the platform team allows more instance types or "
        "zones, or the step takes `capacity: on_demand`.",
    ),
    (
        "ACTION_REQUIRED",
        "The platform team fixes the queue's compute environments; `aws batch describe-compute-environments` has each "
        "one's `statusReason`.",
    ),
    (
        "",
        "If it lasts, on-call asks the platform team to look at the queue's instances, its limits and its network.",
    ),
)


def _only_waits(view: JobView) -> bool:
    counts = view.counts()
    return bool(counts.get("RUNNABLE")) and not counts.get("STARTING") and not counts.get("RUNNING")


def _next_child(view: JobView) -> str:
    """The child that is to start next: Batch gives its reason to the job at the head of the queue alone."""
    counts = view.counts()
    return f"{view.id}:{counts.get('SUCCEEDED', 0) + counts.get('FAILED', 0)}"
