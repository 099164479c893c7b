"""What the task that finds the branches does while it runs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.configuration import conf
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import NothingListed
from platerunner.engine.planning.find_branches import Found, find_branches
from platerunner.engine.planning.settings import data_root, workspace_url
from platerunner.engine.records.branches import load_branches, save_branches
from platerunner.engine.records.step_state import StateFile
from platerunner.engine.steps.waiting import Wait, waited, waits_since
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.operators.common import plain_errors, run_context
from platerunner.operators.parking import park
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.words import and_more

if TYPE_CHECKING:
    from platerunner.operators.split import SplitOperator

MAX_BRANCHES = 1024
"""What Airflow's ``max_map_length`` is if nobody sets it."""
SHOWN = 20


class SplitTask:
    """One stay of the task on a worker.

    :param operator: the task.
    """

    def __init__(self, operator: "SplitOperator") -> None:
        self._operator = operator
        self._log = operator.log

    def branches(self, context: Context) -> list[str]:
        """The values, as text, in the order of the branches; parks while there are no files that may still arrive.

        :param context: Airflow's.
        """
        spec, hook = self._operator.spec, PlaterunnerHook(self._operator.conn_id)
        with plain_errors():
            pipeline = spec if isinstance(spec, Pipeline) else load_pipeline(Path(spec))
            assert pipeline.split is not None
            run = run_context(pipeline, hook, context)
            workspace = hook.storage(workspace_url(pipeline, run))
            found = self._find(pipeline, run, hook.storage(data_root(pipeline, run)), workspace)
            self._check(pipeline.split.wildcard, found)
            branches = in_order(load_branches(workspace, run.run_id), found.branches)
            if not run.options.dry_run:
                save_branches(workspace, run.run_id, branches)
        values = [branch.value for branch in branches]
        self._log.info("%d branches, by %s: %s", len(values), pipeline.split.wildcard, _shown(values))
        return values

    def _find(self, pipeline: Pipeline, run: RunContext, data: Storage, workspace: Storage) -> Found:
        limit = max((step.waiting_for for step in pipeline.modules if pipeline.in_branches(step.name)), default=0)
        file = StateFile(workspace, run.run_id, self._operator.task_id)
        waits = limit > 0 and not run.options.dry_run
        try:
            found = find_branches(pipeline, run, data)
        except NothingListed as error:
            wait = Wait(limit, waits_since(file, workspace, run.run_id)) if waits else None
            pause = wait.pause(time.time()) if wait else None
            if wait is not None and pause is not None:
                self._log.info("waits until %s: %s", wait.until, error)
                park(self._operator, pause)
            raise
        if waits:
            waited(file)
        return found

    def _check(self, wildcard: str, found: Found) -> None:
        for value, because in found.excluded.items():
            self._log.info("%s %s has no branch: all its files are excluded: %s", wildcard, value, because)
        count, limit = len(found.branches), conf.getint("core", "max_map_length", fallback=MAX_BRANCHES)
        if not count:
            raise AirflowSkipException(
                f"there is nothing to run: the spec's `exclude` leaves out every file of every {wildcard}"
            )
        if count > limit:
            raise AirflowFailException(
                f"{count:,} branches, one for each {wildcard}, are more than the {limit:,} that Airflow maps over:"
                " choose fewer by `where` in the dataset, or raise Airflow's [core] max_map_length"
            )


def in_order(before: tuple[Branch, ...], found: tuple[Branch, ...]) -> list[Branch]:
    """The branches that a run had before in their places, and the new ones after them.

    Airflow knows a branch by its place alone: a new plate that came between two others would shift all after it.
    """
    return [*(branch for branch in before if branch in found), *(branch for branch in found if branch not in before)]


def _shown(values: list[str]) -> str:
    more = and_more(len(values) - SHOWN)
    return ", ".join(values[:SHOWN]) + more
