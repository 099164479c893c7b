"""Who may not see a DAG learns nothing of it, not even that it is there."""

import pytest
from tests.plugins.conftest import HIDDEN
from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState

PATHS = ("runs/run-1/", "runs/run-1/tasks/work/", "runs/run-1/tasks/work/map.json", "runs/run-1/tasks/work/looks.json")


@pytest.fixture
def two(site):
    for name in ("lab", HIDDEN):
        site.add(wells_and_sums(name))
        site.start(name, work="failed")
        leave(site.workspace / name, {"plate=P1/well=A01": UnitState.DONE})
    return site


@pytest.mark.parametrize("path", PATHS)
def test_nobody_in_particular_sees_nothing(two, path):
    assert two.client(None).get(f"/platerunner/dags/lab/{path}").status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_a_dag_that_may_not_be_seen_is_like_one_that_is_not_there(two, path):
    client = two.client("user")
    hidden = client.get(f"/platerunner/dags/{HIDDEN}/{path}")
    absent = client.get(f"/platerunner/dags/absent/{path}")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text == absent.text
    assert two.client("admin").get(f"/platerunner/dags/{HIDDEN}/{path}").status_code in (200, 307)


def test_the_first_page_lists_what_the_user_may_see(two):
    assert HIDDEN not in two.client("user").get("/platerunner/").text.replace("[hidden]", "")
    page = two.client("user").get("/platerunner/").text
    assert "/dags/lab/runs/run-1/" in page
    assert f"/dags/{HIDDEN}/" not in page
    assert f"/dags/{HIDDEN}/" in two.client("admin").get("/platerunner/").text


def test_a_forged_login_is_refused(two):
    client = two.client(None)
    client.cookies.set("_token", "e30.e30.e30")
    assert client.get("/platerunner/dags/lab/runs/run-1/tasks/work/").status_code in (401, 403)


@pytest.mark.parametrize("path", ["pipeline", "history", "plan", "versions", "runs/run-1/tasks/work/unit?id=x"])
def test_no_page_of_a_hidden_dag_can_be_told_from_none(two, path):
    client = two.client("user")
    hidden = client.get(f"/platerunner/dags/{HIDDEN}/{path}")
    assert (hidden.status_code, hidden.text) == (404, client.get(f"/platerunner/dags/absent/{path}").text)
    assert two.client(None).get(f"/platerunner/dags/lab/{path}").status_code == 401
