"""The tasks that make the file system of a run and delete it."""

import os
from typing import Any

from airflow.sdk import BaseOperator, Context

from platerunner.hooks.connection_id import CONN_ID
from platerunner.spec.model import Pipeline


class StorageOperator(BaseOperator):
    """Makes the file system of a run, or deletes it; parks while AWS is at work.

    :param spec: the pipeline, or the path of its YAML file.
    :param end: whether it deletes.
    :param conn_id: connection of type ``platerunner``.
    """

    ui_color = "#e3eaf0"

    def __init__(
        self,
        *,
        spec: Pipeline | str | os.PathLike[str],
        end: bool = False,
        conn_id: str = CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.spec = spec
        self.end = end
        self.conn_id = conn_id

    def execute(self, context: Context) -> None:
        """Make it or delete it, as far as that goes now."""
        # As for a step: a DAG file runs nothing.
        from platerunner.operators.storage_task import look

        look(self, context)

    def execute_arrived(self, context: Context, event: Any) -> None:  # noqa: ARG002
        """Look again.

        :param event: the trigger's, which says only that it is time.
        """
        self.execute(context)
