"""Attempts that no run has collected: of a run that was cancelled or deleted, or whose process never came back."""

from collections.abc import Iterator
from functools import partial

from platerunner.batch.calls import explained
from platerunner.batch.model import Submission
from platerunner.batch.status import describe
from platerunner.batch.views import JobView, has_ended
from platerunner.engine.access import Access
from platerunner.engine.ledger.recorder import Recorder
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner.engine.steps.collect import Collector, failed_jobs, read_manifest, verdicts_of
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.keys import PREFIX, manifest_prefix, run_prefix
from platerunner_unit.contract.storage import Storage

STATE = "state.json"


def record_uncollected(access: Access, pipeline: Pipeline, workspace: Storage) -> int:
    """Write the rows of jobs that have ended and whose run has not collected them, yet or ever.

    States are left alone: a run that goes on collects as ever, and finds the rows written.

    :param workspace: the pipeline's.
    :returns: how many submissions were looked at.
    :raises platerunner.batch.model.BatchError: if Batch does not describe the jobs.
    """
    count = 0
    for state, branch in _states(workspace):
        step = pipeline.steps.get(state.step)
        if not state.live or not isinstance(step, Step):
            continue
        with explained(f"look up the jobs of the run {state.run_id}"):
            views = {view.id: view for view in describe(access.batch, [str(each.job_id) for each in state.live])}
            ended = [each for each in state.live if has_ended(views.get(str(each.job_id)), each.submitted_at)]
            recorder = Recorder(access, pipeline, step, workspace, branch)
            record = partial(
                _record, access, workspace, StateFile(workspace, state.run_id, state.step, branch), recorder
            )
            for submission in ended:
                record(submission, views.get(str(submission.job_id)))
        count += len(ended)
    return count


def _states(workspace: Storage) -> Iterator[tuple[StepState, str]]:
    """The states of all steps of all runs, each with its branch."""
    for each in workspace.list(f"{PREFIX}/runs/"):
        if each.key.endswith(f"/{STATE}"):
            state = StepState.from_json(workspace.get(each.key), workspace.url_of(each.key))
            place = each.key.removeprefix(run_prefix(state.run_id, state.step))
            yield state, place.removesuffix(STATE).rstrip("/")


def _record(
    access: Access,
    workspace: Storage,
    file: StateFile,
    recorder: Recorder,
    submission: Submission,
    view: JobView | None,
) -> None:
    manifest = read_manifest(workspace, manifest_prefix(file.run_id, file.step, submission.n, file.branch))
    index = OutcomeStore(workspace).index(file.step)
    found = Collector(access.batch, workspace, index).collect(
        submission, manifest, failed_jobs(access.batch, submission, view)
    )
    recorder.record(submission, verdicts_of(manifest, found, index))
