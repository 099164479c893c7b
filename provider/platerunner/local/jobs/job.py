"""Jobs of the embedded cloud."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platerunner.local.jobs.instances import Instance

RETRIED_BY_DEFAULT = "retry"
ENDED = ("SUCCEEDED", "FAILED")
WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
STATUSES = (*WAITING, "STARTING", "RUNNING", *ENDED)


@dataclass(frozen=True, slots=True)
class Queue:
    """What a job needs to know of its queue.

    :param spot: whether its instances may be taken back.
    """

    name: str
    arn: str
    environment: str
    spot: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What SubmitJob asked for, with the job definition filled in; all children of an array share it.

    :param memory: MiB, as Batch counts it.
    :param attempts: 1 to 10.
    :param rules: ``evaluateOnExit``, in order.
    :param timeout: seconds per attempt; None for none.
    :param share: ``shareIdentifier``, shown and not scheduled by.
    :param consumables: name to how many of them a job holds.
    """

    name: str
    queue: Queue
    definition: str
    stream: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    vcpus: float
    memory: int
    attempts: int = 1
    rules: tuple[Mapping[str, str], ...] = ()
    timeout: int | None = None
    log_group: str = "/aws/batch/job"
    depends_on: tuple[Mapping[str, str], ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    platform: str = "EC2"
    share: str | None = None
    priority: int | None = None
    job_role: str | None = None
    execution_role: str | None = None
    consumables: Mapping[str, int] = field(default_factory=dict)

    def retries(self, *, exit_code: int | None, reason: str, status_reason: str) -> bool:
        """Whether ``evaluateOnExit`` wants another attempt: the first rule whose conditions all hold decides.

        Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
        """
        found = {
            "onExitCode": "" if exit_code is None else str(exit_code),
            "onReason": reason,
            "onStatusReason": status_reason,
        }
        for rule in self.rules:
            if all(_matches(rule[name], value) for name, value in found.items() if name in rule):
                return rule["action"].lower() == RETRIED_BY_DEFAULT
        return True


def _matches(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


@dataclass(slots=True, eq=False)
class Job:
    """A job, an array's parent or its child.

    :param order: counts submissions; jobs start in this order.
    :param waits_for: ids of the jobs that must succeed first.
    :param stopped_because: reason given to TerminateJob or CancelJob, or why the cloud ends it.
    :param shown: the status that a ListJobs that lags behind still shows.
    :param instance: that its latest attempt was given to.
    """

    id: str
    arn: str
    request: Request
    order: int
    index: int | None = None
    parent: "Job | None" = None
    children: "list[Job]" = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    status: str = "SUBMITTED"
    shown: str = "SUBMITTED"
    changed_at: float = field(default_factory=time.time)
    created_at: float = field(default_factory=time.time)
    started_at: float | None = None
    stopped_at: float | None = None
    status_reason: str | None = None
    reason: str | None = None
    exit_code: int | None = None
    stream: str | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    waits_for: set[str] = field(default_factory=set)
    stopped_because: str | None = None
    lost: bool = False
    pid: int | None = None
    instance: Instance | None = None

    @property
    def ended(self) -> bool:
        """Whether it succeeded or failed."""
        return self.status in ENDED

    @property
    def key(self) -> str:
        """Names the attempt under way to the agent."""
        return f"{self.id}#{len(self.attempts) + 1}"

    def listed_status(self, delay: float) -> str:
        """The status that ListJobs shows.

        :param delay: seconds by which it lags behind.
        """
        return self.shown if delay and time.time() - self.changed_at < delay else self.status

    def hidden(self, delay: float) -> bool:
        """Whether a ListJobs that lags behind does not know of it yet."""
        return delay > 0 and time.time() - self.created_at < delay

    @property
    def children_ended(self) -> bool:
        """Whether all of an array has."""
        return self.counts["SUCCEEDED"] + self.counts["FAILED"] == len(self.children)

    def move(self, status: str) -> None:
        """Give it a status, which its array counts."""
        if self.parent is not None:
            self.parent.counts[self.status] -= 1
            self.parent.counts[status] += 1
        self.shown, self.status, self.changed_at = self.status, status, time.time()

    def reset(self) -> None:
        """Make it ready for another attempt."""
        self.started_at = self.stopped_at = self.exit_code = self.reason = self.status_reason = None
        self.lost = False
        self.pid = None
