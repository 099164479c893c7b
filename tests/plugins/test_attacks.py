"""Every route with every attack, and the answer that it has to give. A route that is not in the table fails it."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from tests.plugins.conftest import HIDDEN
from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState
from platerunner_pages.app import create_app
from platerunner_pages.requests import acts, served_files, tokens
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.unit_keys import unit_id

EVIL = "<img src=x onerror=alert(1)>"
SCRIPTED = unit_id({"plate": EVIL, "well": "A01"}, ("plate", "well"))
STEP = "/dags/{dag_id}/runs/{run_id}/tasks/{task_id}"
GATE = "/dags/{dag_id}/runs/{run_id}/gates/{task_id}/{map_index}"
MADE = "output=made&key=made/P1/A01.tif"
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
    f"{STEP}/results/preview": MADE,
    f"{STEP}/results/origin": MADE,
    f"{STEP}/results/layers": MADE,
    f"{STEP}/results/thumbnail": MADE,
    f"{STEP}/results/look": MADE,
    f"{STEP}/results/tile": MADE,
    f"{STEP}/results/file": MADE,
    f"{STEP}/unit": "id=plate%3DP1/well%3DA01",
    "/dags/{dag_id}/pipeline": "",
    "/dags/{dag_id}/plan": "",
    "/dags/{dag_id}/versions": "",
    "/dags/{dag_id}/history": "",
    "/dags/{dag_id}/launches": "",
    f"{GATE}/": "",
}
"""What is read of a DAG, with the query that it needs."""
CHANGE = {
    f"{STEP}/rerun": {"units": ["plate=P1/well=A01"]},
    f"{GATE}/answer": {"choice": "approve"},
    f"{GATE}/marks": {"wells": ["A01"], "because": "x"},
}
"""What changes something of a DAG, with the body that it needs."""
OF_NO_DAG = ("/", "/catalog", "/oncall", "/qc/")
FILE = "/files/{token}"
STATIC = "/static"
"""The pages' own scripts and styles, which everybody may read."""
NOTHING = {"dag_id": "lab", "run_id": "run-1", "task_id": "work", "map_index": "-1"}
OUTSIDE = {
    "traversal": "../../../etc/passwd",
    "null": "\0",
    "long": "x" * 3000,
    "dots": "plate=P1/well=..",
    "records": "_platerunner/runs/run-1/work/state.json",
    "absolute": "/etc/passwd",
    "script": EVIL,
}
OF_A_PATH = ("traversal", "null", "long", "script")
"""Those that a part of a path may try; Airflow knows no other names than those that it gave."""
NAMES = ("output", "key", "id", "inside")
"""Parts of a query that name something."""


def path_of(route: str, query: str = "", **values: str) -> str:
    return f"/platerunner{route.format(**{**NOTHING, **values})}{'?' + query if query else ''}"


def with_name(query: str, name: str, value: str) -> str:
    return urlencode({**dict(parse_qsl(query)), name: value})


@pytest.fixture
def two(site):
    """A DAG that everybody may see, and one for admins; both with a unit whose plate is a script."""
    for name in ("lab", HIDDEN):
        site.add(wells_and_sums(name).replace("title: Wells", f"title: '{EVIL}'"))
        site.start(name, work="failed")
        units = {"plate=P1/well=A01": UnitState.DONE, SCRIPTED: UnitState.PENDING}
        leave(site.workspace / name, units, failed={SCRIPTED: Category.TOOL_ERROR})
        made = site.workspace / name / "made/P1"
        made.mkdir(parents=True)
        (made / "A01.tif").write_bytes(b"pixels")
    return site


def test_the_table_has_every_route_with_each_of_its_methods():
    routes = {(method, route.path) for route in create_app().routes for method in getattr(route, "methods", ["GET"])}
    read = {("GET", path) for path in (*READ, *OF_NO_DAG, FILE, STATIC)}
    assert routes == read | {("POST", path) for path in CHANGE}


@pytest.mark.slow
def test_who_is_not_logged_in_or_may_not_see_the_dag_reads_nothing(two):
    nobody, user = two.client(None), two.client("user")
    for route, query in READ.items():
        assert nobody.get(path_of(route, query)).status_code == 401, route
        hidden = user.get(path_of(route, query, dag_id=HIDDEN))
        absent = user.get(path_of(route, query, dag_id="absent"))
        assert (hidden.status_code, hidden.text) == (404, absent.text), route
    for route in OF_NO_DAG:
        assert nobody.get(path_of(route)).status_code == 401, route
        assert f"/dags/{HIDDEN}/" not in user.get(path_of(route)).text, route
    assert f"/dags/{HIDDEN}/" in two.client("admin").get(path_of("/")).text


@pytest.mark.slow
def test_no_name_leads_anywhere_else(two):
    client = two.client("admin")
    for route, query in READ.items():
        for kind, outside in OUTSIDE.items():
            asked = [
                path_of(route, query, **{name: quote(outside, safe="")})
                for name in ("run_id", "task_id")
                if f"{{{name}}}" in route and kind in OF_A_PATH
            ]
            asked += [path_of(route, with_name(query, name, outside)) for name in NAMES if f"{name}=" in query]
            for address in asked:
                answer = client.get(address)
                assert answer.status_code in (404, 422), (route, kind, address)
                assert EVIL not in answer.text or "json" in answer.headers["content-type"], (route, kind)
                assert "root:" not in answer.text


