"""Links from a step's task to its job, its log and its outputs, through XComs that the operator pushes."""

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, quote_plus, urlparse

from airflow.configuration import conf
from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

PLATE_MAP_ROUTE = "platerunner-map"
"""Name of the tab that the plugin adds to tasks."""


def console(region: str) -> str:
    """The AWS console's address in the partition of a region."""
    if region.startswith("cn-"):
        return f"https://{region}.console.amazonaws.cn"
    if region.startswith("us-gov-"):
        return "https://console.amazonaws-us-gov.com"
    return f"https://{region}.console.aws.amazon.com"


def job_url(region: str, job_id: str) -> str:
    """A job's page in the console."""
    return f"{console(region)}/batch/home?region={region}#jobs/detail/{quote(job_id)}"


def log_url(region: str, group: str, stream: str) -> str:
    """A log stream's page in the console, which wants its parts quoted twice with `$` for `%`."""
    parts = [quote_plus(quote_plus(part)).replace("%", "$") for part in (group, stream)]
    base = f"{console(region)}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
    return f"{base}{parts[0]}/log-events/{parts[1]}"


def outputs_url(workspace: str, prefix: str = "") -> str:
    """The workspace, or a part of it, in the console, or as a file URL if it is a folder.

    :param workspace: ``s3://bucket/prefix`` or a folder.
    :param prefix: key prefix below it.
    """
    parsed = urlparse(workspace)
    if parsed.scheme != "s3":
        return f"file://{quote(parsed.path.rstrip('/'))}/{quote(prefix)}"
    key = "/".join(part for part in (parsed.path.strip("/"), prefix.strip("/")) if part)
    return f"https://s3.console.aws.amazon.com/s3/buckets/{parsed.netloc}?prefix={quote(key)}/"


def object_url(workspace: str, key: str) -> str:
    """An object's page in the console, or its path if the workspace is a folder."""
    parsed = urlparse(workspace)
    if parsed.scheme != "s3":
        return f"{workspace}/{key}"
    full = "/".join(part for part in (parsed.path.strip("/"), key) if part)
    return f"https://s3.console.aws.amazon.com/s3/object/{parsed.netloc}?prefix={quote(full)}"


class _PushedLink(BaseOperatorLink):
    """A link whose address the task pushed as an XCom."""

    key: ClassVar[str]

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """The address, or nothing if the task has not pushed it yet."""
        return str(XCom.get_value(key=self.key, ti_key=ti_key) or "")


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
