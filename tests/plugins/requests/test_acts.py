"""What is asked of a page: refused before it is read, and on record only if it was done."""

import json

import pytest
from airflow.models.hitl import HITLDetail
from airflow.models.log import Log
from airflow.utils.session import create_session
from sqlalchemy import delete, select
from tests.plugins.conftest import HIDDEN
from tests.plugins.test_qc_page import PAGE, wait
from tests.plugins.test_rerun_page import STEP, WELLS, lose, token_of

from platerunner_pages.requests import acts

LENGTH = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _empty_log(site):
    with create_session() as session:
        session.execute(delete(Log))


def recorded():
    with create_session() as session:
        return [
            (each.event, each.owner, each.dag_id, each.run_id, each.task_id, json.loads(each.extra))
            for each in session.scalars(select(Log).where(Log.event.like("platerunner%")))
        ]


def post(client, path, body, token):
    return client.post(path, content=body, headers={**LENGTH, "X-Platerunner-Token": token})


PLACES = {f"{STEP}rerun": lose, f"{PAGE}answer": wait}
REFUSED = {
    "nobody": (None, 401),
    "who may only look": ("viewer", 403),
}


@pytest.mark.parametrize(("role", "status"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("place", PLACES)
def test_what_somebody_may_not_do_is_refused_unread_and_not_on_record(site, role, status, place, monkeypatch):
    monkeypatch.setattr(acts, "LARGEST", 0)  # so that reading a byte would be another refusal
    PLACES[place](site)
    assert post(site.client(role), place, b"x", "").status_code == status
    assert recorded() == []


def test_a_dag_that_may_not_be_seen_gets_no_line(site):
    client = lose(site).client("user")
    answer = post(client, STEP.replace("/lab/", f"/{HIDDEN}/") + "rerun", b'{"units": ["x"]}', token_of(client))
    assert answer.status_code == 404
    assert recorded() == []


BODIES = {
    "no JSON": b"{",
    "no object": b"[]",
    "nothing": b"",
    "no unit": b'{"units": []}',
    "a unit that is none": b'{"units": ["well=Z99"]}',
    "a long name": json.dumps({"units": ["x" * 1001]}).encode(),
    "deep": b"[" * 100_000,
    "no text": b"\xff\xfe",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_cannot_be_understood_is_not_on_record(site, body):
    client = lose(site).client("user")
    assert post(client, f"{STEP}rerun", body, token_of(client)).status_code == 422
    assert recorded() == []


@pytest.mark.parametrize("place", PLACES)
def test_a_body_is_read_to_its_bound_whatever_its_length_says(site, place, monkeypatch):
    PLACES[place](site)
    monkeypatch.setattr(acts, "LARGEST", 1000)
    client = site.client("user")
    token, body = token_of(client, place.rpartition("/")[0] + "/"), b'{"units": ["' + b"x" * 2000 + b'"]}'
    for content in (body, iter([body[:500], body[500:]])):
        assert post(client, place, content, token).status_code == 413
    assert recorded() == []


def test_keys_of_a_body_do_not_replace_those_of_the_path(site):
    client = lose(site).client("user")
    body = {
        "units": WELLS[1:2],
        "dag_id": "other",
        "run_id": "other",
        "task_id": "other",
        "method": "GET",
        "owner": "x",
    }
    address = f"{STEP}rerun?dag_id=other&task_id=other"
    assert post(client, address, json.dumps(body).encode(), token_of(client)).status_code == 200
    assert recorded() == [
        ("platerunner_rerun", "ada", "lab", "run-1", "work", {"count": 1, "units": WELLS[1:2], "method": "POST"})
    ]


ANSWERS = {
    "a rejection without a comment": ({"choice": "reject"}, 422),
    "of another question": ({"choice": "approve", "fingerprint": "0" * 32}, 409),
    "no choice": ({"choice": "maybe"}, 422),
}


@pytest.mark.parametrize(("said", "status"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_refused_is_not_on_record(site, said, status):
    wait(site)
    client = site.client("user")
    assert post(client, f"{PAGE}answer", json.dumps(said).encode(), token_of(client, PAGE)).status_code == status
    assert recorded() == []


def test_an_answer_that_airflow_itself_refuses_is_not_on_record(site, monkeypatch):
    wait(site)
    client = site.client("user")
    token = token_of(client, PAGE)
    with create_session() as session:
        session.execute(delete(HITLDetail))
    assert post(client, f"{PAGE}answer", b'{"choice": "approve"}', token).status_code in (404, 409)
    assert recorded() == []


@pytest.mark.parametrize("path", [f"{STEP}"[:-1], "/platerunner/qc", "/platerunner/dags/lab/runs/run-1"])
def test_a_redirect_stays_on_this_host_whatever_the_request_calls_it(site, path):
    answer = lose(site).client("user").get(path, headers={"Host": "elsewhere.example"})
    assert answer.status_code == 307
    assert answer.headers["location"].startswith(f"{path}/")
