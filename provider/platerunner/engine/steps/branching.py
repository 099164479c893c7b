"""The start of a run of a pipeline with ``split``: find its branches, or wait for files."""

import time

from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import NothingListed
from platerunner.engine.planning.find_branches import Found, find_branches
from platerunner.engine.records.branches import load_branches, save_branches
from platerunner.engine.records.step_state import StateFile
from platerunner.engine.steps.endings import AwaitFiles, FailedError, Log, SkippedError
from platerunner.engine.steps.waiting import Wait, waited, waits_since
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.words import and_more

SHOWN = 20


def start_branches(
    pipeline: Pipeline, run: RunContext, data: Storage, workspace: Storage, log: Log, most: int | None = None
) -> list[Branch] | AwaitFiles:
    """The branches of a run, kept for those who come after.

    :param pipeline: with ``split``.
    :param data: the data root.
    :param most: branches at most; None where Airflow does not map over them.
    :raises FailedError: if there are more.
    :raises SkippedError: if the spec leaves every file out.
    :raises PlanningError: if there are none.
    """
    assert pipeline.split is not None
    wildcard = pipeline.split.wildcard
    found = _find(pipeline, run, data, workspace, log)
    if isinstance(found, AwaitFiles):
        return found
    for value, because in found.excluded.items():
        log.info("%s %s has no branch: all its files are excluded: %s", wildcard, value, because)
    if not found.branches:
        raise SkippedError(f"there is nothing to run: the spec's `exclude` leaves out every file of every {wildcard}")
    if most is not None and len(found.branches) > most:
        raise FailedError(
            f"{len(found.branches):,} branches, one for each {wildcard}, are more than the {most:,} that Airflow maps"
            " over: choose fewer by `where` in the dataset, or raise Airflow's [core] max_map_length"
        )
    branches = in_order(load_branches(workspace, run.run_id), found.branches)
    if not run.options.dry_run:
        save_branches(workspace, run.run_id, branches)
    shown = ", ".join(branch.value for branch in branches[:SHOWN]) + and_more(len(branches) - SHOWN)
    log.info("%d branches, by %s: %s", len(branches), wildcard, shown)
    return branches


def _find(pipeline: Pipeline, run: RunContext, data: Storage, workspace: Storage, log: Log) -> Found | AwaitFiles:
    limit = max((step.waiting_for for step in pipeline.modules if pipeline.in_branches(step.name)), default=0)
    file = StateFile(workspace, run.run_id, pipeline.split_task)
    waits = limit > 0 and not run.options.dry_run
    try:
        found = find_branches(pipeline, run, data)
    except NothingListed as error:
        wait = Wait(limit, waits_since(file, workspace, run.run_id)) if waits else None
        pause = wait.pause(time.time()) if wait else None
        if wait is not None and pause is not None:
            log.info("waits until %s: %s", wait.until, error)
            return AwaitFiles(pause)
        raise
    if waits:
        waited(file)
    return found


def in_order(before: tuple[Branch, ...], found: tuple[Branch, ...]) -> list[Branch]:
    """The branches that a run had before in their places, and the new ones after them.

    Airflow knows a branch by its place alone: a new plate that came between two others would shift all after it.
    """
    return [*(branch for branch in before if branch in found), *(branch for branch in found if branch not in before)]
