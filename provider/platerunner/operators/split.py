"""The task that finds the branches of a pipeline with ``split``."""

import os
from typing import Any

from airflow.sdk import BaseOperator, Context

from platerunner.hooks.connection_id import CONN_ID
from platerunner.spec.model import Pipeline


class SplitOperator(BaseOperator):
    """Lists the raw files and returns the values of the ``split`` wildcard; Airflow maps a task group over them.

    :param spec: the pipeline, or the path of its YAML file.
    :param conn_id: connection of type ``platerunner``.
    """

    ui_color = "#e8e3f0"

    def __init__(
        self,
        *,
        spec: Pipeline | str | os.PathLike[str],
        conn_id: str = CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.spec = spec
        self.conn_id = conn_id

    def execute(self, context: Context) -> list[str]:
        """The values, as text, in the order of the branches; parks while there are no files that may still arrive."""
        # As for a step: a DAG file runs nothing.
        from platerunner.operators.split_task import SplitTask

        return SplitTask(self).branches(context)

    def execute_arrived(self, context: Context, event: Any) -> list[str]:  # noqa: ARG002
        """Look for raw files again.

        :param event: the trigger's, which says only that it is time.
        """
        return self.execute(context)
