"""From a spec to an Airflow DAG."""

from platerunner.render.dag import build_dag
from platerunner.render.loading import BrokenSpecsError, load_dags, show_broken_specs, specs_of

__all__ = ["BrokenSpecsError", "build_dag", "load_dags", "show_broken_specs", "specs_of"]
