from hypothesis import given
from hypothesis import strategies as st

from platerunner.engine.planning.model import UnitState
from platerunner.engine.records.plans import RecordedUnit, from_json, recorded_plan, to_json
from platerunner_unit.contract.storage import Storage

UNITS = st.lists(st.builds(RecordedUnit, st.text(), st.sampled_from(UnitState), st.text(), st.text()))


@given(UNITS)
def test_a_plan_comes_back_as_it_was_kept(units):
    assert from_json(to_json(units)) == tuple(units)


def test_ten_thousand_units_with_one_reason_write_it_once():
    units = [RecordedUnit(f"well={n}", UnitState.WAITING, "f", "waits for illum_calc.illum") for n in range(10_000)]
    assert to_json(units).count(b"illum_calc") == 1


def test_a_step_that_has_not_come_that_far_has_no_plan(tmp_path):
    assert recorded_plan(Storage(str(tmp_path)), "run-1", "work") is None
