"""Submissions that no death of a process loses or makes twice.

The order is: intent written, job submitted, job id written. A process that dies in between leaves an intent without
an id; the next process finds the job by its name, which no other submission has. If there is none, or AWS refused it,
the intent is forgotten: what is still to be done is planned and submitted again, under the settings of that time.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from platerunner.batch.model import BatchError, Submission, UnansweredError
from platerunner.batch.submit import SETTLE_S, look
from platerunner.engine.records.step_state import StateFile, StepState, now

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

Submit = Callable[[Submission], str]
"""Submits what the submission says and returns the job id."""


def submit_once(file: StateFile, state: StepState, intent: Submission, submit: Submit) -> StepState:
    """Write the intent, submit, write the job id.

    :param intent: without a job id.
    :param submit: must itself never submit twice (:func:`platerunner.batch.submit.submit`).
    :returns: the state with the job id in it.
    :raises BatchError: if there is certainly no job; then the intent is forgotten.
    :raises UnansweredError: if there may be one; then the intent is kept, to be looked up.
    """
    state = file.save(state.with_submission(replace(intent, job_id=None, submitted_at=now())))
    try:
        job_id = submit(intent)
    except UnansweredError:
        raise
    except BatchError:
        file.save(state.without(intent))
        raise
    return file.save(state.with_submission(replace(intent, job_id=job_id, submitted_at=now())))


def adopt(file: StateFile, batch: "BatchClient", settle_s: float = SETTLE_S) -> StepState:
    """Find the jobs of intents whose process died before it could write their ids.

    :param settle_s: seconds for which ListJobs may not show a job that was submitted just before.
    :returns: the stored state, saved if a job was found. Intents without a job stay in it, for the caller to forget.
    :raises BatchError: if AWS does not tell.
    """
    state = found = file.load()
    for intent in state.intents:
        if (job_id := look(batch, intent.queue, intent.name, settle_s)) is not None:
            found = found.with_submission(replace(intent, job_id=job_id))
    return file.save(found) if found is not state else state
