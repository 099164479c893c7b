"""Jobs that an earlier run left behind, with nobody who waits for them.

Airflow tells a waiting task's trigger that somebody has marked the task or deleted its run, but only while a triggerer
has that trigger: within a second of parking, or while the triggerer is down, nobody is told. So each run looks whether
runs before it have left jobs, and ends them: else their units would run twice at once, and nobody would stop them.

A run that may still have jobs is remembered until it has not: its task may wait now and be marked later, and a task of
another Airflow (a laptop on the lab's workspace) is for that one to judge, whoever ran the step in between.
"""

import json
import logging
from dataclasses import asdict, dataclass

from airflow.configuration import conf
from airflow.sdk import Context

from platerunner.batch.reasons import CLEARED
from platerunner.batch.state import StateFile
from platerunner.engine.steps.step_run import StepRun
from platerunner.triggers.task_state import is_over
from platerunner_unit.contract.outcome import last_run_key
from platerunner_unit.contract.storage import NotFoundError, Storage

log = logging.getLogger(__name__)
REMEMBERED = 20
"""Runs at most: an Airflow that is gone for good judges its runs no more."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The task that has a step's jobs.

    :param airflow: which Airflow knows the task; another one must not judge it.
    """

    airflow: str
    dag_id: str
    task_id: str
    run_id: str
    map_index: int

    @classmethod
    def of(cls, context: Context) -> "Owner":
        """The task that runs now."""
        ti = context["ti"]
        address = conf.get("api", "base_url", fallback="") or conf.get("core", "execution_api_server_url", fallback="")
        airflow = f"{address} {conf.get('core', 'dags_folder')}".strip()
        return cls(airflow, ti.dag_id, ti.task_id, ti.run_id, ti.map_index if ti.map_index is not None else -1)


def end_left_behind(run: StepRun, context: Context) -> list[str]:
    """End the jobs of earlier runs whose tasks wait no more; from now on this run has the step's jobs.

    :param run: of the step, before it starts.
    :param context: Airflow's.
    :returns: ids of the jobs that were ended.
    """
    key = last_run_key(run.step.name, run.branch)
    here, before = Owner.of(context), _owners(run.workspace, key)
    others = [owner for owner in before if owner.run_id != here.run_id]
    over = [owner for owner in others if _is_over(owner, here)]
    ended = [job for owner in over for job in _end(run, owner)]
    waiting = [owner for owner in others if owner not in over][:REMEMBERED]
    for owner in waiting:
        if owner.airflow != here.airflow:
            _warn_of(run, owner)
    if before != [here, *waiting]:
        run.workspace.put(key, json.dumps({**asdict(here), "before": list(map(asdict, waiting))}).encode())
    return ended


def _owners(workspace: Storage, key: str) -> list[Owner]:
    """Who has the step's jobs, and who may have some left, the newest first."""
    try:
        newest = json.loads(workspace.get(key))
    except NotFoundError:
        return []
    before = newest.pop("before", ())
    return [Owner(**newest), *(Owner(**owner) for owner in before)]


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
