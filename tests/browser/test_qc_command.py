"""`platerunner qc` against a real Airflow, as several people."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.browser.conftest import COMMAND, Site, trigger, wait_for

PASSWORD = "PLATERUNNER_AIRFLOW_PASSWORD"


def qc(site: Site, user: str, *args: str, code: int = 0, **environment: str) -> str:
    """What the command says to somebody: stdout, or stderr if it is to fail."""
    env = {**os.environ, PASSWORD: site.password_of(user), "PLATERUNNER_AIRFLOW_URL": site.address, **environment}
    argv = [str(COMMAND), "qc", *args, "--user", user]
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    assert site.password_of(user) not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def waits(site: Site, api: httpx.Client, run: str) -> str:
    """Wait until the gate of a run asks; the run's id."""
    wait_for(lambda: api.get(f"{run}/taskInstances/check").json()["state"] in ("awaiting_input", "deferred"), 120)
    return run.rpartition("/")[2]


def records(site: Site) -> list[dict[str, Any]]:
    files: Sequence[Path] = sorted((site.results / "guarded/_platerunner/gates/check").glob("*.json"))
    return [entry for path in files for entry in json.loads(path.read_text())["decisions"]]


def test_seen_refused_to_others_rejected_marked_and_approved(site: Site, api: httpx.Client) -> None:
    run = trigger(api, "guarded")
    run_id = waits(site, api, run)

    [mine] = json.loads(qc(site, "ada", "list", "--json"))
    assert (mine["pipeline"], mine["gate"], mine["run"]) == ("guarded", "check", run_id)
    assert mine["question"] == "Are these the right images?"
    assert qc(site, "ben", "list") == "Nothing waits for you.\n"
    assert "guarded  check" in qc(site, "eve", "list", "--all")

    shown = qc(site, "ada", "show", "guarded")
    assert "may decide: ada, carl" in shown
    assert "gates/check/montage.png" in shown
    assert "🟢 images: " in shown
    assert "🔴 wells: " in shown

    assert "you are no approver of check; it waits for ada, carl" in qc(site, "ben", "approve", "guarded", code=1)
    assert "a rejection needs --comment" in qc(site, "ada", "reject", "guarded", code=2)
    assert "no such gate waits" in qc(site, "ada", "approve", "guarded", "chekc", code=1)
    assert records(site) == [], "none of that was an answer"

    assert "rejected: check of guarded" in qc(site, "ada", "reject", "guarded", "check", "-m", "out of focus")
    wait_for(lambda: api.get(run).json()["state"] == "failed", 120)
    assert "no such gate waits" in qc(site, "ada", "approve", "guarded", code=1)

    api.post("dags/guarded/clearTaskInstances", json={"dry_run": False, "dag_run_id": run_id, "only_failed": True})
    waits(site, api, run)
    api.patch(f"{run}/taskInstances/check", json={"new_state": "success"}).raise_for_status()
    wait_for(lambda: api.get(run).json()["state"] == "success", 120)
    assert [(entry["decision"], entry["user"]) for entry in records(site)] == [
        ("rejected", "ada"), ("marked success", site.user),
    ]  # fmt: skip

    second = trigger(api, "guarded")
    waits(site, api, second)  # a mark is no approval that stands
    assert "approved: check" in qc(site, "ada", "approve", "guarded", "--comment", "sharp")
    wait_for(lambda: api.get(second).json()["state"] == "success", 120)
    third = trigger(api, "guarded")
    wait_for(lambda: api.get(third).json()["state"] == "success", 120)
    assert [entry["decision"] for entry in records(site)] == ["rejected", "marked success", "approved"]


def test_a_forged_answer_and_a_second_one_open_nothing(site: Site, api: httpx.Client) -> None:
    """Past the command, straight at Airflow's API: by an approver's name in the form, and by who may not."""
    with (site.data / "Demo1" / "B02_s1_DNA.tif").open("ab") as image:
        image.write(b"changed")  # so that the gate closes again
    run = trigger(api, "guarded")
    waits(site, api, run)
    question = f"{run}/taskInstances/check/-1/hitlDetails"
    forged = {"chosen_options": ["Approve"], "params_input": {"comment": "x", "responded_by": "ada"}}
    for user, refusal in (("ben", 403), ("eve", 403)):
        with httpx.Client(base_url=site.address) as client:
            body = {"username": user, "password": site.password_of(user)}
            token = client.post("/auth/token", json=body).json()["access_token"]
            head = {"Authorization": f"Bearer {token}"}
            assert client.patch(f"/api/v2/{question}", json=forged, headers=head).status_code == refusal
    assert api.patch(question, json=forged).status_code == 403, "not even an admin who is no approver"
    assert api.get(f"{run}/taskInstances/check").json()["state"] in ("awaiting_input", "deferred")
    qc(site, "ada", "reject", "guarded", "-m", "not these")
    wait_for(lambda: api.get(run).json()["state"] == "failed", 120)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({PASSWORD: "wrong"}, "does not know you: check the user name and the password"),
        ({"PLATERUNNER_AIRFLOW_TOKEN": "eyJ.wrong.token"}, "the token is wrong or has run out; get a new one"),
        ({"PLATERUNNER_AIRFLOW_URL": "http://127.0.0.1:9"}, "Airflow at http://127.0.0.1:9 does not answer"),
        ({"PLATERUNNER_AIRFLOW_URL": "nonsense"}, "Airflow at nonsense does not answer"),
    ],
)
def test_what_cannot_work_says_so_in_one_sentence(site: Site, environment: dict[str, str], sentence: str) -> None:
    said = qc(site, "ada", "list", code=1, **environment)
    assert sentence in said
    assert said.count("\n") == 1
    assert "eyJ.wrong.token" not in said
