"""An answer in the second in which a gate asks is kept, though it can fail that try of the task in the executor."""

import json
import time

import httpx
from tests.browser.conftest import Site
from tests.embedded import wait_for


def test_an_answer_in_the_very_second_of_the_question_counts(site: Site) -> None:
    with httpx.Client(base_url=site.address, timeout=60) as client:
        login = client.post("/auth/token", json={"username": site.user, "password": site.password})
        client.headers["Authorization"] = f"Bearer {login.raise_for_status().json()['access_token']}"
        client.patch("/api/v2/dags/asked", json={"is_paused": False}).raise_for_status()
        _approve_at_once(client, "flat enough")
    gates = site.results / "asked/_platerunner/gates/check"
    made = [entry for path in gates.glob("*.json") for entry in json.loads(path.read_text())["decisions"]]
    assert [entry["comment"] for entry in made] == ["flat enough"]


def _approve_at_once(client: httpx.Client, comment: str) -> None:
    run = client.post("/api/v2/dags/asked/dagRuns", json={"logical_date": None}).raise_for_status().json()["dag_run_id"]
    question = f"/api/v2/dags/asked/dagRuns/{run}/taskInstances/check/-1/hitlDetails"
    deadline = time.monotonic() + 120
    while client.get(question).status_code == httpx.codes.NOT_FOUND:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    answer = {"chosen_options": ["Approve"], "params_input": {"comment": comment}}
    client.patch(question, json=answer).raise_for_status()
    wait_for(lambda: client.get(f"/api/v2/dags/asked/dagRuns/{run}").json()["state"] == "success", 120)
