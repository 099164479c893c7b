"""What waits for a person, and who may answer it, in Airflow's own app."""

import re
from dataclasses import replace
from importlib.metadata import version

import pytest
from airflow.models.hitl import HITLDetail
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from packaging.version import Version
from sqlalchemy import select, update
from tests.plugins.conftest import HIDDEN
from tests.plugins.records import leave
from tests.specs import wells

from platerunner.engine.gates.asked import ASKED_KEY, Asked
from platerunner.engine.gates.decisions import Decision, history, record, remember
from platerunner.engine.gates.questions import Questions
from platerunner.engine.planning.model import UnitState
from platerunner.engine.records.marks import load_marks
from platerunner_pages.gate_listener import GateListener
from platerunner_pages.requests import tokens
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.storage import Storage

CHECK = """
check:
  gate: Sharp?
  needs: [work]
  show: {made: work.made}
  approvers: [ada, ben]
"""
EVIL = '<script>alert("x")</script>'
FILES = [InputFile("made/P1/A01.png", "workspace", 10, "e1")]
PAGE = "/platerunner/dags/lab/runs/run-1/gates/check/-1/"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a4944415478da6360000000020001"
)


def wait(site, dag="lab", **changed):
    """A run whose gate waits; what it asks."""
    site.add(wells(dag, folder=f"/{dag}", steps=CHECK))
    site.start(dag, work="success", check_report="success", check="deferred")
    workspace = Storage(str(site.workspace / dag))
    workspace.put("gates/check/P1/montage.png", PNG)
    workspace.put("gates/check/P1/report.html", b"<h1>report</h1>")
    workspace.put("secret/other.png", PNG)
    remember(workspace, "check", FILES)
    Questions(workspace, "run-1", "check").ask(fingerprint := record_of(workspace))
    asked = Asked(
        dag, "check", "Sharp?", "run-1", "elsewhere", "platerunner", fingerprint, 1, "2026-01-02T03:04:05+00:00",
        approvers=["ada", "ben"], pictures=["gates/check/P1/montage.png", "gates/check/P1/report.html"],
        numbers={"wells": 3, EVIL: 1}, checks=[{"name": "wells", "value": 3, "bounds": "at least 4", "light": "red"}],
    )  # fmt: skip
    with create_session() as session:
        ti = task(session, dag)
        session.add(HITLDetail(ti_id=ti.id, options=["Approve", "Reject"], subject="Wells: Sharp?", assignees=None))
        XComModel.set(
            key=ASKED_KEY, value=replace(asked, **changed).to_xcom(), task_id="check", dag_id=dag, run_id="run-1",
            session=session,
        )  # fmt: skip
    return workspace


def record_of(workspace):
    [key] = [each.key for each in workspace.list("_platerunner/gates/check/")]
    return key.rpartition("/")[2].removesuffix(".json")


def task(session, dag="lab", name="check"):
    found = session.scalar(select(TaskInstance).where(TaskInstance.dag_id == dag, TaskInstance.task_id == name))
    found.operator = "QCApprovalSensor"
    return found


def answered(dag="lab"):
    with create_session() as session:
        detail = session.scalar(select(HITLDetail).where(HITLDetail.ti_id == task(session, dag).id))
        return detail.chosen_options, detail.params_input, (detail.responded_by or {}).get("name")


NOTHING = (None, {}, None)


def answer(client, choice="approve", comment="", token=None, path=PAGE, fingerprint=None, **headers):
    shown = client.get(path).text
    said = re.search(r'data-token="([^"]*)" data-fingerprint="([^"]*)"', shown)
    token = token if token is not None else said[1] if said else ""
    body = {"choice": choice, "comment": comment, "fingerprint": fingerprint or (said[2] if said else "")}
    return client.post(f"{path}answer", json=body, headers={"X-Platerunner-Token": token, **headers})


def test_it_shows_what_waits_for_whom(site):
    wait(site)
    mine, others = site.client("user", "ada").get("/platerunner/qc/").text, site.client("user", "eve")
    assert mine.index("Waits for you") < mine.index("Wells: Sharp?")
    assert "Waits for others" not in mine
    assert "Nothing waits for you." in others.get("/platerunner/qc/").text
    assert "Waits for others" in others.get("/platerunner/qc/").text


