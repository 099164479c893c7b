"""Every route with every attack: no login, not to be seen, leads out, too large, a script in its name."""

from urllib.parse import quote

import pytest
from tests.plugins.conftest import HIDDEN
from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState
from platerunner_pages.app import create_app
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.unit_keys import unit_id

EVIL = "<img src=x onerror=alert(1)>"
SCRIPTED = unit_id({"plate": EVIL, "well": "A01"}, ("plate", "well"))
STEP = "/dags/{dag_id}/runs/{run_id}/tasks/{task_id}"
GATE = "/dags/{dag_id}/runs/{run_id}/gates/{task_id}/{map_index}"
READ = {
    "/dags/{dag_id}/runs/{run_id}/": "",
    "/dags/{dag_id}/runs/{run_id}/story.json": "",
    "/dags/{dag_id}/runs/{run_id}/branches": "",
    f"{STEP}/": "",
    f"{STEP}/map.json": "",
    f"{STEP}/looks.json": "",
    f"{STEP}/measures.json": "",
    f"{STEP}/values.json": "column=usd",
    f"{STEP}/tail.json": "id=plate%3DP1/well%3DA01",
    f"{STEP}/results/": "",
    f"{STEP}/results/preview": "output=made&key=made/P1/A01.tif",
    f"{STEP}/results/origin": "output=made&key=made/P1/A01.tif",
    f"{STEP}/results/layers": "output=made&key=made/P1/A01.tif",
    f"{STEP}/results/thumbnail": "output=made&key=made/P1/A01.tif",
    f"{STEP}/results/file": "output=made&key=made/P1/A01.tif",
    f"{STEP}/unit": "id=plate%3DP1/well%3DA01",
    "/dags/{dag_id}/pipeline": "",
    "/dags/{dag_id}/plan": "",
    "/dags/{dag_id}/versions": "",
    "/dags/{dag_id}/history": "",
    "/dags/{dag_id}/launches": "",
    f"{GATE}/": "",
}
"""Route to the query that it needs."""
CHANGE = (f"{STEP}/rerun", f"{GATE}/answer", f"{GATE}/marks")
OF_NO_DAG = ("/", "/catalog", "/oncall", "/qc/", "/files/{token}", "/static")
NOTHING = {"dag_id": "lab", "run_id": "run-1", "task_id": "work", "map_index": "-1"}
OUTSIDE = ("..%2f..%2f..%2fetc%2fpasswd", "%00", "x" * 3000, "plate=P1/well=..", "_platerunner")


def path_of(route: str, query: str = "", **values: str) -> str:
    return f"/platerunner{route.format(**{**NOTHING, **values})}{'?' + query if query else ''}"


@pytest.fixture
def two(site):
    for name in ("lab", HIDDEN):
        site.add(wells_and_sums(name).replace("title: Wells", f"title: '{EVIL}'"))
        site.start(name, work="failed")
        units = {"plate=P1/well=A01": UnitState.DONE, SCRIPTED: UnitState.PENDING}
        leave(site.workspace / name, units, failed={SCRIPTED: Category.TOOL_ERROR})
    return site


def test_the_table_has_every_route():
    routes = {route.path for route in create_app().routes}
    assert routes == {*READ, *CHANGE, *OF_NO_DAG}


def test_who_is_not_logged_in_or_may_not_see_the_dag_reads_nothing(two):
    nobody, user = two.client(None), two.client("user")
    for route, query in READ.items():
        assert nobody.get(path_of(route, query)).status_code == 401, route
        hidden = user.get(path_of(route, query, dag_id=HIDDEN))
        absent = user.get(path_of(route, query, dag_id="absent"))
        assert (hidden.status_code, hidden.text) == (404, absent.text), route


@pytest.mark.parametrize("outside", OUTSIDE, ids=["traversal", "null", "long", "dots", "records"])
def test_no_name_leads_anywhere_else(two, outside):
    client = two.client("admin")
    for route, query in READ.items():
        for name in ("run_id", "task_id"):
            if f"{{{name}}}" in route:
                answer = client.get(path_of(route, query, **{name: outside}))
                assert answer.status_code in (404, 422), (route, name)
                assert "root:" not in answer.text


def test_a_change_needs_a_login_the_right_and_our_own_page(two):
    body = {"units": ["plate=P1/well=A01"], "choice": "approve", "wells": ["A01"], "because": "x"}
    for route in CHANGE:
        path = path_of(route)
        refused = {
            "no login": two.client(None).post(path, json=body),
            "viewer": two.client("viewer").post(path, json=body),
            "no token": two.client("admin").post(path, json=body),
            "forged": two.client("admin").post(path, json=body, headers={"X-Platerunner-Token": "e30.x.y"}),
            "too large": two.client("admin").post(path, content=b"x" * (9 * 1024**2)),
        }
        assert {name: answer.status_code for name, answer in refused.items()} == {
            "no login": 401, "viewer": 403, "no token": 403, "forged": 403, "too large": 403
        }, route  # fmt: skip


def test_names_are_text_wherever_they_are_shown(two):
    client, shown = two.client("admin"), 0
    for route, query in [
        *READ.items(),
        ("/", ""),
        ("/oncall", ""),
        ("/qc/", ""),
        (f"{STEP}/unit", f"id={quote(SCRIPTED)}"),
    ]:
        answer = client.get(path_of(route, query))
        if "html" in answer.headers.get("content-type", ""):
            assert EVIL not in answer.text, route
            assert "script-src 'self'" in answer.headers["content-security-policy"], route
            shown += "&lt;img" in answer.text
    assert shown, "some pages show the names"
