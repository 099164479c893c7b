"""A step's memory between processes: written before and after each submission, so that none is lost or made twice.

The order is: intent written, job submitted, job id written. A process that dies in between leaves an intent without
an id; whoever comes next finds the job by its name, which no other submission has. If there is none, or AWS refused it,
the intent is forgotten: what is still to be done is planned and submitted anew, under the settings of that time.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from platerunner.batch.model import BatchError, StepState, Submission, UnansweredError
from platerunner.batch.submit import SETTLE_S, look
from platerunner_unit.contract.outcome import run_prefix
from platerunner_unit.contract.storage import NotFoundError, Storage

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

Submit = Callable[[Submission], str]
"""Submits what the submission says and returns the job id."""


def now() -> str:
    """The time as states hold it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class StateFile:
    """``_platerunner/runs/<run id>/<step>/state.json`` of a workspace.

    :param storage: the workspace.
    :param branch: key of the branch whose step it is; empty if there are none.
    """

    def __init__(self, storage: Storage, run_id: str, step: str, branch: str = "") -> None:
        self._storage = storage
        self._run_id = run_id
        self.step = step
        self.branch = branch
        self.key = f"{run_prefix(run_id, step, branch)}state.json"

    def load(self) -> StepState:
        """What is known; a new state if nothing is.

        :raises BatchError: if the file cannot be understood: guessing could submit everything again.
        """
        try:
            data = self._storage.get(self.key)
        except NotFoundError:
            return StepState(self._run_id, self.step)
        try:
            return StepState.from_json(data)
        except (ValueError, TypeError, KeyError) as error:
            place = self._storage.url_of(self.key)
            raise BatchError(
                f"{place} cannot be read ({error}): end the step's jobs by hand, delete the file, then clear the task"
            ) from error

    def save(self, state: StepState) -> StepState:
        """Write it.

        :returns: the same state.
        """
        self._storage.put(self.key, state.to_json())
        return state

    def submit(self, state: StepState, intent: Submission, submit: Submit) -> StepState:
        """Write the intent, submit, write the job id.

        :param intent: without a job id.
        :param submit: must itself never submit twice (:func:`platerunner.batch.submit.submit`).
        :returns: the state with the job id in it.
        :raises BatchError: if there is certainly no job; then the intent is forgotten.
        :raises UnansweredError: if there may be one; then the intent is kept, to be looked up.
        """
        state = self.save(state.with_submission(replace(intent, job_id=None, submitted_at=now())))
        try:
            job_id = submit(intent)
        except UnansweredError:
            raise
        except BatchError:
            self.save(state.without(intent))
            raise
        return self.save(state.with_submission(replace(intent, job_id=job_id, submitted_at=now())))

    def adopt(self, batch: "BatchClient", state: StepState, settle_s: float = SETTLE_S) -> StepState:
        """Find the jobs of intents whose process died before it could write their ids.

        :param settle_s: seconds for which ListJobs may not show a job that was submitted just before.
        :returns: the state, saved if a job was found. Intents without a job stay in it, for the caller to forget.
        :raises BatchError: if AWS does not tell.
        """
        found = state
        for intent in state.intents:
            if (job_id := look(batch, intent.queue, intent.name, settle_s)) is not None:
                found = found.with_submission(replace(intent, job_id=job_id))
        return self.save(found) if found is not state else state
