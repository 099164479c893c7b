import pytest
from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState
from platerunner_pages.findings import forecast
from platerunner_pages.pages.history import summed

PAGES = "/platerunner/dags/lab"


@pytest.fixture
def lab(site, monkeypatch):
    site.add(wells_and_sums("lab"))
    (site.folder / "specs").mkdir()
    (site.folder / "specs/lab.yaml").write_text(wells_and_sums("lab"))
    (site.folder / "specs/broken.yaml").write_text("version: 1\npipeline: lab\n")
    monkeypatch.setenv("PLATERUNNER_DAG_SPECS", str(site.folder / "specs"))
    for well in ("A01", "A02"):
        (site.folder / "data/P1").mkdir(parents=True, exist_ok=True)
        (site.folder / f"data/P1/{well}.tif").write_text("pixels")
    return site


def test_it_shows_the_spec_and_its_graph(lab):
    text = lab.client("viewer").get(f"{PAGES}/pipeline").text
    assert "pipeline: lab" in text
    assert text.count("<rect") == 2
    assert text.count("<path") == 1
    assert ">per plate, well<" in text


def test_without_the_specs_file_the_graph_remains(lab, monkeypatch):
    monkeypatch.setenv("PLATERUNNER_DAG_SPECS", str(lab.folder / "specs/broken.yaml"))
    page = lab.client("viewer").get(f"{PAGES}/pipeline")
    assert page.status_code == 200
    assert "does not have spec.yaml" in page.text
    assert "<svg" in page.text
    answer = lab.client("viewer").get(f"{PAGES}/plan")
    assert answer.status_code == 409
    assert "platerunner plan" in answer.json()["detail"]


def test_what_the_next_run_would_do_and_why(lab):
    text = " ".join(lab.client("viewer").get(f"{PAGES}/plan").text.split())
    assert "<strong>2 pending</strong>: new" in text
    assert "P1, A01; P1, A02" in text
    assert "after work" in text


def test_a_plan_without_work_says_that_there_is_nothing_to_do(lab):
    spec = lab.folder / "specs/lab.yaml"
    before = spec.read_text()
    left_out = "exclude: [{plate: P1, because: out of focus}]"
    spec.write_text(before.replace("dataset:\n", f"dataset:\n  {left_out}\n"))
    text = " ".join(lab.client("viewer").get(f"{PAGES}/plan").text.split())
    assert "<strong>Nothing to do:</strong> every unit is done or excluded." in text
    spec.write_text(before)
    assert "Nothing to do" not in lab.client("viewer").get(f"{PAGES}/plan").text


def test_a_plan_that_takes_too_long_says_what_to_do(lab, monkeypatch):
    monkeypatch.setattr(forecast, "LIMIT_S", 0.0)
    answer = lab.client("viewer").get(f"{PAGES}/plan")
    assert answer.status_code == 409
    assert "dry_run" in answer.json()["detail"]
    forecast._pool.submit(int).result(30)  # the plan itself ends, and then the next may begin


def test_a_plan_of_params_that_each_run_is_given_says_where_to_give_them(lab):
    spec = lab.folder / "specs/lab.yaml"
    spec.write_text(f"{spec.read_text().rstrip()}\nparams: {{batch: {{type: string, required: true}}}}\n")
    answer = lab.client("viewer").get(f"{PAGES}/plan")
    assert answer.status_code == 409
    assert "with `--param batch=...`" in answer.json()["detail"]


def test_history_sums_the_steps_of_each_run(lab):
    lab.start("lab", work="failed")
    workspace = leave(lab.workspace / "lab", {"plate=P1/well=A01": UnitState.DONE})
    workspace.put(
        "_platerunner/runs/run-1/work/result.json",
        b'{"succeeded": 3, "failed": 1, "done_before": 2, "seconds": 240, "plates": 2}',
    )
    text = " ".join(lab.client("viewer").get(f"{PAGES}/history").text.split())
    assert "75.0&nbsp;%" in text
    assert "2 min" in text
    assert "run-1" in text


def test_a_run_without_results_has_no_shares():
    row = summed(None, [])
    assert (row.share, row.per_plate) == (None, None)


def test_versions_are_those_of_the_last_success(lab):
    lab.start("lab", work="success")
    leave(lab.workspace / "lab", {"plate=P1/well=A01": UnitState.DONE})
    assert "Nothing has succeeded yet" in lab.client("viewer").get(f"{PAGES}/versions").text
