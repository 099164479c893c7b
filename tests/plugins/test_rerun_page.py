"""Running units again from the map: what it asks of the run, and who may not."""

import re
import time
from dataclasses import replace

import pytest
from airflow.models.dagrun import DagRun
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select
from tests.plugins.conftest import HIDDEN
from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState
from platerunner.engine.records.step_state import StateFile
from platerunner_pages.requests import tokens
from platerunner_unit.contract.category import Category

WELLS = [f"plate=P1/well=A0{n}" for n in range(1, 6)]
STEP = "/platerunner/dags/lab/runs/run-1/tasks/work/"


@pytest.fixture
def failed(site):
    return lose(site)


def lose(site):
    """A run whose wells but the first have failed."""
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed", gather="upstream_failed")
    failed = dict.fromkeys(WELLS[1:], Category.TOOL_ERROR)
    leave(site.workspace / "lab", dict.fromkeys(WELLS, UnitState.PENDING), succeeded=(WELLS[0],), failed=failed)
    return site


def token_of(client, path=STEP):
    found = re.search(r'data-token="([^"]*)"', client.get(path).text)
    return found[1] if found else ""


def ask(client, units, token=None, path=STEP, **headers):
    token = token_of(client) if token is None else token
    return client.post(f"{path}rerun", json={"units": units}, headers={"X-Platerunner-Token": token, **headers})


def conf():
    with create_session() as session:
        return session.scalar(select(DagRun).where(DagRun.dag_id == "lab")).conf


def states():
    with create_session() as session:
        return dict(session.execute(select(TaskInstance.task_id, TaskInstance.state)).all())


def test_three_failed_wells_run_alone_and_what_comes_after_them(failed):
    answer = ask(failed.client("user"), WELLS[1:4])
    assert answer.status_code == 200, answer.text
    assert answer.json()["sentence"] == "3 units run again: work was cleared, with gather after it."
    assert conf() == {"only": [*(f"work:{well}" for well in WELLS[1:4]), "gather"], "rerun": []}
    assert states() == {"work": None, "gather": None}
    with create_session() as session:
        logged = session.scalar(select(Log).where(Log.event == "platerunner_rerun"))
        assert (logged.owner, logged.dag_id, logged.run_id) == ("ada", "lab", "run-1")


def test_all_failed_wells_leave_the_run_unrestricted(failed):
    assert ask(failed.client("user"), WELLS[1:]).status_code == 200
    assert conf() == {"only": [], "rerun": []}


def test_a_well_that_is_done_is_forgotten_even_if_the_run_forgot_before(failed):
    store = StateFile(leave(failed.workspace / "lab", {WELLS[0]: UnitState.DONE}), "run-1", "work")
    store.save(replace(store.load(), forgotten=True))
    assert ask(failed.client("user"), [WELLS[0]]).status_code == 200
    assert conf()["rerun"] == [f"work:{WELLS[0]}"]
    assert not store.load().forgotten


def test_a_step_that_runs_is_left_alone(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="deferred")
    leave(site.workspace / "lab", {WELLS[0]: UnitState.PENDING}, live=(WELLS[0],))
    answer = ask(site.client("user"), [WELLS[0]])
    assert answer.status_code == 409
    assert "wait until it has ended" in answer.json()["detail"]
    assert (conf(), states()["work"]) == ({}, "deferred")


def unchanged():
    return (conf(), states()) == ({}, {"work": "failed", "gather": "upstream_failed"})


def test_a_viewer_gets_no_button_and_no_way_around_it(failed):
    viewer = failed.client("viewer", "eve")
    assert token_of(viewer) == ""
    for token in ("", token_of(failed.client("user")), tokens.sign("action", "eve", "lab")):
        assert ask(viewer, WELLS[1:2], token).status_code == 403
    assert unchanged()


def test_a_form_of_another_site_is_refused(failed):
    client = failed.client("user")
    token = token_of(client)
    assert client.post(f"{STEP}rerun", json={"units": WELLS[1:2]}).status_code == 403
    assert ask(client, WELLS[1:2], token, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ask(client, WELLS[1:2], token, Origin="https://evil.test").status_code == 403
    assert ask(client, WELLS[1:2], token, Origin="null").status_code == 403
    assert unchanged()


def test_a_forged_or_a_replayed_token_is_refused(failed, monkeypatch):
    client = failed.client("user")
    token = token_of(client)
    forged = token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    other_purpose = tokens.sign("file", "ada", "lab")
    for wrong in (forged, other_purpose, tokens.sign("action", "ada", "another"), "", "a.b.c"):
        assert ask(client, WELLS[1:2], wrong).status_code == 403
    assert ask(failed.client("user", "mallory"), WELLS[1:2], token).status_code == 403
    assert ask(failed.client(None), WELLS[1:2], token).status_code == 401
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + tokens.ACTION_S + 2)
    answer = ask(client, WELLS[1:2], token)
    assert answer.status_code == 403
    assert "load the page again" in answer.json()["detail"]
    assert unchanged()


def test_another_users_dag_cannot_be_run_again(failed):
    failed.add(wells_and_sums(HIDDEN))
    failed.start(HIDDEN, work="failed")
    leave(failed.workspace / HIDDEN, {WELLS[0]: UnitState.PENDING}, failed={WELLS[0]: Category.TOOL_ERROR})
    path = STEP.replace("/lab/", f"/{HIDDEN}/")
    answer = ask(failed.client("user"), WELLS[:1], tokens.sign("action", "ada", HIDDEN), path)
    assert answer.status_code == 404


@pytest.mark.parametrize("unit", ["../../../etc/passwd", "plate=P1/well=..", "plate=P1/well=A99", "*", "work"])
def test_only_units_that_the_step_has_can_be_named(failed, unit):
    assert ask(failed.client("user"), [unit]).status_code == 422
    assert unchanged()
