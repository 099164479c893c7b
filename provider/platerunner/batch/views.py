"""Jobs as AWS Batch shows them, and how far a set of them is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from platerunner_unit.contract.evidence import BatchEvidence

STATUSES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
"""Every status of a job, in the order in which it passes through them."""
TERMINAL = frozenset({"SUCCEEDED", "FAILED"})


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt that Batch itself made of a job; times in seconds since 1970."""

    exit_code: int | None = None
    reason: str = ""
    status_reason: str = ""
    log_stream: str | None = None
    started_at: float | None = None
    stopped_at: float | None = None


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as DescribeJobs or ListJobs shows it.

    :param id: job id, ``<id>:<index>`` for a child.
    :param queue: ARN; ListJobs does not tell.
    :param status_reason: Batch's own, e.g. ``Host EC2 (instance i-0) terminated.``
    :param container_reason: the container's, e.g. ``OutOfMemoryError: Container killed due to memory usage``.
    :param exit_code: the container's; None if it never ran.
    :param stopped: whether somebody asked Batch to end it; ListJobs does not tell.
    :param log_stream: of the last attempt.
    :param index: array index of a child.
    :param array_size: of an array parent.
    :param array_counts: of an array parent: status to number of children, without zeros.
    :param created_at: times in seconds since 1970, None if not reached.
    :param attempts: made by Batch itself, oldest first; empty in ListJobs.
    :param host: ARN of the container instance that it ran on last; None on Fargate, in ListJobs, and if it never ran.
    """

    id: str
    name: str = ""
    queue: str = ""
    status: str = ""
    status_reason: str = ""
    container_reason: str = ""
    exit_code: int | None = None
    stopped: bool = False
    log_stream: str | None = None
    index: int | None = None
    array_size: int | None = None
    array_counts: Mapping[str, int] = field(default_factory=dict)
    created_at: float | None = None
    started_at: float | None = None
    stopped_at: float | None = None
    attempts: tuple[AttemptView, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    host: str | None = None

    @property
    def ended(self) -> bool:
        """Whether it succeeded or failed."""
        return self.status in TERMINAL

    def counts(self) -> dict[str, int]:
        """Status to number of units: an array's children, or the job itself; a child not counted yet is SUBMITTED."""
        if self.array_size is None:
            return {self.status: 1}
        counts = dict(self.array_counts)
        missing = self.array_size - sum(counts.values())
        if missing > 0:
            counts["SUBMITTED"] = counts.get("SUBMITTED", 0) + missing
        return counts

    def evidence(self) -> BatchEvidence:
        """What the judge needs of it."""
        return BatchEvidence(self.status, self.status_reason, self.container_reason, self.exit_code, self.stopped)


UNKNOWN_S = 120.0
"""Seconds after which a job that Batch does not know counts as ended."""


def has_ended(view: JobView | None, submitted_at: str, unknown_s: float = UNKNOWN_S) -> bool:
    """Whether a job has ended, or is one that Batch has forgotten, as it does some days after their end.

    :param view: None if Batch does not know it; a job that was submitted a moment ago may not be known everywhere yet.
    :param submitted_at: ISO 8601, with the time zone.
    :param unknown_s: seconds after which a job that Batch does not know counts as ended.
    """
    return view.ended if view is not None else seconds_since(submitted_at) > unknown_s


def seconds_since(moment: str) -> float:
    """How long ago something happened.

    :param moment: ISO 8601, with the time zone.
    """
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a set of watched jobs is.

    :param total: units in all jobs.
    :param counts: status to units.
    :param jobs: job id to the last view of it; parents only, so small.
    :param missing: job ids that Batch does not know (any more).
    :param unseen: jobs that Batch has not shown yet.
    :param blocked: what Batch says of those that wait, each reason once.
    """

    total: int
    counts: Mapping[str, int]
    jobs: Mapping[str, JobView]
    missing: tuple[str, ...] = ()
    unseen: int = 0
    blocked: tuple[str, ...] = ()

    @property
    def succeeded(self) -> int:
        """Units that succeeded."""
        return self.counts.get("SUCCEEDED", 0)

    @property
    def failed(self) -> int:
        """Units that failed."""
        return self.counts.get("FAILED", 0)

    @property
    def done(self) -> int:
        """Units that ended."""
        return self.succeeded + self.failed

    @property
    def ended(self) -> bool:
        """Whether nothing is left to wait for."""
        return self.unseen == 0 and all(view.ended for view in self.jobs.values())