def test_it_shows_pictures_numbers_lights_and_history_as_text(site):
    workspace = wait(site)
    record(workspace, "check", FILES, Decision("rejected", "ben", "ben", "2026-01-01T00:00:00+00:00", "run-0", EVIL))
    client = site.client("user", "ada")
    text = client.get(PAGE).text
    assert EVIL not in text
    assert text.count("&lt;script&gt;") == 2, "a number's name, and a comment"
    assert "at least 4" in text
    assert 'class="dot light-red"></span>red' in text
    files = re.findall(r'href="(/platerunner/files/[^"]+)"', text)
    assert [client.get(each).headers["content-type"].partition(";")[0] for each in files] == ["text/html", "image/png"]
    assert "sandbox" in client.get(files[0]).headers["content-security-policy"]


def test_what_was_approved_last_and_still_stands_is_beside_it(site):
    workspace = wait(site)
    client = site.client("user", "ada")
    assert "pproved last" not in client.get(PAGE).text
    for number, (plate, *answers) in enumerate(
        [("P7", "approved"), ("P8", "approved", "rejected"), ("P6", "approved")]
    ):
        workspace.put(f"gates/check/{plate}/montage.png", PNG)
        files = [InputFile(f"made/{plate}/A01.png", "workspace", 10, "e")]
        for hour, word in enumerate(answers):
            at = f"2026-01-0{3 - number}T0{hour}:00:00+00:00"
            record(
                workspace, "check", files, Decision(word, "b", "ben", at, "r", "", {"wells": 7000.0}), f"plate={plate}"
            )
    text = client.get(PAGE).text
    assert "Beside what was approved last: P7, by ben on 2026-01-03 00:00 UTC" in text
    assert "<td>7,000</td>" in text
    assert re.findall(r'alt="Picture that was approved: ([^"]+)"', text) == ["P7/montage.png"]
    picture = re.search(r'src="(/platerunner/files/[^"]+)" alt="Picture that was approved', text)[1]
    assert client.get(picture).status_code == 200


def test_approving_is_airflows_own_answer_by_this_user(site):
    wait(site)
    done = answer(site.client("user", "ada"), comment=" sharp ")
    assert done.status_code == 200, done.text
    assert answered() == (["Approve"], {"comment": "sharp"}, "ada")
    with create_session() as session:
        logged = session.scalar(select(Log).where(Log.event == "platerunner_answer"))
        assert (logged.owner, logged.dag_id) == ("ada", "lab")
        # The gate goes on by itself, to check the answer; before 3.3 its trigger looks for it.
        goes_on = "scheduled" if Version(version("apache-airflow")) >= Version("3.3") else "deferred"
        assert task(session).state == goes_on
    again = answer(site.client("user", "ben"), token=tokens.sign("action", "ben", "lab"), fingerprint="x" * 32)
    assert again.status_code == 409


def test_a_rejection_needs_a_comment(site):
    wait(site)
    assert answer(site.client("user", "ada"), "reject", "  ").status_code == 422
    assert answered() == NOTHING
    assert answer(site.client("user", "ada"), "reject", "blurred").status_code == 200
    assert answered() == (["Reject"], {"comment": "blurred"}, "ada")


def mark(client, **changed):
    token = re.search(r'data-token="([^"]*)"', client.get(PAGE).text)
    body = {"plate": "P1", "wells": ["a1"], "because": "out of focus", **changed}
    return client.post(f"{PAGE}marks", json=body, headers={"X-Platerunner-Token": token[1] if token else ""})


def test_single_wells_are_marked_as_bad_and_taken_back(site):
    workspace = wait(site)
    leave(site.workspace / "lab", {"plate=P1/well=A01": UnitState.DONE, "plate=P2/well=A01": UnitState.DONE})
    client = site.client("user", "ada")
    done = mark(client)
    assert done.status_code == 200, done.text
    (bad,) = load_marks(workspace, "check")
    assert (bad.where, bad.because, bad.by) == ({"plate": "P1", "well": "A01"}, "out of focus", "ada")
    assert [well["well"] for well in done.json()["wells"]] == ["P1 A01"]
    assert "<td>P1 A01</td><td>out of focus</td><td>ada</td>" in client.get(PAGE).text
    for wrong in ({"wells": ["B02"]}, {"plate": "P9"}, {"plate": ""}, {"wells": ["../x"]}, {"because": " "}):
        assert mark(client, **wrong).status_code == 422, wrong
    assert mark(site.client("user", "eve")).status_code == 403
    assert load_marks(workspace, "check") == [bad]
    assert mark(client, because="looked again", take_back=True).json()["wells"] == load_marks(workspace, "check") == []


