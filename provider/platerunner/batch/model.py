"""What Platerunner asks of AWS Batch: what a job is made of, what an attempt asks for, and its submission."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from platerunner.catalog.model import Resources


class BatchError(Exception):
    """AWS Batch refused something for good; the message is one sentence for a person."""


class UnansweredError(BatchError):
    """AWS Batch did not answer, or answered only that it cannot now: what was asked of it may have been done or not."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a job definition is made of; equal content means the same definition.

    :param name: first part of the definition's name, e.g. ``demo-illum_calc``.
    :param image: full reference, with its digest when that is known.
    :param command: the container's command; submissions may override it.
    :param vcpus: cores; submissions may override them.
    :param memory: bytes; submissions may override them.
    :param disk: bytes of ephemeral storage. Batch sizes it per job on Fargate alone (21 to 200 GiB); on EC2 the
        instance's volume is what there is.
    :param log_group: CloudWatch log group.
    :param environment: plain variables; never secrets.
    :param secrets: variable to ARN of a secret or parameter: by reference only.
    :param gpus: whole GPUs.
    :param shared_memory: bytes of ``/dev/shm``; EC2 only.
    :param swap: bytes of swap beyond memory; EC2 only.
    :param init: run an init process as PID 1; EC2 only.
    :param attempts: attempts by Batch itself, 1 to 10; see :mod:`platerunner.batch.definitions` for why it is 1.
    :param tags: for the definition and, propagated, for the tasks.
    """

    name: str
    image: str
    command: tuple[str, ...]
    vcpus: float = 1.0
    memory: int = 4 * 1024**3
    disk: int | None = None
    job_role: str | None = None
    execution_role: str | None = None
    log_group: str = "/aws/batch/job"
    platform: Literal["EC2", "FARGATE"] = "EC2"
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    gpus: int = 0
    shared_memory: int | None = None
    swap: int | None = None
    init: bool = True
    attempts: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Ask:
    """What one attempt asks of Batch.

    :param vcpus: cores.
    :param memory: bytes.
    :param disk: bytes.
    :param timeout: seconds.
    :param capacity: ``spot`` or ``on_demand``.
    """

    vcpus: float
    memory: int
    disk: int
    timeout: float
    capacity: str

    @classmethod
    def of(cls, resources: Resources) -> Self:
        """A first attempt's."""
        return cls(resources.vcpus, resources.memory, resources.disk, resources.timeout, resources.capacity)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """As stored with a submission; other keys are ignored."""
        return cls(raw["vcpus"], raw["memory"], raw["disk"], raw["timeout"], raw["capacity"])

    def over(self, resources: Resources) -> Resources:
        """A step's resources with what this attempt asks for instead."""
        return replace(resources, **self.to_json())

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Submission:
    """One SubmitJob call, as intended (``job_id`` None) or as made.

    :param n: counts the step's submissions in this run, from 1; its manifest is ``<n>.units.jsonl``.
    :param name: job name, deterministic, so that a call whose answer was lost can be found again.
    :param size: children of the array; 1 for a single job.
    :param units: unit ids, or indexes into the step's unit list, in array order.
    :param resources: what was asked for, e.g. ``{"vcpus": 1, "memory": 8589934592, "disk": ..., "timeout": 7200}``.
    :param definition: ARN of the job definition.
    :param submitted_at: ISO 8601, UTC; of the intent until there is a job id.
    :param ended_at: when its verdicts had been collected; None until then.
    """

    n: int
    name: str
    kind: Literal["array", "single"]
    size: int
    units: tuple[int | str, ...]
    queue: str
    resources: Mapping[str, Any] = field(default_factory=dict)
    job_id: str | None = None
    definition: str = ""
    submitted_at: str = ""
    ended_at: str | None = None

    @property
    def live(self) -> bool:
        """Whether it has a job whose verdicts are still to be collected."""
        return self.job_id is not None and self.ended_at is None

    def child_id(self, index: int) -> str:
        """The job id of one of its units.

        :param index: from 0.
        :raises ValueError: if it has no job yet.
        """
        if self.job_id is None:
            raise ValueError(f"{self.name} was not submitted yet")
        return f"{self.job_id}:{index}" if self.kind == "array" else self.job_id
