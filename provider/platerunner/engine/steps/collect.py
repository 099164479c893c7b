"""What became of the units of an ended job: stored outcomes decide, and the judge where none is stored."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from platerunner.batch.model import Submission
from platerunner.batch.reasons import CLEARED
from platerunner.batch.status import children, describe
from platerunner.batch.views import JobView
from platerunner.engine.ledger.recorder import Verdicts
from platerunner.engine.ledger.rows import CLEARED as ENDED_WITH_TASK
from platerunner.engine.records.outcomes import OutcomeIndex, OutcomeStore
from platerunner.engine.records.step_state import UnitFailure
from platerunner_unit.contract.category import BY_EXIT_CODE, Category
from platerunner_unit.contract.evidence import BatchEvidence, Evidence, Verdict
from platerunner_unit.contract.manifest import StepTask, UnitTask, read_units
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import Kept
from platerunner_unit.judge import judge

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

READERS = 16
"""Threads that read outcomes of failed units: each read is one round trip."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What collecting needs of a submission's manifest.

    :param task: what all its units share.
    :param units: in array order, without their files.
    """

    task: StepTask
    units: tuple[UnitTask, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a submission's units.

    :param succeeded: unit ids.
    :param failed: with their verdicts, in array order.
    """

    succeeded: list[str]
    failed: list[UnitFailure]


def read_manifest(workspace: Storage, prefix: str) -> Manifest:
    """Read back what :func:`platerunner_unit.contract.manifest.write` wrote.

    :param prefix: as given there, e.g. ``_platerunner/runs/<run id>/<step>/1``.
    """
    return Manifest(StepTask.from_json(workspace.get(f"{prefix}.step.json")), tuple(read_units(workspace, prefix)))


def verdicts_of(manifest: Manifest, found: Collected, index: OutcomeIndex) -> Verdicts:
    """What became of units, as the ledger takes it.

    :param index: by which it was found.
    """
    words = {
        failure.unit: ENDED_WITH_TASK if failure.cleared else str(failure.category.value) for failure in found.failed
    }
    succeeded = dict.fromkeys(found.succeeded, str(Category.SUCCEEDED.value))
    return Verdicts(manifest.task, manifest.units, {**succeeded, **words}, index)


def failed_jobs(batch: "BatchClient", submission: Submission, parent: JobView | None) -> dict[str, JobView]:
    """Job id to view of those of a submission's units that Batch calls FAILED.

    :param parent: the submission's own job; None if Batch does not know it any more.
    """
    if parent is None or parent.status == "SUCCEEDED":
        return {}
    if submission.kind == "single":
        return {parent.id: parent}
    return {view.id: view for view in children(batch, parent.id, ("FAILED",))}


class Collector:
    """Finds out what became of a submission's units.

    A stored outcome decides, not Batch's word: a job that Batch calls SUCCEEDED without an outcome has done nothing
    that lasts, and one that was lost after it wrote its outcome has done its work.

    :param batch: asked about units that left nothing else.
    :param index: of the step's outcomes, listed after the jobs had ended.
    """

    def __init__(self, batch: "BatchClient", workspace: Storage, index: OutcomeIndex) -> None:
        self._batch = batch
        self._store = OutcomeStore(workspace)
        self._index = index

    def collect(self, submission: Submission, manifest: Manifest, failed: Mapping[str, JobView]) -> Collected:
        """The verdict on every unit of an ended submission.

        :param failed: from :func:`failed_jobs`.
        """
        jobs = [(submission.child_id(i), task) for i, task in enumerate(manifest.units)]
        doubtful = [(job, task) for job, task in jobs if job in failed or not self._succeeded(manifest.task, task)]
        views = {**failed, **self._described({job for job, _ in doubtful if job not in failed})}
        with ThreadPoolExecutor(READERS) as pool:
            verdicts = list(
                pool.map(lambda each: self._verdict(manifest.task, each[1], each[0], views.get(each[0])), doubtful)
            )
        lost = [
            UnitFailure.of(task, verdict, job)
            for (job, task), verdict in zip(doubtful, verdicts, strict=True)
            if verdict.category != Category.SUCCEEDED
        ]
        names = {failure.unit for failure in lost}
        return Collected([task.unit for task in manifest.units if task.unit not in names], lost)

    def _succeeded(self, step: StepTask, task: UnitTask) -> bool:
        """Whether there is a success that this job may have left; one of an earlier run proves nothing of it."""
        own = self._index.attempts(task.unit, task.fingerprint, step.run_id, task.attempts_before)
        return any(kept.category is Category.SUCCEEDED for kept in own)

    def _described(self, jobs: Iterable[str]) -> dict[str, JobView]:
        return {view.id: view for view in describe(self._batch, jobs)}

    def _verdict(self, step: StepTask, task: UnitTask, job_id: str, view: JobView | None) -> Verdict:
        """The runner's verdict if it left one for this job, else the judge's on what Batch says, which is stored."""
        if view is not None and CLEARED in view.status_reason:
            sentence = "Its job was ended when the task was cleared."
            return Verdict(str(Category.STOPPED_BY_USER), sentence, CLEARED, "cleared")
        if (own := self._own_verdict(step, task, job_id, view)) is not None:
            return own
        batch = view.evidence() if view else BatchEvidence(status_reason=f"Batch knows no job {job_id} any more")
        evidence = Evidence(started=batch.exit_code is not None, batch=batch)
        verdict = _never_success(judge(evidence), batch)
        self._store.write(_outcome(step, task, job_id, evidence, verdict))
        return verdict

    def _own_verdict(self, step: StepTask, task: UnitTask, job_id: str, view: JobView | None) -> Verdict | None:
        """What the runner stored for this job; an attempt of its own may have been adopted, so look who wrote it."""
        for kept in self._candidates(step, task, view):
            try:
                outcome = self._store.get(step.step, task.unit, kept)
            except (NotFoundError, json.JSONDecodeError):
                continue
            if outcome.job_id == job_id:
                return outcome.verdict
        return None

    def _candidates(self, step: StepTask, task: UnitTask, view: JobView | None) -> list[Kept]:
        """Outcomes that may be this job's: first the one that its exit code names."""
        known = self._index.attempts(task.unit, task.fingerprint, step.run_id, task.attempts_before)
        first = BY_EXIT_CODE.get(view.exit_code) if view and view.exit_code is not None else None
        return sorted(known, key=lambda kept: (kept.category is not first, kept.attempt, kept.word))


def _outcome(step: StepTask, task: UnitTask, job_id: str, evidence: Evidence, verdict: Verdict) -> Outcome:
    return Outcome(
        pipeline=step.pipeline,
        run_id=step.run_id,
        step=step.step,
        unit=task.unit,
        values=task.values,
        fingerprint=task.fingerprint,
        attempt=task.attempts_before + 1,
        verdict=verdict,
        job_id=job_id,
        image=step.image,
        digest=step.digest,
        evidence=asdict(evidence),
        usage={"requested": step.requested},
    )


def _never_success(verdict: Verdict, batch: BatchEvidence) -> Verdict:
    if verdict.category != Category.SUCCEEDED:
        return verdict
    sentence = "The job ended without storing an outcome, so nothing proves that its outputs are whole."
    return Verdict(str(Category.UNKNOWN), sentence, batch.status_reason, "no_outcome")
