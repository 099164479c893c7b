"""What a step writes into Airflow's metadata database: the same, however many units it has."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.batch_operator.rows import PER_RUN, counted, install
from tests.airflow.conftest import Airflow
from tests.lab import SPEC, Lab

SLOW = 'sleep 1\necho done > "$1"\n'  # so that the task parks before the first units are done


@pytest.mark.airflow
@pytest.mark.timeout(300)
def test_ten_times_as_many_units_write_as_many_rows(airflow: Airflow, lab: Lab) -> None:
    spec = lab.folder / "lab.yaml"
    spec.write_text(SPEC.format(options=""))
    install(str(airflow.home / "airflow.db"))
    lab.write(**{f"A{n:02}": SLOW for n in range(3)})
    few = rows_of(airflow, lab, spec, day=1)
    lab.write(**{f"B{n:02}": SLOW for n in range(30)})
    many = rows_of(airflow, lab, spec, day=2)
    assert len(lab.starts()) == 33
    assert few == many
    assert (many["task_instance"], many["trigger"]) == (1, 1)
    assert many.total() < 40


def rows_of(airflow: Airflow, lab: Lab, spec: Path, day: int) -> Counter[str]:
    """Rows that one run of the step inserts, by table."""
    database = str(airflow.home / "airflow.db")
    before = counted(database)
    code, log = airflow.run(spec, f"2026-01-0{day}T00:00:00+00:00", lab.folder)
    assert code == 0, log[-3000:]
    written = counted(database) - before
    return Counter({table: written[table, "INSERT"] for table in PER_RUN})
