"""What is said of a run above its steps."""

from datetime import UTC, datetime

import pytest
from airflow.utils.session import create_session
from tests.plugins.records import leave, wells_and_sums
from tests.plugins.test_qc_page import FILES, task, wait
from tests.plugins.values.test_values import attempts, started

from platerunner.engine.gates.decisions import Decision, record
from platerunner.engine.ledger.file_systems import write_file_system
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.planning.model import UnitState
from platerunner_unit.contract.category import Category

STORY = "/platerunner/dags/lab/runs/run-1/story.json"
UNITS = dict.fromkeys(("plate=P1/well=A01", "plate=P1/well=A02"), UnitState.PENDING)


def told(site):
    answer = site.client("viewer").get(STORY)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.slow
def test_the_first_failure_is_told_with_its_sentence_and_who_acts(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed")
    leave(
        site.workspace / "lab",
        UNITS,
        succeeded=("plate=P1/well=A01",),
        failed={"plate=P1/well=A02": Category.TOOL_ERROR},
    )
    failure = told(site)["failure"]
    assert (failure["step"], failure["name"], failure["category"]) == ("work", "P1, A02", "tool_error")
    assert failure["sentence"] == "plate=P1/well=A02 met tool_error."
    assert failure["who"].startswith("The scientist acts: ")


@pytest.mark.slow
def test_what_it_cost_so_far_is_told_and_what_is_not_known_is_said(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="running")
    workspace = leave(site.workspace / "lab", UNITS)
    assert told(site)["money"] == []
    started()
    attempts(workspace, [{"unit": "plate=P1/well=A01", "usd": 1.5}, {"unit": "plate=P1/well=A02", "usd": None}])
    assert told(site)["money"] == ["1.50 USD so far, for 2 attempts, without 1 attempt whose price is not known."]
    assert told(site)["failure"] is None
    assert told(site)["live"]


def test_what_the_run_s_own_file_system_cost_is_told_apart(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="running")
    workspace = leave(site.workspace / "lab", UNITS)
    started()
    attempts(workspace, [{"unit": "plate=P1/well=A01", "usd": 1.5}])
    now = datetime.now(UTC).isoformat()
    row = {"file_system": "fs-1", "kind": "fsx", "run": "run-1", "pipeline": "lab", "started": now}
    others = {**row, "file_system": "fs-2", "run": "run-2", "ended": now, "usd": 7.0}
    for each in (row, others):
        write_file_system([workspace_ledger(workspace)], {"ended": None, **each})
    assert told(site)["money"][1:] == ["Its file system is still there, and is paid for until it is deleted."]
    write_file_system([workspace_ledger(workspace)], {**row, "ended": now, "usd": 0.25})
    assert told(site)["money"][1:] == ["0.25 USD on top for its file system."]


def test_a_gate_that_waits_is_told_first_with_the_way_to_it_and_a_rejection_with_its_reason(site):
    workspace = wait(site)
    [gate] = told(site)["gates"]
    assert gate["sentence"].startswith("check waits for an answer since ")
    assert gate["sentence"].endswith(", of ada, ben.")
    assert site.client("viewer").get(f"/platerunner/{gate['link']}").status_code == 200
    record(
        workspace, "check", FILES, Decision("rejected", "ben", "ben", "2026-01-01T00:00:00+00:00", "run-1", "blurred")
    )
    with create_session() as session:
        task(session).state = "failed"
    assert [each["sentence"] for each in told(site)["gates"]] == [
        'check: rejected by ben on 2026-01-01 00:00 UTC: "blurred".'
    ]
