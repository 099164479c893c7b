"""From a spec to an Airflow DAG."""

from platerunner.render.dag import build_dag
from platerunner.render.ledger_merge import ledger_merge_dag
from platerunner.render.loading import BrokenSpecsError, load_dags, show_broken_specs, specs_of
from platerunner.render.retention import retention_dag

__all__ = [
    "BrokenSpecsError",
    "build_dag",
    "ledger_merge_dag",
    "load_dags",
    "retention_dag",
    "show_broken_specs",
    "specs_of",
]