def test_no_link_is_followed_out_of_what_an_output_names(two, tmp_path):
    (tmp_path / "secret.tif").write_bytes(b"secret")
    folder = two.workspace / "lab"
    (folder / "secret.txt").write_bytes(b"secret")
    (folder / "made/P1/B01.tif").symlink_to(tmp_path / "secret.tif")
    (folder / "made/P1/B02.tif").symlink_to(folder / "secret.txt")
    (folder / "made/P2").symlink_to(tmp_path)
    client = two.client("admin")
    for route, query in READ.items():
        for key in ("made/P1/B01.tif", "made/P1/B02.tif", "made/P2/secret.tif") if "key=" in query else ():
            answer = client.get(path_of(route, with_name(query, "key", key)))
            assert (answer.status_code, b"secret" in answer.content.replace(key.encode(), b"")) == (404, False), route


def refusals(two, path: str, body: dict[str, object]) -> Iterator[tuple[str, int, int]]:
    """What is wrong with a request for a change, the answer that it should have, and the one that it has."""
    user, own = two.client("user"), tokens.sign("action", "ada", "lab")
    header = "X-Platerunner-Token"
    wrong = {
        "no token": {},
        "forged": {header: "e30.x.y"},
        "another's": {header: tokens.sign("action", "ben", "lab")},
        "of another DAG": {header: tokens.sign("action", "ada", HIDDEN)},
        "for files": {header: tokens.sign("file", "ada", "lab")},
        "cross-site": {header: own, "Sec-Fetch-Site": "cross-site"},
        "from a sibling": {header: own, "Sec-Fetch-Site": "same-site"},
        "of another origin": {header: own, "Origin": "https://evil.test"},
    }
    for role, status in ((None, 401), ("viewer", 403)):
        yield str(role), status, two.client(role).post(path, json=body, headers={header: own}).status_code
    for name, headers in wrong.items():
        yield name, 403, user.post(path, json=body, headers=headers).status_code
    yield "too large, of nobody", 401, two.client(None).post(path, content=b"x" * (9 * 1024**2)).status_code
    hidden = path.replace("/lab/", f"/{HIDDEN}/")
    token = {header: tokens.sign("action", "ada", HIDDEN)}
    yield "not to be seen", 404, user.post(hidden, json=body, headers=token).status_code


def test_a_change_needs_a_login_the_right_and_our_own_page(two):
    for route, body in CHANGE.items():
        for name, expected, status in refusals(two, path_of(route), body):
            assert status == expected, (route, name)


def test_a_token_that_is_too_old_or_a_body_that_is_too_large_changes_nothing(two, monkeypatch):
    header = {"X-Platerunner-Token": tokens.sign("action", "ada", "lab")}
    for route, body in CHANGE.items():
        with monkeypatch.context() as later:
            later.setattr(tokens, "ACTION_S", -1)
            assert two.client("user").post(path_of(route), json=body, headers=header).status_code == 403, route
        with monkeypatch.context() as smaller:
            smaller.setattr(acts, "LARGEST", 10)
            whole = {**body, "comment": EVIL * 10}
            assert two.client("user").post(path_of(route), json=whole, headers=header).status_code == 413, route


def test_a_name_that_is_a_script_comes_back_from_a_change_as_json_alone(two):
    header = {"X-Platerunner-Token": tokens.sign("action", "ada", "lab"), "Accept": "text/html"}
    for route, body in CHANGE.items():
        said = json.loads(json.dumps(body).replace("A01", EVIL))
        answer = two.client("user").post(path_of(route), json=said, headers=header)
        assert answer.status_code in (404, 409, 422), route
        assert EVIL not in answer.text or "json" in answer.headers["content-type"], route


def test_a_files_address_is_one_users_for_some_minutes_and_for_that_file(two, tmp_path, monkeypatch):
    folder = two.workspace / "lab"
    (tmp_path / "secret.txt").write_bytes(b"root:")
    for name in ("a.txt", "page.html"):
        (folder / name).write_text(EVIL)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    user = two.client("user")

    def get(key="a.txt", user_id="ada", dag="lab", client=user, purpose="file"):
        return client.get(path_of(FILE, token=tokens.sign(purpose, user_id, dag, "run-1", "work", key)))

    assert get().status_code == 200
    assert "sandbox" in get("page.html").headers["content-security-policy"]
    wrong = {
        "another's": get(user_id="ben"),
        "not to be seen": get(dag=HIDDEN),
        "for changes": get(purpose="action"),
        "forged": user.get(path_of(FILE, token="e30.x.y")),
        "a link": get("link.txt"),
        **{name: get(key) for name, key in OUTSIDE.items()},
    }
    assert {name: answer.status_code for name, answer in wrong.items()} == dict.fromkeys(wrong, 404)
    assert get(client=two.client(None)).status_code == 401
    monkeypatch.setattr(served_files, "LARGEST", 3)
    assert get().status_code == 413
    monkeypatch.setattr(tokens, "FILE_S", -1)
    assert get().status_code == 404


@pytest.mark.slow
def test_names_are_text_wherever_they_are_shown(two):
    client, shown = two.client("admin"), 0
    of_no_dag = [(route, "") for route in OF_NO_DAG]
    for route, query in [*READ.items(), *of_no_dag, (f"{STEP}/unit", f"id={quote(SCRIPTED)}")]:
        answer = client.get(path_of(route, query))
        if "html" in answer.headers.get("content-type", ""):
            assert EVIL not in answer.text, route
            assert "script-src 'self'" in answer.headers["content-security-policy"], route
            shown += "&lt;img" in answer.text
    assert shown, "some pages show the names"
