"""How the run of a launch has ended, or what holds it up: by its records, and by what Batch knows of failed jobs."""

import logging
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.model import BatchError
from platerunner.batch.status import describe
from platerunner.engine.access import Access
from platerunner.engine.records.branches import load_branches
from platerunner.engine.records.launches import Launches, LaunchState, launch_of
from platerunner.engine.records.results import load_result, read_blocked
from platerunner.engine.records.step_state import StateFile, UnitFailure
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.storage import Storage

log = logging.getLogger(__name__)
UNTOLD = "no step has told why; the log of the failed task does"
STREAMS = 20
"""Log streams of failed jobs that a record names."""


def note_end(access: Access, pipeline: Pipeline, workspace: Storage, run_id: str, *, failed: bool) -> None:
    """Let the launch of a run be complete, or failed with the cause; nothing if it is the run of no launch.

    :param access: asks Batch where failed jobs wrote.
    """
    launch, launches = launch_of(run_id), Launches(workspace)
    if not launch:
        return
    if not failed:
        launches.note(launch, LaunchState.COMPLETE, log_group=access.settings.log_group)
        return
    steps = [step.name for step in pipeline.modules]
    failures = [failure for step in steps for failure in _failures(workspace, run_id, step)]
    before = launches.load(launch)
    told = before.cause if before else ""
    cause = "; ".join(causes(workspace, run_id, steps)) or told or UNTOLD
    launches.note(
        launch, LaunchState.FAILED, cause=cause, streams=_streams(access, failures),
        log_group=access.settings.log_group,
    )  # fmt: skip


def causes(workspace: Storage, run_id: str, steps: list[str]) -> Iterator[str]:
    """What failed in each step, with an example; of steps that go on, what Batch says of jobs that wait.

    :param steps: names, in their order.
    """
    for step in steps:
        for branch in _branches(workspace, run_id):
            place = f"{step} {branch}".rstrip()
            result = load_result(workspace, run_id, step, branch)
            if result is None:
                yield from (f"{place}: {said}" for said in read_blocked(workspace, run_id, step, branch))
            elif result.get("failed"):
                words = {word: n for word, n in result.get("categories", {}).items() if word != "succeeded"}
                told = ", ".join(f"{count} {word}" for word, count in words.items())
                failures = StateFile(workspace, run_id, step, branch).load().failures.values()
                example = next((f", such as {each.unit}: {each.sentence}" for each in failures), "")
                yield f"{place}: {result['failed']} of {result.get('units', '?')} units failed ({told}){example}"


def _branches(workspace: Storage, run_id: str) -> list[str]:
    return ["", *(branch.key for branch in load_branches(workspace, run_id))]


def _failures(workspace: Storage, run_id: str, step: str) -> Iterator[UnitFailure]:
    for branch in _branches(workspace, run_id):
        yield from StateFile(workspace, run_id, step, branch).load().failures.values()


def _streams(access: Access, failures: list[UnitFailure]) -> tuple[str, ...]:
    """Where failed jobs wrote; none if Batch does not say."""
    jobs = [failure.job_id for failure in failures if failure.job_id][:STREAMS]
    try:
        return tuple(view.log_stream for view in describe(access.batch, jobs) if view.log_stream)
    except (BatchError, BotoCoreError, ClientError) as error:
        log.warning("Batch does not say where failed jobs wrote: %s", error)
        return ()
