from hypothesis import given
from hypothesis import strategies as st
from tests.specs import wells

from platerunner.engine.planning.rerun import Picked, exactly, params_for
from platerunner.engine.planning.units.unit_patterns import UnitPattern
from platerunner.spec.loader import load_text
from platerunner_unit.contract.unit_keys import unit_id

STEPS = {"work": ("plate", "well"), "gather": ("plate",), "report": ()}
UNITS = ("plate=P1/well=A01", "plate=P1/well=A02")


def picked(*units, done=(), everything=False):
    return Picked("work", units, done, everything=everything)


def test_some_of_the_failed_units_run_alone_and_other_steps_as_before():
    found = params_for({}, STEPS, picked(*UNITS))
    own = ["work:plate=P1/well=A01", "work:plate=P1/well=A02"]
    assert found == {"only": [*own, "gather", "report"], "rerun": []}


def test_all_that_is_left_to_run_needs_no_restriction():
    assert params_for({}, STEPS, picked(*UNITS, everything=True)) == {"only": [], "rerun": []}


def test_a_later_choice_takes_the_place_of_an_earlier_one():
    once = params_for({}, STEPS, picked(UNITS[0]))
    twice = params_for(once, STEPS, picked(UNITS[1]))
    assert twice["only"] == ["work:plate=P1/well=A02", "gather", "report"]
    assert params_for(once, STEPS, picked(*UNITS, everything=True))["only"] == []


def test_units_that_are_done_are_asked_for():
    assert params_for({}, STEPS, picked(*UNITS, done=UNITS[:1]))["rerun"] == ["work:plate=P1/well=A01"]


def test_what_the_run_was_restricted_to_stays_for_other_steps():
    found = params_for({"only": ["plate=P1/well=A*", "work"]}, STEPS, picked(UNITS[0], everything=True))
    assert found["only"] == ["work:plate=P1/well=A01", "gather:plate=P1", "report"]


def test_a_matrix_that_is_named_stands_for_its_other_members():
    steps = {"work-a": ("well",), "work-b": ("well",)}
    found = params_for({"only": ["work:well=A*"]}, steps, Picked("work-a", ("well=A01",), (), everything=False))
    assert found["only"] == ["work-a:well=A01", "work-b:well=A*"]


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_a_pattern_of_one_unit_covers_it_and_no_other(tmp_path_factory, plate, well, other):
    spec = load_text(wells(), tmp_path_factory.getbasetemp() / "lab.yaml")
    unit = unit_id({"plate": plate, "well": well}, ("plate", "well"))
    pattern = UnitPattern.parse(exactly("work", unit), spec)
    assert pattern.covers("work", {"plate": plate, "well": well})
    assert pattern.covers("work", {"plate": plate, "well": other}) == (other == well)
