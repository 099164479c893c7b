"""What Platerunner asks of AWS Batch: jobs, attempts, submissions, and how often it asks."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal, Self

from platerunner.catalog.model import Resources


class BatchError(Exception):
    """AWS Batch refused something for good; the message is one sentence for a person."""


class UnansweredError(BatchError):
    """AWS Batch did not answer, or answered only that it cannot now: what was asked of it may have been done or not."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A file system in a job's container.

    :param kind: ``fsx``, which the host mounts, or ``efs``, which ECS does.
    :param id: of the file system.
    :param source: the host's folder, or the access point.
    :param folder: in the container.
    """

    kind: str
    id: str
    source: str
    folder: str


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
    :param consumables: names of consumable resources, of each of which a job holds one.
    :param shell: whether ECS Exec may open a shell in a job.
    :param mount: a file system that jobs share; None for none.
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
    consumables: tuple[str, ...] = ()
    shell: bool = False
    mount: Mount | None = None


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
    :param units: unit ids, or indexes into the step's unit list, in the order of the manifest's lines.
    :param batches: as :attr:`platerunner_unit.contract.manifest.StepTask.batches`: empty where a job has one unit.
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
    batches: tuple[int, ...] = ()

    @property
    def longest(self) -> int:
        """Units of the job that has most."""
        return max((end - start for start, end in pairwise(self.batches)), default=1)

    @property
    def live(self) -> bool:
        """Whether it has a job whose verdicts are still to be collected."""
        return self.job_id is not None and self.ended_at is None

    def child_id(self, index: int) -> str:
        """The job id of one of its units.

        :param index: of the unit, from 0.
        :raises ValueError: if it has no job yet.
        """
        if self.job_id is None:
            raise ValueError(f"{self.name} was not submitted yet")
        job = bisect_right(self.batches, index) - 1 if self.batches else index
        return f"{self.job_id}:{job}" if self.kind == "array" else self.job_id


@dataclass(frozen=True, slots=True)
class Pace:
    """How often is asked; all in seconds.

    :param first: from a task's parking to the first look: a trigger that fires at once can fail its task.
    :param fastest: between two looks, at the start and near the end.
    :param slowest: between two looks, in the middle of long jobs.
    :param missing_after: for how long a job may be unknown to Batch before it counts as missing.
    :param refusals: answers such as "access denied" in a row, after which waiting steps get an error.
    """

    first: float = 2.0
    fastest: float = 1.0
    slowest: float = 120.0
    missing_after: float = 30.0
    refusals: int = 3

    def interval(self, age: float, done: int, total: int, quiet: float = 0.0) -> float:
        """Seconds to the next look: a twentieth of the age, so that an end is seen that much later at most.

        Less when the end is near: a fifth of the time that the rest will take if it goes on so. If nothing ends for
        longer than that, as with one unit that takes its time, a fifth of how long nothing has.

        :param age: of the watch.
        :param done: units that ended.
        :param total: units watched.
        :param quiet: seconds since the last news.
        """
        wanted = age / 20
        if 0 < done < total:
            wanted = min(wanted, max(age / done * (total - done), quiet) / 5)
        return min(max(wanted, self.fastest), self.slowest)


PACE = Pace()
