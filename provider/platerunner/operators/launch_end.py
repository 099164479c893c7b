"""What Airflow calls when the run of a launch has ended: the launch's record is complete, or failed with the cause."""

import logging
from typing import Any

from airflow.sdk import BaseNotifier

from platerunner.engine.launches.ending import note_end
from platerunner.engine.planning.settings import workspace_url
from platerunner.hooks.connection_id import CONN_ID
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.operators.common import plain_errors, run_context
from platerunner.spec.model import Pipeline

log = logging.getLogger(__name__)


class LaunchTeller(BaseNotifier):
    """Records the end of a launch; the processor of DAG files calls it.

    :param pipeline: the spec.
    :param failed: whether the run has failed.
    :param conn_id: connection of type ``platerunner``.
    """

    def __init__(self, pipeline: Pipeline, *, failed: bool, conn_id: str = CONN_ID) -> None:
        super().__init__()
        self.pipeline = pipeline
        self.failed = failed
        self.conn_id = conn_id

    def notify(self, context: Any) -> None:
        """Record it.

        :param context: Airflow's for a run's callback.
        """
        hook = PlaterunnerHook(self.conn_id)
        with plain_errors():
            workspace = hook.storage(workspace_url(self.pipeline, run_context(self.pipeline, hook, context)))
            note_end(hook, self.pipeline, workspace, context["run_id"], failed=self.failed)
