"""The spec behind a DAG, where the API server has it: on MWAA only schedulers and workers do."""

import os
from collections.abc import Iterator
from pathlib import Path

from airflow import settings

from platerunner.spec.loader import is_shared, load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import SpecError

VARIABLE = "PLATERUNNER_DAG_SPECS"


def spec_of(dag_id: str) -> Pipeline | None:
    """The pipeline of a DAG as its file is now; None if this server does not have the file, or it is broken."""
    for path in _files():
        try:
            pipeline = load_pipeline(path)
        except SpecError:
            continue  # Airflow shows its import error
        if pipeline.name == dag_id:
            return pipeline
    return None


def _files() -> Iterator[Path]:
    """Specs where the DAG file looks for them (dags/platerunner_dags.py)."""
    dags = Path(settings.DAGS_FOLDER)
    places = (os.environ.get(VARIABLE), dags.parent / "dag_specs", dags / "dag_specs")
    place = next((Path(each) for each in places if each and Path(each).exists()), None)
    if place is None or place.is_file():
        return iter(() if place is None else (place,))
    return (path for path in sorted(place.glob("*.y*ml")) if not is_shared(path))
