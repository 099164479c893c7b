"""A second DAG file for Airflow, whose specs use another connection: a lab may have several."""

import os
from pathlib import Path

from platerunner.render import load_dags

load_dags(Path(os.environ["PLATERUNNER_DAG_SPECS"], "lab"), globals(), {"conn_id": "lab"})
