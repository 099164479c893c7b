"""From what is known of an ended job to its row."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from platerunner.batch.hosts import Host
from platerunner.batch.model import Ask, Submission
from platerunner.batch.views import JobView
from platerunner.engine.ledger.charges import Charge
from platerunner.engine.ledger.columns import Row
from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.manifest import StepTask, UnitTask
from platerunner_unit.contract.outcome import Outcome

CLEARED = "cleared"
"""Stands where a category does for a job that was ended with its task: which tells nothing about its unit."""


@dataclass(frozen=True, slots=True)
class About:
    """What all rows of a step in a run have in common.

    :param spec: hash of the spec's file; None if there is none.
    """

    spec: str | None
    owner: str
    tags: Mapping[str, str]
    workspace: str
    branch: str
    platform: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a row needs of an outcome: the outcomes of 10,000 units with all their files would take 400 MB."""

    attempt: int
    timing: Mapping[str, Any]
    usage: Mapping[str, Any]
    bytes_in: int | None
    bytes_out: int | None
    image_sets: int | None

    @classmethod
    def of(cls, outcome: Outcome) -> "Told":
        """Of an outcome that is stored."""
        return cls(
            outcome.attempt,
            outcome.timing,
            outcome.usage,
            _bytes_in(outcome),
            sum(each.size for each in outcome.outputs) if outcome.outputs else None,
            _image_sets(outcome),
        )


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A unit's job that has ended.

    :param verdict: category, or :data:`CLEARED`.
    :param view: what Batch says of it; None if Batch knows it no more.
    :param outcome: what is stored of it; None if nothing is.
    :param host: that it ran on; None if that is not known.
    :param part: of the job's time that was this unit's, where the job had several.
    """

    id: str
    task: UnitTask
    verdict: str
    view: JobView | None
    outcome: Told | None
    host: Host | None = None
    part: float = 1.0

    @property
    def started(self) -> float | None:
        """When its container started; None if it never did, or if nobody says."""
        return self.view.started_at if self.view else moment_of(self._timing.get("started"))

    @property
    def ended(self) -> float | None:
        """When its container ended: by Batch's clock, or by the container's if Batch says only when it started."""
        told = self.view.stopped_at if self.view else None
        return told if told is not None else moment_of(self._timing.get("ended"))

    @property
    def seconds(self) -> float | None:
        """For how long it held its host; None if that is not known, as with a clock that ran backwards."""
        whole = self._whole
        return None if whole is None else round(whole * (self.part if self.view else 1.0), 6)

    @property
    def took(self) -> float:
        """Seconds that its runner was at it; 0 if nothing is stored."""
        started, ended = moment_of(self._timing.get("started")), moment_of(self._timing.get("ended"))
        return max(0.0, ended - started) if started is not None and ended is not None else 0.0

    @property
    def _whole(self) -> float | None:
        """Seconds of the whole job, as Batch saw them; of the unit alone if Batch does not know the job any more."""
        if self.view is not None and self.view.started_at is None:
            return 0.0 if self.view.ended else None
        if self.started is None or self.ended is None or self.ended < self.started:
            return None
        return round(self.ended - self.started, 3)

    @property
    def _timing(self) -> Mapping[str, Any]:
        return self.outcome.timing if self.outcome else {}


def divided(jobs: Sequence[EndedJob]) -> list[EndedJob]:
    """The units of jobs, each with its part of its job's time: by what its runner took, or alike if none is known.

    What a job needs besides, such as to load the program, is divided with it: together the parts make the job.
    """
    took, count = defaultdict[str, float](float), Counter(job.id for job in jobs)
    for job in jobs:
        took[job.id] += job.took
    return [
        replace(job, part=job.took / took[job.id] if took[job.id] else 1 / count[job.id]) if count[job.id] > 1 else job
        for job in jobs
    ]


def row_of(about: About, submission: Submission, step: StepTask, job: EndedJob, charge: Charge) -> Row:
    """The row of a job.

    :param step: what all units of the submission share.
    """
    values, ask = job.task.values, Ask.from_json(submission.resources)
    return {
        "job": job.id,
        "run": step.run_id,
        "pipeline": step.pipeline,
        "spec": about.spec,
        "owner": about.owner,
        "tags": dict(about.tags),
        "workspace": about.workspace,
        "step": step.step,
        "branch": about.branch,
        "module": step.module,
        "image": step.image,
        "digest": step.digest,
        "unit": job.task.unit,
        "plate": _text(values.get("plate")),
        "well": _text(values.get("well")),
        "fingerprint": job.task.fingerprint,
        "attempt": job.outcome.attempt if job.outcome else job.task.attempts_before + 1,
        "verdict": job.verdict,
        "acts": "nobody" if job.verdict == CLEARED else CATEGORIES[Category(job.verdict)].who.value,
        **_times(submission, job),
        **_taken(ask, job.outcome),
        "queue": submission.queue,
        "capacity": ask.capacity,
        "platform": about.platform,
        **_place(job.host),
        **charge.to_json(),
    }


def _times(submission: Submission, job: EndedJob) -> Row:
    timing = job.outcome.timing if job.outcome else {}
    return {
        "submitted": iso(moment_of(submission.submitted_at)),
        "queued": iso(job.view.created_at if job.view else None),
        "started": iso(job.started),
        "ended": iso(job.ended),
        "seconds": job.seconds,
        **{name: timing.get(name) for name in ("stage_in_s", "tool_s", "stage_out_s")},
    }


def _taken(ask: Ask, outcome: Told | None) -> Row:
    usage: Mapping[str, Any] = outcome.usage if outcome else {}
    return {
        "vcpus": ask.vcpus,
        "memory": ask.memory,
        "disk": ask.disk,
        "peak_memory": usage.get("peak_memory"),
        "peak_disk": usage.get("disk"),
        "cpu_s": usage.get("cpu_s"),
        "bytes_in": outcome.bytes_in if outcome else None,
        "bytes_out": outcome.bytes_out if outcome else None,
        "image_sets": outcome.image_sets if outcome else None,
    }


def _place(host: Host | None) -> Row:
    return {
        "instance": host.instance if host else None,
        "instance_type": host.type if host else None,
        "zone": host.zone if host else None,
        "instance_vcpus": host.vcpus if host else None,
        "instance_memory": host.memory if host else None,
        "instance_since": iso(host.since if host else None),
    }


def _bytes_in(outcome: Outcome) -> int | None:
    """Bytes of the inputs; a file that two inputs have counts once. None if a size is not known."""
    inputs = outcome.ingredients.get("inputs")
    if inputs is None:
        return None
    sizes = {(each[0], each[1]): each[2] for files in inputs.values() for each in files}
    return None if None in sizes.values() else sum(sizes.values())


def _image_sets(outcome: Outcome) -> int | None:
    asked = outcome.evidence.get("sets_asked")
    return None if asked is None else len(asked)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def iso(moment: float | None) -> str | None:
    """A time as rows have it, to the millisecond.

    :param moment: seconds since 1970.
    """
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def moment_of(text: Any) -> float | None:
    """A time of a row in seconds since 1970; None if it cannot be read."""
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except ValueError:
        return None
