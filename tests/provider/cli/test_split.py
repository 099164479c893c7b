"""Plates that flow on their own on the command line: one table for all of them, and gates asked plate by plate."""

import json

import pytest
from tests.provider.cli.test_look import look
from tests.specs import wells

from platerunner.cli.gates.questions import GateKeeper
from platerunner.cli.inspect.states import asking, overall
from platerunner.cli.run.summary import StepSummary, summarise
from platerunner.engine.planning.branch import Branch
from platerunner.engine.records.branches import save_branches
from platerunner.spec.loader import load_text
from platerunner_unit.contract.keys import last_run_key, run_prefix
from platerunner_unit.contract.storage import Storage

SPEC = wells(head="split: plate", steps="check: {gate: Good?, show: {made: work.made}}")
RUN = "run-1"
PLATES = ("0512", "P2")


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """After a run in which one well of P2 failed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.yaml").write_text(SPEC)
    (tmp_path / "data").mkdir()
    storage = Storage(str(tmp_path / "workspace"))
    branches = [Branch("plate", plate) for plate in PLATES]
    save_branches(storage, RUN, branches)
    for branch, failed in zip(branches, (0, 1), strict=True):
        result = {"units": 2, "succeeded": 2 - failed, "failed": failed, "categories": {"succeeded": 2 - failed}}
        storage.put(f"{run_prefix(RUN, 'work', branch.key)}result.json", json.dumps(result).encode())
        storage.put(last_run_key("work", branch.key), json.dumps({"run_id": RUN}).encode())
        storage.put(f"gates/check/{branch.value}/montage.png", b"pixels")
    decision = {"decision": "approved", "user_id": "1", "user": "ada", "at": "2026-01-01", "run_id": RUN}
    for plate, word in (("0512", "approved"), ("P2", "rejected")):
        made = {
            "decisions": [
                {
                    **decision,
                    "decision": word,
                }
            ],
            "gate": "check",
            "branch": f"plate={plate}",
            "fingerprint": plate,
            "files": [],
        }
        storage.put(f"_platerunner/gates/check/{plate}.json", json.dumps(made).encode())
    return storage


def pipeline(tmp_path):
    return load_text(SPEC, tmp_path / "lab.yaml")


def test_a_run_is_summed_up_over_its_plates(workspace, tmp_path):
    work = summarise(pipeline(tmp_path), workspace, RUN, "failed", 1.0).steps["work"]
    assert (work.units, work.succeeded, work.failed, work.categories) == (4, 3, 1, {"succeeded": 3})


def test_status_names_the_plates_that_are_not_done(workspace):
    work, _, check = look("status").splitlines()
    assert work == "work  run-1  1 of 2 done; plate=P2: failed  4  3  1  3 succeeded"
    assert "1 approved, 1 rejected" in check
    assert "plate=0512: approved by ada on 2026-01-01; plate=P2: rejected by ada on 2026-01-01" in check


def test_status_of_plates_that_never_ran(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.yaml").write_text(SPEC)
    (tmp_path / "data").mkdir()
    assert look("status").splitlines()[0].startswith("work  -  never ran")


def test_graph_frames_what_each_plate_has_for_itself(workspace, capsys):
    from platerunner.spec.mermaid import flowchart

    lines = flowchart(pipeline(workspace.local.parent)).splitlines()
    start, end = lines.index('  subgraph each_plate["each plate"]'), lines.index("  end")
    assert [line.strip().partition("[")[0].partition("{")[0] for line in lines[start + 1 : end]] == [
        "step_work", "step_check_report", "step_check",
    ]  # fmt: skip


def test_a_gate_shows_the_pictures_of_its_own_plate(workspace, tmp_path, capsys):
    keeper = GateKeeper(pipeline(tmp_path), ["check"], workspace, RUN)
    answer = keeper.answer("check", 1)
    assert answer is not None
    assert answer.choice == "Approve"
    said = capsys.readouterr().out.replace("\n", "")
    assert "Gate check of plate=P2: Good?" in said
    assert "gates/check/P2/montage.png" in said
    assert "0512" not in said
    assert keeper.branch(-1) is None


def test_the_states_of_a_step_in_all_branches_are_one_word(tmp_path):
    states = {
        "work": {"0": "success", "1": "failed", "2": "running"},
        "check": {"0": "awaiting_input", "1": "upstream_failed", "2": "deferred"},
        "whole": {"-1": "queued"},
    }
    assert overall(states) == {"work": "running", "check": "awaiting_input", "whole": "queued"}
    assert overall({"work": {"0": "success", "1": "failed"}}) == {"work": "failed"}
    assert asking(pipeline(tmp_path), states) == {("check", 0), ("check", 2)}


def test_a_step_is_summed_up_without_counts_of_nothing(workspace, tmp_path, capsys):
    summarise(pipeline(tmp_path), workspace, RUN, "failed", 1.0).show({"work": "upstream_failed"})
    assert capsys.readouterr().out.splitlines()[:2] == [
        "lab: failed in 1 s",
        "work: not reached, 4 units, 3 succeeded, 1 failed",
    ]
    assert StepSummary(1, failed=1, categories={"tool_error": 1}).words() == "1 unit, 1 failed (1 tool_error)"
