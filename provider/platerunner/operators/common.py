"""What steps and gates share as Airflow tasks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from platerunner.batch.model import UnansweredError
from platerunner.documents.problems import suggest
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.steps.endings import FOR_GOOD, FailedError, SkippedError
from platerunner.engine.steps.gathering import EndsOf
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.model import Pipeline
from platerunner.spec.run_params import RUN_PARAMS
from platerunner.triggers.task_state import ends
from platerunner_unit.contract.storage import StorageError

OF_AIRFLOW = "openlineage"
"""What `TriggerDagRunOperator` adds to a run's conf by itself: which task started it."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise what a person has to act on as one sentence, without a chain of tracebacks and without a retry.

    :raises AirflowSkipException: if there is nothing to do.
    :raises AirflowFailException: if a retry cannot help.
    :raises AirflowException: if the storage or Batch does not answer; the next try may succeed.
    """
    try:
        yield
    except SkippedError as error:
        raise AirflowSkipException(str(error)) from None
    except UnansweredError as error:
        raise AirflowException(str(error)) from None
    except (FailedError, *FOR_GOOD) as error:
        raise AirflowFailException(str(error)) from None
    except StorageError as error:
        raise AirflowException(str(error)) from None


def ends_in(context: Context) -> EndsOf:
    """What tells how the tasks of a step or a gate ended in this run.

    :param context: Airflow's.
    """
    ti = context["ti"]
    return lambda name: ends(ti.dag_id, name, ti.run_id)


def run_context(pipeline: Pipeline, hook: PlaterunnerHook, context: Context, branch: str | None = None) -> RunContext:
    """What a spec's templates may use in a task.

    :param hook: knows the roots.
    :param context: Airflow's.
    :param branch: value of the wildcard that the pipeline is split by; None outside of branches.
    :raises PlanningError: if the run asks for what the pipeline does not have.
    """
    dag_run = context.get("dag_run")
    _refuse_unknown((dag_run and dag_run.conf) or {}, pipeline)
    params = context["params"]
    logical_date = context.get("logical_date")
    return RunContext(
        params={name: params[name] for name in pipeline.params},
        **hook.settings.roots(),
        run_id=context["run_id"],
        logical_date=logical_date.isoformat() if logical_date else "",
        branch=Branch(pipeline.split.wildcard, branch) if pipeline.split and branch is not None else None,
        options=RunOptions.of({name: params[name] for name in RUN_PARAMS if name in params}, pipeline),
    )


def _refuse_unknown(conf: Mapping[str, Any], pipeline: Pipeline) -> None:
    """Refuse a value whose name is not a param: Airflow would keep it, and nothing would read it.

    :raises PlanningError: with the first such name, and the one that was probably meant.
    """
    known = [*pipeline.params, *RUN_PARAMS]
    for name in conf:
        if name not in known and name != OF_AIRFLOW:
            remedy = f"{suggest(name, known, 'params')} Start a new run with the right name, or without it."
            raise PlanningError(f"this run's conf has `{name}`, which is no param of {pipeline.name}. {remedy}")
