"""What Airflow loads: the pages' app and the places in Airflow's own pages where they appear.

Every Airflow process loads its plugins, but only the API server asks for their apps: ours is made when it does.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from platerunner.links.batch import PLATE_MAP_ROUTE
from platerunner_pages.gate_listener import GateListener

PREFIX = "/platerunner"
# Relative, so that Airflow below a path (`[api] base_url`) finds them too. Airflow fills in the braces.
_DAG = "platerunner/dags/{DAG_ID}"
_RUN = f"{_DAG}/runs/{{RUN_ID}}"


def _view(name: str, destination: str, href: str, route: str) -> dict[str, Any]:
    return {"name": name, "destination": destination, "href": href, "url_route": route}


class PlaterunnerPlugin(AirflowPlugin):
    """The pages: plate map of a run, quality control, pipeline, history."""

    name = "platerunner"
    listeners = [GateListener()]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {**_view("Platerunner", "nav", "platerunner/", "platerunner"), "category": "browse"},
        {**_view("Quality control", "nav", "platerunner/qc/", "platerunner-qc"), "category": "browse"},
        _view("Pipeline", "dag", f"{_DAG}/pipeline", "platerunner-pipeline"),
        _view("History", "dag", f"{_DAG}/history", "platerunner-history"),
        _view("Launches", "dag", f"{_DAG}/launches", "platerunner-launches"),
        _view("Plate map", "dag_run", f"{_RUN}/", "platerunner-run"),
        _view("Plate map", "task_instance", f"{_RUN}/tasks/{{TASK_ID}}/", PLATE_MAP_ROUTE),
    ]

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """The app behind the pages."""
        from platerunner_pages.app import create_app

        return [{"app": create_app(), "url_prefix": PREFIX, "name": "Platerunner"}]
