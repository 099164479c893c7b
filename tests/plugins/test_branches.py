"""The pages of a pipeline whose plates flow on their own: a step's records are in as many places as it has plates."""

import json
import re
import threading

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select
from tests.embedded import TIMEOUT_S
from tests.plugins.records import leave, wells_and_sums
from tests.plugins.test_rerun_page import ask

from platerunner.engine.inspect.run_record import RunRecord
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.model import UnitState
from platerunner.engine.records.branches import save_branches
from platerunner_pages.known.runs import find_run
from platerunner_pages.pages.history import _of_run
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import run_prefix
from platerunner_unit.contract.storage import Storage

TASK = "/platerunner/dags/lab/runs/run-1/tasks/work/"
FIRST, SECOND = ["plate=P1/well=A01", "plate=P1/well=A02"], ["plate=P2/well=A01", "plate=P2/well=A02"]


@pytest.fixture
def split(site):
    """Plate P1 failed in part, plate P2 runs."""
    whole = "from all"
    site.add(wells_and_sums("lab").replace("foreach: [plate]", "foreach: []").replace("sums/{plate}", f"sums/{whole}")
             .replace("steps:", "split: plate\nsteps:", 1))  # fmt: skip
    site.start("lab", gather="upstream_failed")
    site.expand("lab", "work", ["failed", "deferred"])
    workspace = Storage(str(site.workspace / "lab"))
    save_branches(workspace, "run-1", [Branch("plate", "P1"), Branch("plate", "P2")])
    pending = UnitState.PENDING
    failed = {FIRST[1]: Category.TOOL_ERROR}
    lab, won = site.workspace / "lab", (FIRST[0],)
    leave(lab, dict.fromkeys(FIRST, pending), succeeded=won, failed=failed, branch="plate=P1")
    leave(lab, dict.fromkeys(SECOND, pending), live=tuple(SECOND), branch="plate=P2")
    for plate, done, seconds in (("P1", 1, 30), ("P2", 2, 60)):
        result = {"units": 2, "succeeded": done, "failed": 2 - done, "plates": 1, "seconds": seconds}
        key = f"{run_prefix('run-1', 'work', f'plate={plate}')}result.json"
        workspace.put(key, json.dumps(result).encode())
    return site


def tasks():
    with create_session() as session:
        rows = session.execute(select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state))
        return {(task, index): state for task, index, state in rows if task in ("work", "gather")}


def test_the_map_shows_all_plates_and_stays_live_while_one_runs(split):
    found = split.client("viewer").get(f"{TASK}map.json").json()
    assert found["units"] == [*FIRST, *SECOND]
    assert [each["name"] for each in found["maps"]] == ["P1", "P2"]
    assert (found["state"], found["live"]) == ("failed", True)


def test_the_map_names_plates_that_were_not_reached(split):
    workspace = Storage(str(split.workspace / "lab"))
    assert split.client("viewer").get(f"{TASK}looks.json").json()["without"] == []
    save_branches(workspace, "run-1", [Branch("plate", name) for name in ("P1", "P2", "P & 3")])
    assert split.client("viewer").get(f"{TASK}looks.json").json()["without"] == ["plate=P %26 3"]


def test_where_each_branch_stands_those_that_failed_first(split):
    with create_session() as session:
        for task in session.scalars(select(TaskInstance).where(TaskInstance.task_id == "work")):
            task.state = "failed" if task.map_index == 1 else "deferred"
    text = split.client("viewer").get("/platerunner/dags/lab/runs/run-1/branches").text
    rows = re.findall(r'scope="row">(\w+)</th>.*?state-(\w+).*?href="([^"]+)"', text, re.DOTALL)
    assert [row[:2] for row in rows] == [("P2", "failed"), ("P1", "deferred")]
    assert rows[0][2].endswith("/tasks/work/#plates=P2")


def test_a_unit_is_found_in_the_branch_that_has_it(split):
    page = split.client("viewer").get(f"{TASK}unit", params={"id": FIRST[1]})
    assert page.status_code == 200
    assert "tool_error" in page.text
    assert split.client("viewer").get(f"{TASK}unit", params={"id": "plate=P3/well=A01"}).status_code == 404


def test_a_unit_page_reads_the_records_of_its_plate_alone(split, monkeypatch):
    read, get = [], Storage.get
    monkeypatch.setattr(Storage, "get", lambda storage, key: read.append(key) or get(storage, key))
    assert split.client("viewer").get(f"{TASK}unit", params={"id": FIRST[1]}).status_code == 200
    assert [key for key in read if "plate=P1" in key]
    assert not [key for key in read if "plate=P2" in key]


def test_records_of_plates_are_read_at_the_same_time(split, monkeypatch):
    """Two plates meet at a barrier, which one reader after the other would never pass."""
    both, plan = threading.Barrier(2, timeout=TIMEOUT_S), RunRecord._planned
    monkeypatch.setattr(RunRecord, "_planned", lambda record: (both.wait(), plan(record))[1])
    assert split.client("viewer").get(f"{TASK}looks.json").json()["count"] == len([*FIRST, *SECOND])


def test_a_failed_well_runs_again_while_the_other_plate_goes_on(split):
    answer = ask(split.client("user"), [FIRST[1]], path=TASK)
    assert answer.status_code == 200, answer.text
    assert tasks() == {("work", 0): None, ("work", 1): "deferred", ("gather", -1): None}
    with create_session() as session:
        assert session.scalar(select(DagRun).where(DagRun.dag_id == "lab")).conf == {"only": [], "rerun": []}


def test_naming_wells_of_one_plate_restricts_no_other(split):
    failed = dict.fromkeys(FIRST, Category.TOOL_ERROR)
    leave(split.workspace / "lab", dict.fromkeys(FIRST, UnitState.PENDING), failed=failed, branch="plate=P1")
    assert ask(split.client("user"), [FIRST[1]], path=TASK).status_code == 200
    with create_session() as session:
        only = session.scalar(select(DagRun).where(DagRun.dag_id == "lab")).conf["only"]
    assert only == [f"work:{FIRST[1]}", "work:plate=P2", "gather"]


def test_the_running_plate_is_left_alone(split):
    answer = ask(split.client("user"), [SECOND[0]], path=TASK)
    assert answer.status_code == 409
    assert tasks()[("work", 1)] == "deferred"


def test_history_adds_the_plates_up(split):
    with create_session() as session:
        row = _of_run(find_run("lab", "run-1", session))
    assert (row.ran, row.succeeded, row.plates, row.per_plate) == (4, 3, 2, 30)
