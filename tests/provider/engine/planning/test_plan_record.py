import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.reasons import NOTHING, Reason, Why
from platerunner.engine.records.codec import RecordError
from platerunner.engine.records.plans import RecordedUnit, record_plan, recorded_plan
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.storage import Storage

KEY = "_platerunner/runs/run-1/work/plan.json"
ABOUT = {Why.OUTPUT_GONE, Why.STEP_RENAMED, Why.WAITS, Why.AFTER, Why.EXCLUDED, Why.ELSEWHERE}
FAILED = {Why.FAILED_BEFORE, Why.FAILED_UNDER_OTHERS}
PLAIN = set(Why) - ABOUT - FAILED - {Why.ARCHIVED, Why.OTHER}
FAILURES = st.builds(
    Reason.of_failures, st.sampled_from(sorted(FAILED)), st.lists(st.sampled_from(Category), min_size=1)
)
DETAIL = st.text(min_size=1, alphabet=st.characters(exclude_categories=("Cs",)))
REASONS = (
    st.builds(Reason, st.sampled_from(sorted(PLAIN)))
    | st.builds(Reason, st.sampled_from(sorted(ABOUT)), DETAIL)
    | FAILURES
    | FAILURES.map(Reason.left_out)
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return Storage(str(tmp_path_factory.mktemp("workspace")))


def plan(reasons):
    tasks = [UnitTask(f"well={n}", {"well": str(n)}, f"f{n}", {}, {}) for n in range(len(reasons))]
    units = (PlannedUnit.of(task, UnitState.WAITING, each) for task, each in zip(tasks, reasons, strict=True))
    return StepPlan("work", tuple(units))


@given(reasons=st.lists(REASONS | st.builds(Reason, st.sampled_from([Why.ARCHIVED, Why.OTHER]), DETAIL)))
def test_a_plan_comes_back_as_it_was_kept(workspace, reasons):
    kept = plan(reasons)
    record_plan(workspace, "run-1", kept)
    assert recorded_plan(workspace, "run-1", "work") == tuple(
        RecordedUnit(each.unit, each.state, each.fingerprint, each.reason) for each in kept.units
    )


@given(reason=REASONS)
def test_what_older_versions_kept_as_text_is_read_as_what_it_meant(workspace, reason):
    text = f"excluded: {reason}" if reason.why is Why.EXCLUDED else str(reason)  # what it was then
    old = {"format": 1, "reasons": [text], "units": [["well=1", "waiting", "f", 0]]}
    workspace.put(KEY, json.dumps(old).encode())
    assert recorded_plan(workspace, "run-1", "work") == (RecordedUnit("well=1", UnitState.WAITING, "f", reason),)


def test_a_clause_that_only_an_older_version_knew_is_shown_as_it_was(workspace):
    workspace.put(KEY, json.dumps({"format": 1, "reasons": ["a clause"], "units": [["u", "pending", "f", 0]]}).encode())
    [unit] = recorded_plan(workspace, "run-1", "work")
    assert (unit.reason.why, str(unit.reason)) == (Why.OTHER, "a clause")


def test_a_plan_of_a_newer_version_is_refused_with_what_to_upgrade(workspace):
    workspace.put(KEY, json.dumps({"format": 3, "reasons": [], "units": []}).encode())
    with pytest.raises(RecordError, match=r"plan\.json is a plan of a step of format 3, .* up to 2: upgrade airflow-"):
        recorded_plan(workspace, "run-1", "work")


def test_ten_thousand_units_with_one_reason_write_it_once(workspace):
    record_plan(workspace, "run-1", plan([Reason(Why.WAITS, "illum_calc.illum")] * 10_000))
    assert workspace.get(KEY).count(b"illum_calc") == 1


def test_a_unit_that_is_done_has_nothing_to_say():
    assert str(NOTHING) == ""


def test_a_step_that_has_not_come_that_far_has_no_plan(workspace):
    assert recorded_plan(workspace, "run-2", "work") is None
