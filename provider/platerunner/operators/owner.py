"""Which task has a step's jobs, and whether Airflow still has it."""

from airflow.configuration import conf
from airflow.sdk import Context

from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.turns import Owner
from platerunner.triggers.task_state import is_over


def owner_of(context: Context) -> Owner:
    """The task that runs now."""
    ti = context["ti"]
    address = conf.get("api", "base_url", fallback="") or conf.get("core", "execution_api_server_url", fallback="")
    airflow = f"{address} {conf.get('core', 'dags_folder')}".strip()
    return Owner(airflow, ti.dag_id, ti.task_id, ti.run_id, ti.map_index if ti.map_index is not None else -1)


def introduce(run: StepRun, context: Context) -> None:
    """Let a run know its task, whose name others read when it submits, and how to ask about theirs.

    :param run: of the step, in whatever process of the task.
    :param context: Airflow's.
    """
    here = run.turns.owner = owner_of(context)
    run.turns.is_over = lambda owner: _is_over(owner, here)


def _is_over(owner: Owner, here: Owner) -> bool:
    """Whether no task waits for its jobs or will, as far as this Airflow can tell."""
    return owner.airflow == here.airflow and is_over(owner.dag_id, owner.task_id, owner.run_id, owner.map_index)
