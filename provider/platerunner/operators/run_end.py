"""What Airflow calls when a run has ended, where there is a collector: the run's time, and its span."""

import logging
from datetime import UTC, datetime
from typing import Any

from airflow.configuration import conf
from airflow.sdk import BaseNotifier

from platerunner.engine.planning.settings import workspace_url
from platerunner.engine.steps.telemetry import tell_run
from platerunner.hooks.connection_id import CONN_ID
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.operators.common import run_context
from platerunner.spec.model import Pipeline

log = logging.getLogger(__name__)


class RunTeller(BaseNotifier):
    """Tells a collector of a run's end; the processor of DAG files calls it.

    :param state: in which the run has ended, ``success`` or ``failed``.
    :param pipeline: the spec.
    :param conn_id: connection of type ``platerunner``.
    """

    def __init__(self, state: str, pipeline: Pipeline, conn_id: str = CONN_ID) -> None:
        super().__init__()
        self.state = state
        self.pipeline = pipeline
        self.conn_id = conn_id

    def notify(self, context: Any) -> None:
        """Send the run's time, and its span if Airflow sends none itself.

        :param context: Airflow's for a run's callback, which lacks the run if none of its tasks has run.
        """
        run = context.get("dag_run")
        if run is None or run.start_date is None:
            log.info("telemetry: Airflow does not say when the run %s began", context["run_id"])
            return
        ended = run.end_date or datetime.now(UTC)
        hook = PlaterunnerHook(self.conn_id)
        workspace = hook.storage(workspace_url(self.pipeline, run_context(self.pipeline, hook, context))).url
        traced = conf.getboolean("traces", "otel_on", fallback=False)
        seconds = (ended - run.start_date).total_seconds()
        tell_run(workspace, self.pipeline, context["run_id"], self.state, seconds, ended.timestamp(), spans=not traced)
