"""Jobs of the embedded cloud, and how DescribeJobs and ListJobs show them."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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

    def summary(self, status: str) -> dict[str, Any]:
        """Its line in ListJobs.

        :param status: as listed.
        """
        result: dict[str, Any] = {
            "jobArn": self.arn,
            "jobId": self.id,
            "jobName": self.request.name,
            "createdAt": _ms(self.created_at),
            "status": status,
            "jobDefinition": self.request.definition,
        }
        if self.status_reason is not None:
            result["statusReason"] = self.status_reason
        if self.started_at is not None:
            result["startedAt"] = _ms(self.started_at)
        if self.stopped_at is not None:
            result["stoppedAt"] = _ms(self.stopped_at)
        if container := self._outcome():
            result["container"] = container
        if self.children:
            result["arrayProperties"] = {"size": len(self.children)}
        elif self.index is not None:
            result["arrayProperties"] = {"index": self.index}
        return result

    def describe(self) -> dict[str, Any]:
        """Its entry in DescribeJobs."""
        request = self.request
        result = self.summary(self.status) | {
            "jobQueue": request.queue.arn,
            "dependsOn": [dict(d) for d in request.depends_on],
            "parameters": dict(request.parameters),
            "tags": dict(request.tags),
            "attempts": self.attempts,
            "retryStrategy": {"attempts": request.attempts, "evaluateOnExit": [dict(r) for r in request.rules]},
            "platformCapabilities": [request.platform],
            "container": self._container(),
            "isCancelled": self.stopped_because is not None and self.started_at is None,
            "isTerminated": self.stopped_because is not None,
        }
        sharing = {"shareIdentifier": request.share, "schedulingPriority": request.priority}
        result |= {name: value for name, value in sharing.items() if value is not None}
        if request.timeout is not None:
            result["timeout"] = {"attemptDurationSeconds": request.timeout}
        if self.children:
            summary = {status: self.counts[status] for status in STATUSES}
            result["arrayProperties"] = {"statusSummary": summary, "size": len(self.children)}
        elif self.index is not None:
            result["arrayProperties"] = {"statusSummary": {}, "index": self.index}
        return result

    def _container(self) -> dict[str, Any]:
        request = self.request
        details = {
            "image": request.image,
            "command": list(request.command),
            "environment": [{"name": name, "value": value} for name, value in request.environment.items()],
            "resourceRequirements": [
                {"type": "VCPU", "value": f"{request.vcpus:g}"},
                {"type": "MEMORY", "value": str(request.memory)},
            ],
            "jobRoleArn": request.job_role,
            "executionRoleArn": request.execution_role,
            "logStreamName": self.stream,
            "volumes": [],
            "mountPoints": [],
            "ulimits": [],
            "secrets": [],
        }
        return {name: value for name, value in details.items() if value is not None} | self._outcome()

    def _outcome(self) -> dict[str, Any]:
        found = {"exitCode": self.exit_code, "reason": self.reason}
        return {name: value for name, value in found.items() if value is not None}

    def close_attempt(self) -> None:
        """Put the attempt that just ended on record."""
        container = self._outcome() | ({"logStreamName": self.stream} if self.stream else {})
        attempt: dict[str, Any] = {"container": container | {"networkInterfaces": []}}
        if self.started_at is not None:
            attempt["startedAt"] = _ms(self.started_at)
        if self.stopped_at is not None:
            attempt["stoppedAt"] = _ms(self.stopped_at)
        if self.status_reason is not None:
            attempt["statusReason"] = self.status_reason
        self.attempts.append(attempt)

    def reset(self) -> None:
        """Make it ready for another attempt."""
        self.started_at = self.stopped_at = self.exit_code = self.reason = self.status_reason = None
        self.lost = False
        self.pid = None


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
