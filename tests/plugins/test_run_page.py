import re

from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState
from platerunner.engine.records.results import write_blocked
from platerunner_pages.drawing.legend import LOOKS
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import blocked_key
from platerunner_unit.contract.storage import Storage

UNITS = {
    "plate=P1/well=A01": UnitState.PENDING,
    "plate=P1/well=A02": UnitState.PENDING,
    "plate=P1/well=B01": UnitState.DONE,
    "plate=P2/well=H12": UnitState.WAITING,
}
RUN = "/platerunner/dags/lab/runs/run-1"


def shown(site, user="viewer"):
    answer = site.client(user).get(f"{RUN}/tasks/work/map.json")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found, {unit: LOOKS[look].word for unit, look in zip(found["units"], found["looks"], strict=True)}


def test_the_map_shows_each_well_with_what_became_of_it(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed")
    failed = {"plate=P1/well=A02": Category.OUT_OF_MEMORY}
    leave(site.workspace / "lab", UNITS, succeeded=("plate=P1/well=A01",), failed=failed)
    found, looks = shown(site)
    assert looks == {
        "plate=P1/well=A01": "succeeded",
        "plate=P1/well=A02": "out_of_memory",
        "plate=P1/well=B01": "done",
        "plate=P2/well=H12": "waiting",
    }
    assert [(m["name"], m["kind"], m["rows"], m["columns"]) for m in found["maps"]] == [
        ("P1", "wells", 8, 12),
        ("P2", "wells", 8, 12),
    ]
    assert found["maps"][1]["cells"] == [[3, 7, 11, 0]]
    assert (found["state"], found["live"]) == ("failed", False)


def test_a_step_on_batch_shows_what_its_containers_stored(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="deferred")
    live = ("plate=P1/well=A01", "plate=P1/well=A02")
    leave(site.workspace / "lab", UNITS, live=live)
    found, looks = shown(site)
    assert found["live"]
    assert {looks[unit] for unit in live} == {"submitted"}


def test_a_run_opens_at_the_step_that_failed(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed", gather="upstream_failed")
    answer = site.client("viewer").get(f"{RUN}/")
    assert answer.headers["location"] == "tasks/work/"
    page = site.client("viewer").get(f"{RUN}/tasks/work/")
    assert page.status_code == 200
    assert 'aria-current="page"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_a_step_that_has_not_planned_says_so(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="queued")
    found, _ = shown(site)
    assert (found["units"], found["maps"], found["live"]) == ([], [], True)


def test_a_dag_of_somebody_else_has_no_map(site, monkeypatch):
    from airflow.sdk import DAG, BaseOperator
    from tests.plugins import conftest

    with DAG("lab", schedule=None) as dag:
        BaseOperator(task_id="work", doc_json="[1]")
    monkeypatch.setattr(conftest, "build_dag", lambda _: dag)
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed")
    for path in (f"{RUN}/", f"{RUN}/tasks/work/", "/platerunner/dags/lab/pipeline", "/platerunner/dags/lab/history"):
        assert "no steps that Platerunner runs" in site.client("viewer").get(path).text


def test_what_batch_says_of_a_blocked_queue_stands_above_the_map(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="deferred")
    workspace = leave(site.workspace / "lab", UNITS, live=("plate=P1/well=A01",))
    write_blocked(Storage, workspace.url_of(blocked_key("run-1", "work")), ["UNDETERMINED - <b>blocked</b>"])
    found, _ = shown(site)
    (said,) = found["blocked"]
    assert said.startswith("AWS Batch says: UNDETERMINED - <b>blocked</b>. If it lasts, on-call")


def test_tabs_and_polling_follow_the_run_and_not_the_step_alone(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="success", gather="running")
    leave(site.workspace / "lab", UNITS)
    answer = site.client("viewer").get(f"{RUN}/tasks/work/looks.json").json()
    assert answer["live"]
    assert answer["states"] == {"work": "success", "gather": "running"}


def test_the_legend_is_grouped_by_who_acts(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed")
    leave(site.workspace / "lab", UNITS)
    text = site.client("viewer").get(f"{RUN}/tasks/work/").text
    groups = re.findall(r'role="group" aria-label="([^"]+)"(.*?)</div>', text, re.DOTALL)
    words = {title: re.findall(r'data-word="(\w+)"', buttons) for title, buttons in groups}
    assert words["State"][:2] == ["succeeded", "done"]
    assert "input_unreadable" in words["Failed: the scientist acts"]
    assert sum(map(len, words.values())) == len(LOOKS)


def test_what_nobody_foresaw_is_a_sentence_and_no_bare_500(site, monkeypatch):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed")
    monkeypatch.setattr("platerunner_pages.pages.run.records_of", lambda *_: 1 / 0)
    client = site.client("viewer")
    client._transport.raise_server_exceptions = False
    answer = client.get(f"{RUN}/tasks/work/looks.json")
    assert answer.status_code == 500
    assert "The log of Airflow's API server has the error" in answer.json()["detail"]
