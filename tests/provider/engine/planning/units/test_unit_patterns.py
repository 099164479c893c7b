"""Which units a person means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.provider.engine.planning.lab import SPEC

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.units.unit_patterns import UnitPattern
from platerunner.spec.loader import load_text
from platerunner_unit.contract.unit_keys import unit_id

WELL = {"plate": "P1", "well": "A01"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return load_text(SPEC, tmp_path_factory.mktemp("spec") / "lab.yaml")


@pytest.mark.parametrize(
    ("text", "step", "values", "covered", "allowed"),
    [
        ("measure:plate=P1/well=A01", "measure", WELL, True, True),
        ("measure:plate=P1/*", "measure", WELL, True, True),
        ("measure:plate=P1/*", "illum_apply", WELL, False, False),
        ("measure", "measure", WELL, True, True),
        ("*", "measure", WELL, True, True),
        ("well=A0?", "measure", WELL, True, True),
        ("well=B*", "measure", WELL, False, False),
        ("well=A01", "illum_calc", {"plate": "P1"}, False, True),
        ("plate=P2/well=A01", "illum_calc", {"plate": "P1"}, False, False),
    ],
)
def test_what_a_pattern_covers_and_allows(pipeline, text, step, values, covered, allowed):
    pattern = UnitPattern.parse(text, pipeline)
    assert (pattern.covers(step, values), pattern.allows(step, values)) == (covered, allowed)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mesure:plate=P1", "`mesure:plate=P1`: no step that runs units is called `mesure`. Did you mean `measure`?"),
        ("mesure", "`mesure`: no step that runs units is called `mesure`. Did you mean `measure`?"),
        ("measure:wel=A01", "`measure:wel=A01`: no unit has a `wel`. Did you mean `well`?"),
        ("illum_calc:well=A01", "`illum_calc:well=A01`: no unit has a `well`. Use one of the wildcards: `plate`."),
        ("measure:A01", "`measure:A01`: `A01` is no `wildcard=value`, such as `plate=P1`."),
        ("measure:well=", "`measure:well=`: `well=` is no `wildcard=value`, such as `plate=P1`."),
    ],
)
def test_what_there_is_not_is_refused_with_the_nearest_name(pipeline, text, sentence):
    with pytest.raises(PlanningError) as raised:
        UnitPattern.parse(text, pipeline)
    assert str(raised.value) == sentence


@given(st.text(min_size=1, max_size=8).filter(lambda text: not set(text) & set("*?[]/") and text.strip() == text))
def test_a_unit_id_as_the_log_shows_it_means_that_unit(pipeline, well):
    values = {"plate": "P1", "well": well}
    assert UnitPattern.parse(f"measure:{unit_id(values, ('plate', 'well'))}", pipeline).covers("measure", values)