def test_it_says_who_may_answer_until_when_and_what_happens_then(site):
    wait(site)
    text = " ".join(site.client("user", "ada").get(PAGE).text.split())
    assert "May answer: ada, ben. It waits until somebody answers. Approved, the run ends" in text


def test_who_is_no_approver_and_who_may_only_look_gets_no_button_and_no_way_around_it(site):
    wait(site)
    for role, name in (("admin", "mallory"), ("user", "eve"), ("viewer", "ada")):
        client = site.client(role, name)
        assert "data-token" not in client.get(PAGE).text
        forged = tokens.sign("action", name, "lab")
        assert answer(client, token=forged, fingerprint=fingerprint_of(site)).status_code == 403
    assert answer(site.client(None), token="x").status_code == 401
    assert answered() == NOTHING


def fingerprint_of(site):
    return record_of(Storage(str(site.workspace / "lab")))


def test_forged_replayed_and_foreign_requests_are_refused(site, monkeypatch):
    wait(site)
    client = site.client("user", "ada")
    token = re.search(r'data-token="([^"]*)"', client.get(PAGE).text)[1]
    for wrong in ("", token[:-2] + "aa", tokens.sign("file", "ada", "lab"), tokens.sign("action", "ada", "other")):
        assert answer(client, token=wrong).status_code == 403
    assert answer(site.client("user", "ben"), token=token).status_code == 403, "somebody else's token"
    assert answer(client, token=token, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert answer(client, token=token, Origin="https://evil.test").status_code == 403
    assert answered() == NOTHING


def test_an_answer_to_what_is_no_longer_asked_does_not_count(site):
    wait(site)
    stale = answer(site.client("user", "ada"), fingerprint="0" * 32)
    assert stale.status_code == 409
    assert "look again" in stale.json()["detail"]
    assert answered() == NOTHING


def test_another_users_dag_is_as_if_it_were_not_there(site):
    wait(site, HIDDEN)
    client, path = site.client("user", "ada"), PAGE.replace("/lab/", f"/{HIDDEN}/")
    assert "Sharp?" not in client.get("/platerunner/qc/").text
    assert client.get(path).status_code == 404
    assert answer(client, token=tokens.sign("action", "ada", HIDDEN), path=path).status_code == 404
    assert answered(HIDDEN) == NOTHING
    assert client.get(PAGE.replace("/check/", "/work/")).status_code == 404


@pytest.mark.parametrize("lie", [{"branch": "plate=../../secret"}, {"fingerprint": "../../x"}, {"branch": "/etc"}])
def test_what_the_gate_told_leads_nowhere_else(site, lie):
    wait(site, **lie)
    client = site.client("user", "ada")
    assert client.get(PAGE).status_code == 200
    with create_session() as session:
        GateListener().on_task_instance_success(task_instance=task(session))  # nothing recorded, nothing raised


def test_a_branch_goes_by_what_people_call_it(site):
    wait(site, branch="plate=Plate 3 %26 Co")
    client = site.client("user", "ada")
    assert "<td>Plate 3 &amp; Co</td>" in client.get("/platerunner/qc/").text
    assert ", Plate 3 &amp; Co, run" in client.get(PAGE).text


def test_files_outside_the_gates_own_folder_are_not_shown(site):
    wait(site, pictures=["secret/other.png", "gates/check/../../secret/other.png", "_platerunner/x.json"])
    assert "This gate shows no pictures" in site.client("user", "ada").get(PAGE).text


def test_marked_success_is_recorded_with_who_did_it_and_stands_for_nothing(site):
    workspace = wait(site)
    done = site.client("user", "carl").patch(
        "/api/v2/dags/lab/dagRuns/run-1/taskInstances/check", json={"new_state": "success"}
    )
    assert done.status_code == 200, done.text
    [made] = history(workspace)
    assert (made.decision.decision, made.decision.user, made.gate) == ("marked success", "carl", "check")
    assert Questions(workspace, "run-1", "check").open() is None
    assert "This gate does not wait" in site.client("user", "ada").get(PAGE).text


def test_a_gate_that_passed_long_ago_leaves_no_mark(site):
    workspace = wait(site)
    Questions(workspace, "run-1", "check").settle()
    with create_session() as session:
        session.execute(update(TaskInstance).values(state="success"))
        GateListener().on_task_instance_success(task_instance=task(session))
    assert history(workspace) == []
