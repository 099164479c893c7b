"""The DAG beside a pipeline's own that starts its runs, if what starts them gives them params.

Airflow makes one run of all updates of an asset that come before it looks, and gives it no params; so a task does.
"""

from typing import Any

from airflow.sdk import DAG, BaseOperator

from platerunner.operators.start_runs import StartKeyedOperator, StartLaunchedOperator, StartUploadedOperator
from platerunner.render.schedule import for_each_key, uploads_asset
from platerunner.spec.model import OnAssets, OnConfig, OnUpload, Pipeline

LAUNCHES = ".launches"
"""What its id has more than the pipeline's, which has no dot."""
START = "start"
RETRIES = 2


def launching_dags(pipeline: Pipeline) -> list[DAG]:
    """The DAG that starts runs of a pipeline; none if its own schedule does."""
    schedule = pipeline.schedule
    if isinstance(schedule, OnConfig):
        # Soon: the task looks at the folder, so that a file which comes a moment later is not forgotten.
        waits = OnUpload(schedule.prefix, quiet=2.0, at_latest=10.0)
        start = StartLaunchedOperator(task_id=START, spec=pipeline, prefix=schedule.prefix)
        return [_dag(pipeline, [uploads_asset(pipeline.name, waits)], start)]
    given: dict[str, Any] = {"task_id": START, "pipeline": pipeline.name, "declared": dict(pipeline.params)}
    if isinstance(schedule, OnUpload) and schedule.by_values:
        return [_dag(pipeline, [uploads_asset(pipeline.name, schedule)], StartUploadedOperator(**given))]
    if isinstance(schedule, OnAssets) and schedule.by:
        return [_dag(pipeline, for_each_key(schedule), StartKeyedOperator(param=schedule.by, **given))]
    return []


def _dag(pipeline: Pipeline, schedule: Any, start: BaseOperator) -> DAG:
    dag = DAG(
        dag_id=f"{pipeline.name}{LAUNCHES}",
        description=f"Starts the runs of {pipeline.name}, with their params",
        schedule=schedule,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["platerunner-launches"],
    )
    start.owner, start.retries = pipeline.owner, RETRIES
    dag.add_task(start)
    return dag
