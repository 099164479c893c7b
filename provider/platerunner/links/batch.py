"""Links from a step's task to its job, its log and its outputs, through XComs that the operator pushes."""

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from airflow.configuration import conf
from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

PLATE_MAP_ROUTE = "platerunner-map"
"""Name of the tab that the plugin adds to tasks."""

HERE = "here"
"""Pushed instead of an address by jobs of the embedded cloud, which has no pages: the plate map has their logs."""


class _PushedLink(BaseOperatorLink):
    """A link whose address the task pushed as an XCom."""

    key: ClassVar[str]

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:
        """The address, or nothing if the task has not pushed it yet; our own page for what AWS has none of."""
        pushed = XCom.get_value(key=self.key, ti_key=ti_key)
        return PlateMapLink().get_link(operator, ti_key=ti_key) if pushed == HERE else str(pushed or "")


class PlateMapLink(BaseOperatorLink):
    """The step's page among Platerunner's own, beside its log in Airflow's."""

    name = "Plate map"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """The address of the task's tab."""
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        run, task = quote(ti_key.run_id, safe=""), quote(ti_key.task_id, safe="")
        mapped = f"/mapped/{ti_key.map_index}" if ti_key.map_index >= 0 else ""
        return f"{base}/dags/{quote(ti_key.dag_id, safe='')}/runs/{run}/tasks/{task}{mapped}/plugin/{PLATE_MAP_ROUTE}"


class BatchJobLink(_PushedLink):
    """The step's newest job in the AWS console."""

    name = "Batch job"
    key = "platerunner_job_url"


class LogStreamLink(_PushedLink):
    """The log of the first unit that failed, or of the newest job."""

    name = "Log stream"
    key = "platerunner_log_url"


class OutputsLink(_PushedLink):
    """Where the step's outputs are."""

    name = "Outputs"
    key = "platerunner_outputs_url"
