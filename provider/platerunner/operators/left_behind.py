"""Jobs that an earlier run left behind, with nobody who waits for them.

Airflow tells a waiting task's trigger that somebody has marked the task or deleted its run, but only while a triggerer
has that trigger: within a second of parking, or while the triggerer is down, nobody is told. So each run looks whether
the run before it has left jobs, and ends them: else their units would run twice at once, and nobody would stop them.
"""

import json
import logging
from dataclasses import asdict, dataclass

from airflow.configuration import conf
from airflow.sdk import Context

from platerunner.batch.state import StateFile
from platerunner.operators.step_run import StepRun
from platerunner.triggers.reasons import CLEARED
from platerunner.triggers.task_state import is_over
from platerunner_unit.outcome import last_run_key
from platerunner_unit.storage import NotFoundError, Storage

log = logging.getLogger(__name__)


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
    """End the jobs of the run before this one if its task waits no more; from now on this run has the step's jobs.

    :param run: of the step, before it starts.
    :param context: Airflow's.
    :returns: ids of the jobs that were ended.
    """
    key = last_run_key(run.step.name, run.branch)
    here, last = Owner.of(context), _last(run.workspace, key)
    ended = _end(run, last) if last is not None and last.run_id != here.run_id and _given_up(last, here) else []
    if last != here:
        run.workspace.put(key, json.dumps(asdict(here)).encode())
    return ended


def _last(workspace: Storage, key: str) -> Owner | None:
    try:
        return Owner(**json.loads(workspace.get(key)))
    except NotFoundError:
        return None


def _given_up(last: Owner, here: Owner) -> bool:
    """Whether no task waits for those jobs or will."""
    if last.airflow != here.airflow:
        log.warning("%s ran this step last, in another Airflow: if it left jobs, they are left alone", last.run_id)
        return False
    return is_over(last.dag_id, last.task_id, last.run_id, last.map_index)


def _end(run: StepRun, last: Owner) -> list[str]:
    ended = run.stop_all(StateFile(run.workspace, last.run_id, run.step.name, run.branch), CLEARED)
    if ended:
        log.warning("%s: %s left %d jobs behind; ended them", run.step.name, last.run_id, len(ended))
    return ended
