"""Jobs that an earlier run left behind and does not wait for.

Airflow tells a waiting task's trigger that somebody has marked the task or deleted its run, but only while a triggerer
has that trigger: within a second of parking, or while the triggerer is down, nobody is told. So each run looks whether
runs before it have left jobs, and ends them: else their units would run twice at once, and nobody would stop them.

A run that may still have jobs is remembered until it has not: its task may wait now and be marked later, and a task of
another Airflow (a laptop on the lab's workspace) is for that one to judge, whoever ran the step in between.
"""

import logging

from platerunner.batch.reasons import CLEARED
from platerunner.engine.records.step_state import StateFile
from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.turns import Owner

log = logging.getLogger(__name__)


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


def _warn_of(run: StepRun, owner: Owner) -> None:
    if _state_file(run, owner).load().live:
        log.warning("%s, in another Airflow, has jobs of %s; they are left alone", owner.run_id, run.scope.step.name)


def _end(run: StepRun, owner: Owner) -> list[str]:
    ended = run.jobs.stop(CLEARED, _state_file(run, owner))
    if ended:
        log.warning("%s: %s left %d jobs behind; ended them", run.scope.step.name, owner.run_id, len(ended))
    return ended


def _state_file(run: StepRun, owner: Owner) -> StateFile:
    return StateFile(run.scope.workspace, owner.run_id, run.scope.step.name, run.scope.branch)
