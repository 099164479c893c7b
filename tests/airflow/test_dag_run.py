"""A spec as a real DAG run: Airflow's own machinery, the embedded cloud, the gate answered through Airflow's API."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version
from tests.airflow.conftest import ROOT

from platerunner.local.demo_plate import make_plate

SPEC = ROOT / "dag_specs/demo.yaml"
STEPS = {"illum_calc": 1, "illum_apply": 2, "measure": 2, "check_report": 1, "report": 1}
FIRST, SECOND, THIRD, FOURTH = (f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3, 4))


class Results:
    """A demo plate, and what runs left in its workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_plate(folder / "data", wells=2, sites=2, size=128)

    def of(self, when: str, step: str) -> dict:
        path = self.folder / f"workspace/demo/_platerunner/runs/manual__{when}/{step}/result.json"
        return json.loads(path.read_text())

    def decisions(self) -> list[dict]:
        files = sorted((self.folder / "workspace/demo/_platerunner/gates/check").glob("*.json"))
        return [decision for file in files for decision in json.loads(file.read_text())["decisions"]]


@pytest.mark.airflow
@pytest.mark.timeout(1200)
def test_a_dry_run_plans_every_step_and_leaves_nothing_behind(airflow, aws, tmp_path):
    Results(tmp_path)
    before = aws.cloud.calls["batch.submitjob"]
    code, log = airflow.run(SPEC, "2025-12-01T00:00:00+00:00", tmp_path, dry_run=True, only=["well=B02"])
    assert code == 0, log[-3000:]
    assert "plate=Demo1/well=B02 would run: after illum_calc" in log
    assert "illum_apply: 1 pending, 1 waiting" in log
    assert "check: a dry run, so nobody is asked" in log
    assert "'report': 'success'" in log, "every step is planned, to the last"
    assert not (tmp_path / "workspace").exists()
    assert aws.cloud.calls["batch.submitjob"] == before

    code, log = airflow.run(SPEC, "2025-12-02T00:00:00+00:00", tmp_path, rerun=["mesure"])
    assert code == 1
    assert "rerun: `mesure`: no step that runs units is called `mesure`. Did you mean `measure`?" in log


@pytest.mark.airflow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    Version(version("apache-airflow")) < Version("3.3"), reason="dag.test() of Airflow 3.2 cannot wait for an answer"
)
def test_a_plate_from_raw_images_to_a_heat_map_and_a_second_run_with_nothing_to_do(airflow, aws, tmp_path):
    results = Results(tmp_path)
    code, log = airflow.run(SPEC, FIRST, tmp_path, ("Approve", "flat and sharp"))
    assert code == 0, log[-3000:]
    assert {step: results.of(FIRST, step)["succeeded"] for step in STEPS} == STEPS
    assert (tmp_path / "workspace/demo/report/Demo1/Demo1_Count_Nuclei.png").stat().st_size > 1000
    [decision] = results.decisions()
    assert (decision["decision"], decision["user"], decision["comment"]) == ("approved", "ada", "flat and sharp")
    assert decision["numbers"]["wells"] == 2

    submitted = aws.cloud.calls["batch.submitjob"]
    code, log = airflow.run(SPEC, SECOND, tmp_path)
    assert code == 0, log[-3000:]
    assert {step: results.of(SECOND, step)["done_before"] for step in STEPS} == STEPS
    assert aws.cloud.calls["batch.submitjob"] == submitted
    assert "approved by ada" in log
    assert "unchanged since" in log

    # A changed well closes the gate again, and only what depends on it runs.
    image = tmp_path / "data/Demo1/B02_s1_DNA.tif"
    make_plate(tmp_path / "other", wells=1, sites=1, size=128, seed=8)
    image.write_bytes((tmp_path / "other/Demo1/B02_s1_DNA.tif").read_bytes())
    code, log = airflow.run(SPEC, THIRD, tmp_path, ("Reject", "B02 is out of focus"))
    assert code == 1
    assert results.of(THIRD, "illum_calc")["succeeded"] == 1
    assert "rejected by ada" in log
    assert "B02 is out of focus" in log
    assert sorted(d["decision"] for d in results.decisions()) == ["approved", "rejected"]

    # A damaged image fails its well alone, and the log ends in what to do.
    image.write_bytes(image.read_bytes()[:200])
    code, log = airflow.run(SPEC, FOURTH, tmp_path)
    assert code == 1
    assert "What to do:" in log
    assert "Replace the file by a good copy" in log
