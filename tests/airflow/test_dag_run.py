"""A spec as a real DAG run: Airflow's own machinery, the embedded cloud, the gate answered through Airflow's API."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version
from tests.embedded import Account, embedded

from platerunner.local.demo_plate import make_plate

ROOT = Path(__file__).parents[2]
RUN = """
import faulthandler, json, sys, threading
from datetime import datetime
from pathlib import Path

from airflow.models import import_all_models

from platerunner.render import build_dag
from platerunner.sensors import answering
from platerunner.spec.loader import load_pipeline

faulthandler.dump_traceback_later(540, exit=True)  # a run that hangs says where
import_all_models()  # before any thread: the models import each other while SQLAlchemy holds a lock of its own
dag = build_dag(load_pipeline(Path(sys.argv[1])))
when = datetime.fromisoformat(sys.argv[2])
run_id = f"manual__{when.isoformat()}"
answer = lambda: answering.answer_pending(dag.dag_id, run_id, "check", sys.argv[3], sys.argv[4], user="ada", wait_s=500)
if sys.argv[3]:
    answering._app()  # imports half of Airflow, which two threads at once may never end
    threading.Thread(target=answer, daemon=True).start()
run = dag.test(run_after=when, logical_date=when, run_conf=json.loads(sys.argv[5]))
print({ti.task_id: str(ti.state) for ti in run.get_task_instances()}, file=sys.stderr)
sys.exit(str(run.state) != "success")
"""
STEPS = {"illum_calc": 1, "illum_apply": 2, "measure": 2, "check_report": 1, "report": 1}


@pytest.fixture(scope="module")
def aws():
    with embedded() as account:
        yield account


class Airflow:
    """An Airflow of its own, with data and a workspace."""

    def __init__(self, folder: Path, aws: Account) -> None:
        self.folder = folder
        self.spec = ROOT / "dag_specs/demo.yaml"
        make_plate(folder / "data", wells=2, sites=2, size=128)
        connection = {"conn_type": "platerunner", "extra": aws.cloud.connection()}
        self.environment = {
            **os.environ,
            **aws.cloud.environment(),
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_PLATERUNNER": json.dumps(connection),
            "PLATERUNNER_DATA_ROOT": str(folder / "data"),
            "PLATERUNNER_WORKSPACE_ROOT": str(folder / "workspace"),
            "PLATERUNNER_FIRST_POLL": "0.3",
        }
        self._python("-m", "airflow", "db", "migrate").check_returncode()

    def run(self, when: str, choice: str = "", comment: str = "", **conf: Any) -> tuple[int, str]:
        """Exit code and log of a run; an empty choice leaves the gate unanswered."""
        done = self._python("-c", RUN, str(self.spec), when, choice, comment, json.dumps(conf))
        return done.returncode, done.stdout + done.stderr

    def result(self, when: str, step: str) -> dict:
        path = self.folder / f"workspace/demo/_platerunner/runs/manual__{when}/{step}/result.json"
        return json.loads(path.read_text())

    def decisions(self) -> list[dict]:
        files = sorted((self.folder / "workspace/demo/_platerunner/gates/check").glob("*.json"))
        return [decision for file in files for decision in json.loads(file.read_text())["decisions"]]

    def _python(self, *args: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, *args]
        return subprocess.run(
            argv, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=580, check=False
        )


@pytest.fixture(scope="module")
def airflow(aws, tmp_path_factory):
    return Airflow(tmp_path_factory.mktemp("run"), aws)


@pytest.mark.airflow
@pytest.mark.timeout(1200)
def test_a_dry_run_plans_every_step_and_leaves_nothing_behind(aws, tmp_path):
    airflow = Airflow(tmp_path, aws)
    before = aws.cloud.calls["batch.submitjob"]
    code, log = airflow.run("2026-01-01T00:00:00+00:00", dry_run=True, only=["well=B02"])
    assert code == 0, log[-3000:]
    assert "plate=Demo1/well=B02 would run: after illum_calc" in log
    assert "illum_apply: 1 pending, 1 waiting" in log
    assert "check: a dry run, so nobody is asked" in log
    assert "'report': 'success'" in log, "every step is planned, to the last"
    assert not (tmp_path / "workspace").exists()
    assert aws.cloud.calls["batch.submitjob"] == before

    code, log = airflow.run("2026-01-02T00:00:00+00:00", rerun=["mesure"])
    assert code == 1
    assert "rerun: `mesure`: no step that runs units is called `mesure`. Did you mean `measure`?" in log


FIRST, SECOND, THIRD, FOURTH = (f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3, 4))


@pytest.mark.airflow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    Version(version("apache-airflow")) < Version("3.3"), reason="dag.test() of Airflow 3.2 cannot wait for an answer"
)
def test_a_plate_from_raw_images_to_a_heat_map_and_a_second_run_with_nothing_to_do(airflow, aws):
    code, log = airflow.run(FIRST, "Approve", "flat and sharp")
    assert code == 0, log[-3000:]
    assert {step: airflow.result(FIRST, step)["succeeded"] for step in STEPS} == STEPS
    assert (airflow.folder / "workspace/demo/report/Demo1/Demo1_Count_Nuclei.png").stat().st_size > 1000
    [decision] = airflow.decisions()
    assert (decision["decision"], decision["user"], decision["comment"]) == ("approved", "ada", "flat and sharp")
    assert decision["numbers"]["wells"] == 2

    submitted = aws.cloud.calls["batch.submitjob"]
    code, log = airflow.run(SECOND)
    assert code == 0, log[-3000:]
    assert {step: airflow.result(SECOND, step)["done_before"] for step in STEPS} == STEPS
    assert aws.cloud.calls["batch.submitjob"] == submitted
    assert "approved by ada" in log
    assert "unchanged since" in log

    # A changed well closes the gate again, and only what depends on it runs.
    image = airflow.folder / "data/Demo1/B02_s1_DNA.tif"
    make_plate(airflow.folder / "other", wells=1, sites=1, size=128, seed=8)
    image.write_bytes((airflow.folder / "other/Demo1/B02_s1_DNA.tif").read_bytes())
    code, log = airflow.run(THIRD, "Reject", "B02 is out of focus")
    assert code == 1
    assert airflow.result(THIRD, "illum_calc")["succeeded"] == 1
    assert "rejected by ada" in log
    assert "B02 is out of focus" in log
    assert sorted(d["decision"] for d in airflow.decisions()) == ["approved", "rejected"]

    # A damaged image fails its well alone, and the log ends in what to do.
    image.write_bytes(image.read_bytes()[:200])
    code, log = airflow.run(FOURTH)
    assert code == 1
    assert "What to do:" in log
    assert "Replace the file by a good copy" in log
