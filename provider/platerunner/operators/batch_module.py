"""A step as one deferrable Airflow task, however many units it has."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from platerunner.hooks.connection_id import CONN_ID
from platerunner.links.batch import BatchJobLink, LogStreamLink, OutputsLink, PlateMapLink
from platerunner.spec.model import Pipeline

if TYPE_CHECKING:
    from platerunner.engine.connection import OnClear
    from platerunner.operators.step_task import StepTask


class BatchModuleOperator(BaseOperator):
    """Runs a step's units on AWS Batch: what is done already is left alone, what is worth it is tried again.

    :param spec: the pipeline, or the path of its YAML file.
    :param step: name of a step that runs units.
    :param conn_id: connection of type ``platerunner``.
    :param on_clear: what happens to running jobs when somebody clears or marks the task: ``terminate``, or ``adopt`` by
        the next try; None for what the connection says.
    :param first_poll_s: seconds from parking to the first look at the jobs; None for 2, or what the environment says.
    :param branch: in a pipeline with ``split``, the value of its wildcard whose units run; None for a step that is in
        no branch (templated).
    """

    template_fields: Sequence[str] = ("branch",)
    operator_extra_links = (PlateMapLink(), BatchJobLink(), LogStreamLink(), OutputsLink())
    ui_color = "#e3f0e8"

    def __init__(
        self,
        *,
        spec: Pipeline | str | os.PathLike[str],
        step: str,
        conn_id: str = CONN_ID,
        on_clear: "OnClear | None" = None,
        first_poll_s: float | None = None,
        branch: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.spec = spec
        self.step = step
        self.conn_id = conn_id
        self.on_clear = on_clear
        self.first_poll_s = first_poll_s
        self.branch = branch
        self._task: StepTask | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Plan, adopt or submit, and wait without a worker."""
        return self._on_worker(context).start()

    def execute_arrived(self, context: Context, event: Any) -> dict[str, Any]:  # noqa: ARG002
        """Look for raw files again; go on if they are there, or if the time is over.

        :param event: the trigger's, which says only that it is time.
        """
        return self._on_worker(context).go_on()

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Collect the verdicts; submit again what is worth it, else end.

        :param event: the trigger's.
        """
        return self._on_worker(context).collect(event)

    def get_openlineage_facets_on_complete(self, _task_instance: Any) -> Any:
        """What Airflow's provider for OpenLineage, if installed, reports of the step: what it read and wrote."""
        from platerunner.operators.open_lineage import facets_of

        return facets_of(self._task.run) if self._task is not None else None

    def on_kill(self) -> None:
        """End the jobs of a task that is killed while a worker has it; a waiting one is the trigger's business."""
        if self._task is not None:
            self._task.kill()

    def _on_worker(self, context: Context) -> "StepTask":
        # A DAG file runs no step, and what a running one needs takes three times as long to import as all the rest.
        from platerunner.operators.step_task import StepTask

        self._task = StepTask(self, context)
        return self._task
