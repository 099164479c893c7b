"""The link from a gate's task to the page where a person sees its pictures and decides."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.configuration import conf
from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


def gate_url(dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
    """A gate's page among Platerunner's own."""
    base = conf.get("api", "base_url", fallback="").rstrip("/")
    dag, run, task = (quote(name, safe="") for name in (dag_id, run_id, task_id))
    return f"{base}/platerunner/dags/{dag}/runs/{run}/gates/{task}/{map_index}/"


class GateLink(BaseOperatorLink):
    """The gate's page."""

    name = "Look and decide"

    def get_link(self, operator: "BaseOperator", *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """The address of the page."""
        return gate_url(ti_key.dag_id, ti_key.run_id, ti_key.task_id, ti_key.map_index)
