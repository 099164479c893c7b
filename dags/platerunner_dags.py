"""The one DAG file that Airflow parses: a DAG for every spec.

Specs are in the folder PLATERUNNER_DAG_SPECS, else in `dag_specs` beside or in this folder.
"""

import os
from pathlib import Path

from platerunner.render import load_dags

HERE = Path(__file__).resolve().parent
PLACES = (HERE.parent / "dag_specs", HERE / "dag_specs")

load_dags(os.environ.get("PLATERUNNER_DAG_SPECS") or next(filter(Path.is_dir, PLACES), PLACES[0]), globals())
