"""A valid spec as a DAG: one task per step, a gate with its report before it, edges as the spec gives them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, BaseOperator

from platerunner.engine.file_systems import STORAGE_END, STORAGE_TASK
from platerunner.operators.batch_module import BatchModuleOperator
from platerunner.operators.split import SplitOperator
from platerunner.operators.trigger_rule import trigger_rule
from platerunner.render.docs import facts, gate_doc, pipeline_doc, step_doc
from platerunner.render.notify import run_callbacks, task_callbacks
from platerunner.render.params import airflow_params
from platerunner.render.schedule import check_keys, outlets_of, schedule_of
from platerunner.sensors.qc_approval import QCApprovalSensor
from platerunner.spec.model import Pipeline, Split
from platerunner.spec.steps import Gate, Step

RETRIES = 1
"""A resumption within a second of parking can fail a task in the executor (apache/airflow 66374, 71580, 72716).
Trying again is harmless: jobs are adopted, answers are kept, and units that failed for good fail it without a retry."""

RETRY_DELAY = timedelta(seconds=10)

END_RETRIES = 5
"""A file system that is not deleted goes on costing money."""

LABEL = "{{ task.branch[:250] }}"
"""Characters of a mapped task's name that Airflow's pages show."""


def build_dag(pipeline: Pipeline, default_args: Mapping[str, Any] | None = None) -> DAG:
    """The DAG of a pipeline; touches no network and lists no bucket.

    :param pipeline: a valid spec.
    :param default_args: Airflow's, for every task: notifiers, a pool, a queue; None for none.
    :raises SpecError: if this Airflow cannot send the messages that the spec asks for, or takes no keys of its assets.
    """
    check_keys(pipeline)
    dag = DAG(
        dag_id=pipeline.name,
        description=pipeline.title or None,
        doc_md=pipeline_doc(pipeline),
        schedule=schedule_of(pipeline),
        catchup=False,
        max_active_runs=pipeline.runs_at_once,
        tags=["platerunner", *pipeline.tags],
        default_args={**_default_args(pipeline, default_args or {}), "owner": pipeline.owner},
        **run_callbacks(pipeline),
    )
    tasks = _Tasks(dag, pipeline)
    if pipeline.split:
        tasks.add_branches(pipeline.split)
    for step in pipeline.steps.values():
        tasks.add(step)
    tasks.connect()
    if pipeline.storage:
        tasks.surround()
    # Last: Airflow copies a DAG's params into each of its tasks, twice, though a running task asks the DAG for them.
    # The copies took half of the time that a DAG takes to build.
    dag.params.update(airflow_params(pipeline.params))
    return dag


def _default_args(pipeline: Pipeline, given: Mapping[str, Any]) -> dict[str, Any]:
    own = {"retries": RETRIES, "retry_delay": RETRY_DELAY}
    return {**own, **given, **task_callbacks(pipeline, given)}


class _Tasks:
    """The tasks of a DAG, as they are made.

    :param dag: gets them.
    """

    def __init__(self, dag: DAG, pipeline: Pipeline) -> None:
        self._dag = dag
        self._pipeline = pipeline
        self._made: dict[str, BaseOperator] = {}

    def add_branches(self, split: Split) -> None:
        """A task that finds the branches, and the steps that each has for itself as a task group mapped over them."""
        from airflow.sdk import task_group  # imports all of Airflow's decorators, and most pipelines are not split

        found = SplitOperator(task_id=self._pipeline.split_task, spec=self._pipeline, dag=self._dag)

        # A step's name never has a single hyphen, so that these ids cannot clash with one.
        @task_group(group_id=f"each-{split.wildcard}", prefix_group_id=False, dag=self._dag)
        def each(branch: Any) -> None:
            for step in self._pipeline.steps.values():
                if step.name in split.steps:
                    self.add(step, branch=branch, map_index_template=LABEL)
            # While the group is open, so that it knows which of its tasks come first.
            self.connect()

        each.expand(branch=found.output)
        self._trim(found)

    def _trim(self, found: BaseOperator) -> None:
        """Leave the edge from what finds the branches to the first tasks of a branch alone.

        Airflow draws one to each task that uses what is mapped over, which is every one.
        """
        for task in self._made.values():
            if task.upstream_task_ids & self._made.keys():
                task.upstream_task_ids.discard(found.task_id)
                found.downstream_task_ids.discard(task.task_id)

    def add(self, step: Step | Gate, **of_branch: Any) -> None:
        """The task of a step or a gate, unless there is one already."""
        if step.name in self._made:
            return
        common: dict[str, Any] = {
            "task_id": step.name,
            "spec": self._pipeline,
            "dag": self._dag,
            "trigger_rule": trigger_rule(self._pipeline, step.name),
            "outlets": outlets_of(step.assets),
            "doc_json": facts(self._pipeline, step),
            **of_branch,
        }
        self._made[step.name] = (
            QCApprovalSensor(gate=step.name, doc_md=gate_doc(step), **common)
            if isinstance(step, Gate)
            else BatchModuleOperator(step=step.name, doc_md=step_doc(step), **common)
        )

    def connect(self) -> None:
        """Put each task after the tasks that its step waits for, where these exist."""
        for name, task in self._made.items():
            before = [self._made[each] for each in self._pipeline.steps[name].upstream if each in self._made]
            task.set_upstream([each for each in before if each.task_id not in task.upstream_task_ids])

    def surround(self) -> None:
        """Make the run's file system before all tasks but the price's gate, and always delete it after the last."""
        from platerunner.operators.storage import StorageOperator  # which few pipelines have

        tasks = list(self._dag.tasks)
        asks = self._pipeline.price_gates
        first = [task for task in tasks if task.task_id not in asks and task.upstream_task_ids <= asks]
        last = [task for task in tasks if not task.downstream_task_ids]
        common: dict[str, Any] = {"spec": self._pipeline, "dag": self._dag}
        make = StorageOperator(task_id=STORAGE_TASK, **common).as_setup()  # type: ignore[no-untyped-call]
        end = StorageOperator(task_id=STORAGE_END, end=True, retries=END_RETRIES, **common)
        make.set_upstream([self._made[name] for name in asks])
        make.set_downstream(first)
        end.as_teardown(setups=make).set_upstream(last)
