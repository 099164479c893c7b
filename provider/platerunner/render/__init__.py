"""From a spec to an Airflow DAG."""

from platerunner.render.dag import build_dag
from platerunner.render.loading import load_dags

__all__ = ["build_dag", "load_dags"]
