"""What a person asks of one run: only some units, some again, with other resources."""

from dataclasses import replace

import pytest
from tests.provider.engine.planning.lab import states

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.context import RunOptions
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.settings import Variants

FIRST, SECOND = "plate=P1/well=A01", "plate=P1/well=A02"


def plan(lab, **raw):
    lab.asked = raw
    return lab.plan_all()


def test_only_leaves_the_other_wells_for_later_and_runs_what_the_well_needs(lab):
    plans = plan(lab, only=["well=A01"])
    assert states(plans["illum_calc"]) == {"plate=P1": ("pending", "new")}
    assert states(plans["measure"]) == {
        FIRST: ("pending", "after illum_apply"),
        SECOND: ("waiting", "left for a later run by `only`"),
    }


def test_a_plate_is_not_reported_with_less_because_some_of_its_wells_are_left_for_later(lab):
    lab.asked = {"only": ["well=A01"]}
    assert lab.run() == {"illum_calc": ["plate=P1"], "illum_apply": [FIRST], "measure": [FIRST], "report": []}
    assert states(lab.plan_one("report")) == {"plate=P1": ("waiting", "waits for measure")}
    lab.asked = {}
    assert lab.run() == {"illum_calc": [], "illum_apply": [SECOND], "measure": [SECOND], "report": ["plate=P1"]}


def test_only_leaves_what_is_done_done(lab):
    lab.run()
    assert states(plan(lab, only=["well=A01"])["measure"])[SECOND] == ("done", "")


def test_only_of_one_step_leaves_the_other_steps_alone(lab):
    plans = plan(lab, only=["illum_calc"])
    assert states(plans["illum_calc"]) == {"plate=P1": ("pending", "new")}
    assert {state for state, _ in states(plans["measure"]).values()} == {"waiting"}


def test_rerun_makes_done_units_pending_and_what_follows_them(lab):
    lab.run()
    plans = plan(lab, rerun=["illum_apply:well=A02"])
    assert states(plans["illum_apply"]) == {FIRST: ("done", ""), SECOND: ("pending", "rerun asked")}
    assert states(plans["measure"]) == {FIRST: ("done", ""), SECOND: ("pending", "after illum_apply")}


def test_a_pattern_without_a_unit_is_told(lab):
    asked = ["measure:well=Z99", "plate=P9", "illum_apply:well=A02"]
    plans = plan(lab, rerun=asked)
    assert plans["measure"].notes[-2:] == (
        "`measure:well=Z99` matches no unit of measure",
        "`plate=P9` matches no unit of measure",
    )
    assert plans["illum_apply"].notes == ("`plate=P9` matches no unit of illum_apply",)


@pytest.mark.parametrize("name", ["only", "rerun"])
@pytest.mark.parametrize("asked", [["measure:well=Z99"], ["plate=P9", "well=Z*"]])
def test_nothing_that_is_asked_for_is_refused(lab, name, asked):
    with pytest.raises(PlanningError) as raised:
        plan(lab, **{name: asked})
    texts = ", ".join(f"`{text}`" for text in asked)
    assert str(raised.value).startswith(f"{name}: {texts} matches no unit; there are units such as plate=P1")


def test_a_run_of_a_step_for_units_that_are_not_there_fails(lab):
    lab.asked = {"only": ["illum_calc:plate=P9"]}
    with pytest.raises(PlanningError, match=r"only: `illum_calc:plate=P9` matches no unit; .* plate=P1"):
        lab.plan_one("illum_calc")


@pytest.mark.parametrize("name", ["only", "rerun"])
def test_the_first_step_of_a_run_fails_for_units_that_no_step_has(lab, name):
    lab.asked = {name: ["plate=P9", "well=Z*"]}
    with pytest.raises(PlanningError, match=rf"{name}: `plate=P9`, `well=Z\*` matches no unit; .* plate=P1"):
        lab.plan_one("illum_calc")
    lab.asked = {name: ["well=A01"]}
    assert [unit.unit for unit in lab.plan_one("illum_calc").units] == ["plate=P1"]


def test_resources_replace_the_specs_for_one_step_and_leave_done_units_done(lab):
    lab.run()
    options = RunOptions.of({"resources": {"measure": {"memory": "32 GiB", "capacity": "on_demand"}}}, lab.pipeline)
    context = replace(lab.context(), options=options)
    measure = Variants(lab.pipeline.steps["measure"], load_catalog(), context, lab.folder).own.resources
    assert (measure.memory >> 30, measure.capacity) == (32, "on_demand")
    report = Variants(lab.pipeline.steps["report"], load_catalog(), context, lab.folder).own.resources
    assert report == lab.pipeline.steps["report"].resources
    assert {state for state, _ in states(plan(lab, resources=options.resources)["measure"]).values()} == {"done"}


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"rerun": ["mesure"]}, "rerun: `mesure`: no step that runs units is called `mesure`. Did you mean `measure`?"),
        ({"resources": {"mesure": {}}}, "no step that runs units is called `mesure`. Did you mean `measure`?"),
        ({"resources": {"measure": {"memory": "32"}}}, "resources: measure: `32` has no unit."),
        ({"resources": {"measure": {"memory": 32}}}, "32 is not of type 'string'. Write them as in the spec"),
        ({"resources": {"measure": {"memry": "1 GiB"}}}, "'memry' was unexpected"),
        ({"resources": {"measure": "32 GiB"}}, "is not of type 'object'"),
    ],
)
def test_what_the_pipeline_does_not_have_is_refused(lab, raw, sentence):
    with pytest.raises(PlanningError) as raised:
        RunOptions.of(raw, lab.pipeline)
    assert sentence in str(raised.value)


def test_options_come_back_from_their_params(lab):
    raw = {"only": ["plate=P1"], "rerun": ["measure"], "resources": {"measure": {"vcpus": 2}}, "dry_run": True}
    assert RunOptions.of(raw, lab.pipeline).to_params() == raw
    assert RunOptions().to_params() == {}
