"""A valid spec as a DAG: one task per step, a gate with its report before it, edges as the spec gives them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, BaseOperator

from platerunner.operators.batch_module import BatchModuleOperator
from platerunner.render.docs import facts, gate_doc, pipeline_doc, step_doc
from platerunner.render.notify import run_callbacks, task_callbacks
from platerunner.render.params import airflow_params
from platerunner.render.schedule import outlets_of, schedule_of
from platerunner.sensors.qc_approval import QCApprovalSensor
from platerunner.spec.model import Gate, Pipeline, Step

RETRIES = 1
"""A resumption within a second of parking can fail a task in the executor (apache/airflow 66374, 71580, 72716).
Trying again is harmless: jobs are adopted, answers are kept, and units that failed for good fail it without a retry."""

RETRY_DELAY = timedelta(seconds=10)


def build_dag(pipeline: Pipeline, default_args: Mapping[str, Any] | None = None) -> DAG:
    """The DAG of a pipeline; touches no network and lists no bucket.

    :param pipeline: a valid spec.
    :param default_args: Airflow's, for every task: notifiers, a pool, a queue; None for none.
    :raises SpecError: if this Airflow cannot send the messages that the spec asks for.
    """
    dag = DAG(
        dag_id=pipeline.name,
        description=pipeline.title or None,
        doc_md=pipeline_doc(pipeline),
        schedule=schedule_of(pipeline),
        catchup=False,
        max_active_runs=1,
        params=airflow_params(pipeline.params),
        tags=["platerunner", *pipeline.tags],
        default_args={**_default_args(pipeline, default_args or {}), "owner": pipeline.owner},
        **run_callbacks(pipeline),
    )
    tasks: dict[str, BaseOperator] = {}
    for step in pipeline.steps.values():
        task = _gate(dag, pipeline, step) if isinstance(step, Gate) else _step(dag, pipeline, step)
        task.set_upstream([tasks[name] for name in step.upstream])
        tasks[step.name] = task
    return dag


def _default_args(pipeline: Pipeline, given: Mapping[str, Any]) -> dict[str, Any]:
    own = {"retries": RETRIES, "retry_delay": RETRY_DELAY}
    return {**own, **given, **task_callbacks(pipeline, given)}


def _step(dag: DAG, pipeline: Pipeline, step: Step) -> BaseOperator:
    return BatchModuleOperator(
        task_id=step.name,
        spec=pipeline,
        step=step.name,
        dag=dag,
        doc_md=step_doc(step),
        doc_json=facts(pipeline, step),
        outlets=outlets_of(step.assets),
    )


def _gate(dag: DAG, pipeline: Pipeline, gate: Gate) -> BaseOperator:
    return QCApprovalSensor(
        task_id=gate.name,
        spec=pipeline,
        gate=gate.name,
        dag=dag,
        doc_md=gate_doc(gate),
        doc_json=facts(pipeline, gate),
        outlets=outlets_of(gate.assets),
    )
