"""Jobs that an earlier run left behind, with nobody who waits for them.

Airflow tells a waiting task's trigger that somebody has marked the task or deleted its run, but only while a triggerer
has that trigger: within a second of parking, or while the triggerer is down, nobody is told. So each run looks whether
runs before it have left jobs, and ends them: else their units would run twice at once, and nobody would stop them.

A run that may still have jobs is remembered until it has not: its task may wait now and be marked later, and a task of
another Airflow (a laptop on the lab's workspace) is for that one to judge, whoever ran the step in between.
"""

import logging

from airflow.configuration import conf
from airflow.sdk import Context

from platerunner.batch.reasons import CLEARED
from platerunner.engine.records.step_state import StateFile
from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.turns import Owner
from platerunner.triggers.task_state import is_over

log = logging.getLogger(__name__)


def owner_of(context: Context) -> Owner:
    """The task that runs now."""
    ti = context["ti"]
    address = conf.get("api", "base_url", fallback="") or conf.get("core", "execution_api_server_url", fallback="")
    airflow = f"{address} {conf.get('core', 'dags_folder')}".strip()
    return Owner(airflow, ti.dag_id, ti.task_id, ti.run_id, ti.map_index if ti.map_index is not None else -1)


def introduce(run: StepRun, context: Context) -> None:
    """Let a run know its task, whose name others read when it submits, and whom to ask about theirs.

    :param run: of the step, in whatever process of the task.
    :param context: Airflow's.
    """
    here = run.turns.owner = owner_of(context)
    run.turns.is_over = lambda owner: _is_over(owner, here)


def end_left_behind(run: StepRun) -> list[str]:
    """End the jobs of earlier runs whose tasks wait no more; when the run submits, it has the step's jobs.

    :param run: of the step, before it starts; it was introduced.
    :returns: ids of the jobs that were ended.
    """
    turns = run.turns
    others = [owner for owner in turns.owners() if owner.run_id != turns.owner.run_id]
    over = [owner for owner in others if turns.is_over(owner)]
    turns.over = frozenset(owner.run_id for owner in over)
    for owner in others:
        if owner not in over and owner.airflow != turns.owner.airflow:
            _warn_of(run, owner)
    return [job for owner in over for job in _end(run, owner)]


def _is_over(owner: Owner, here: Owner) -> bool:
    """Whether no task waits for its jobs or will, as far as this Airflow can tell."""
    return owner.airflow == here.airflow and is_over(owner.dag_id, owner.task_id, owner.run_id, owner.map_index)


def _warn_of(run: StepRun, owner: Owner) -> None:
    if StateFile(run.workspace, owner.run_id, run.step.name, run.branch).load().live:
        log.warning("%s, in another Airflow, has jobs of %s; they are left alone", owner.run_id, run.step.name)


def _end(run: StepRun, owner: Owner) -> list[str]:
    ended = run.stop_all(StateFile(run.workspace, owner.run_id, run.step.name, run.branch), CLEARED)
    if ended:
        log.warning("%s: %s left %d jobs behind; ended them", run.step.name, owner.run_id, len(ended))
    return ended
