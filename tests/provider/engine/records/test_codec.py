"""Every kind of record: one of a newer version is refused, one that is damaged is named with what to do."""

import threading

import pytest
from tests.embedded import TIMEOUT_S

from platerunner.engine.gates.decisions import decisions, history
from platerunner.engine.gates.questions import Questions
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.records.branches import load_branches
from platerunner.engine.records.codec import Kind, RecordError, decode, encode, read_at_once
from platerunner.engine.records.marks import load_marks
from platerunner.engine.records.needs import load_needs
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.plans import recorded_plan
from platerunner.engine.records.results import load_result, read_blocked
from platerunner.engine.records.shells import load_shell
from platerunner.engine.records.step_state import StateFile
from platerunner.engine.steps.turns import Owner, Turns
from platerunner.engine.steps.waiting import waits_since
from platerunner_unit.contract import keys
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import Kept, outcome_key

KEPT = Kept("f", "succeeded", "run", 1)


def _owners(workspace):
    return Turns(workspace, StateFile(workspace, "run", "work"), lambda: None, Owner("", "", "work", "run")).owners()


RECORDS = {
    keys.state_key("run", "work"): lambda w: StateFile(w, "run", "work").load(),
    keys.plan_key("run", "work"): lambda w: recorded_plan(w, "run", "work"),
    keys.done_key("run", "work"): lambda w: OutcomeStore(w).current("run", "work"),
    keys.result_key("run", "work"): lambda w: load_result(w, "run", "work"),
    keys.blocked_key("run", "work"): lambda w: read_blocked(w, "run", "work"),
    keys.branches_key("run"): lambda w: load_branches(w, "run"),
    keys.waiting_key("run"): lambda w: waits_since(StateFile(w, "run", "work"), w, "run"),
    keys.needs_key("work"): lambda w: load_needs(w, "work"),
    keys.last_run_key("work"): _owners,
    keys.question_key("run", "gate"): lambda w: Questions(w, "run", "gate").open(),
    keys.decisions_key("gate", "f"): lambda w: decisions(w, "gate", "f"),
    keys.shell_key("run", "work", "all", "at"): lambda w: load_shell(w, keys.shell_key("run", "work", "all", "at")),
    keys.marks_key("gate"): lambda w: load_marks(w, "gate"),
    keys.decisions_key("other", "f"): lambda w: history(w),
    outcome_key("work", "all", KEPT): lambda w: OutcomeStore(w).get("work", "all", KEPT),
}


@pytest.mark.parametrize("key", RECORDS)
def test_what_a_newer_version_wrote_is_refused_with_what_to_upgrade(tmp_path, key):
    workspace = Storage(str(tmp_path))
    workspace.put(key, b'{"format": 99}')
    with pytest.raises(PlanningError, match=r"\.json is an? .* of format 99, .*: upgrade airflow-provider-platerunner"):
        RECORDS[key](workspace)


@pytest.mark.parametrize("key", RECORDS)
def test_what_is_cut_off_is_named_with_what_to_do(tmp_path, key):
    workspace = Storage(str(tmp_path))
    workspace.put(key, b'{"format": 1, ')
    with pytest.raises(RecordError, match=r"\.json cannot be read \(.*\): [a-z]"):
        RECORDS[key](workspace)


def test_the_first_format_of_some_kinds_says_no_number():
    plain = Kind("list", numbered=False)
    assert encode(plain, ["a"]) == b'["a"]'
    assert decode(plain, b'["a"]', "here") == (1, ["a"])
    assert encode(Kind("map"), {"a": 1}) == b'{"format":1,"a":1}'
    assert decode(Kind("map"), b'{"a": 1}', "here") == (1, {"a": 1})


def test_places_are_read_at_the_same_time_and_told_in_their_order():
    """Four readers meet at a barrier, which one after the other would never pass."""
    all_four = threading.Barrier(4, timeout=TIMEOUT_S)
    assert read_at_once(lambda place: (all_four.wait() < 4, place), "abcd") == [(True, place) for place in "abcd"]
    assert read_at_once(len, []) == []


def test_a_record_that_is_damaged_is_told():
    def read(place: str) -> str:
        if place == "b":
            raise RecordError(f"{place} is damaged")
        return place

    with pytest.raises(RecordError, match="b is damaged"):
        read_at_once(read, "abc")
