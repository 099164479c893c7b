"""What a step writes into Airflow's metadata database: the same, however many units it has."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.batch_operator.rows import PER_RUN, counted, install
from tests.lab import SPEC, Lab

from platerunner.cli.run.home import AirflowHome

RUN = """
import sys
from datetime import datetime
from pathlib import Path

from airflow.models import import_all_models

from platerunner.render import build_dag
from platerunner.spec.loader import load_pipeline

import_all_models()
when = datetime.fromisoformat(sys.argv[2])
run = build_dag(load_pipeline(Path(sys.argv[1]))).test(run_after=when, logical_date=when)
sys.exit(str(run.state) != "success")
"""
SLOW = 'sleep 1\necho done > "$1"\n'  # so that the task parks before the first units are done


@pytest.mark.airflow
@pytest.mark.timeout(300)
def test_ten_times_as_many_units_write_as_many_rows(lab: Lab) -> None:
    spec = lab.folder / "specs" / "lab.yaml"
    spec.parent.mkdir()
    spec.write_text(SPEC.format(options=""))
    home = AirflowHome(lab.folder / "airflow")
    home.prepare()
    database = str(home.folder / "airflow.db")
    install(database)
    lab.write(**{f"A{n:02}": SLOW for n in range(3)})
    few = rows_of(lab, home, spec, database, day=1)
    lab.write(**{f"B{n:02}": SLOW for n in range(30)})
    many = rows_of(lab, home, spec, database, day=2)
    assert len(lab.starts()) == 33
    assert few == many
    assert (many["task_instance"], many["trigger"]) == (1, 1)
    assert many.total() < 40


def rows_of(lab: Lab, home: AirflowHome, spec: Path, database: str, day: int) -> Counter[str]:
    """Rows that one run of the step inserts, by table."""
    extra = lab.aws.cloud.connection()
    environment = {
        **os.environ,
        **home.environment(spec, extra),
        "PLATERUNNER_DATA_ROOT": str(lab.folder / "data"),
        "PLATERUNNER_WORKSPACE_ROOT": str(lab.folder / "workspace"),
        "PLATERUNNER_FIRST_POLL": "0.3",
    }
    before = counted(database)
    argv = [sys.executable, "-c", RUN, str(spec), f"2026-01-0{day}T00:00:00+00:00"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    written = counted(database) - before
    return Counter({table: written[table, "INSERT"] for table in PER_RUN})
