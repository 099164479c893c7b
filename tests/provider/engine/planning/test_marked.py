"""Wells that people mark as bad at a gate are left out of the steps after it, and of nothing else."""

from dataclasses import replace

import pytest
from tests.provider.engine.planning.lab import SPEC, states

from platerunner.engine.records.marks import Mark, add_marks

GATED = (
    SPEC.replace(
        "  measure:\n",
        "  check:\n    gate: Sharp?\n    needs: [illum_apply]\n"
        "  spread:\n    module: imaging.illum-calc\n    foreach: [plate]\n    needs: [check]\n"
        "    inputs: {images: illum_apply.corrected}\n"
        '    outputs: {illum: "spread/{plate}/{plate}_Illum{channel}.npy"}\n'
        "  measure:\n    needs: [check]\n",
    )
    + "  late:\n    module: imaging.plate-report\n    foreach: [plate]\n    inputs: {tables: measure.image}\n"
    '    with: {column: Count_Nuclei}\n    outputs: {table: "late/{plate}_wells.csv", heatmap: "late/{plate}.png"}\n'
)
BAD = Mark({"plate": "P1", "well": "A02"}, "out of focus", "ada", "2026-11-30T12:00:00+00:00")
WHY = "out of focus (marked at the gate check by ada)"
P1, P2 = "plate=P1", "plate=P2"
WELLS = [f"{plate}/well={well}" for plate in (P1, P2) for well in ("A01", "A02")]


@pytest.fixture
def gated(lab):
    lab.spec = GATED
    lab.shoot(plates=["P1", "P2"])
    return lab


def test_a_well_that_is_marked_before_the_steps_after_the_gate_is_in_none_of_them(gated):
    for step in ("illum_calc", "illum_apply"):
        gated.run_step(step)
    add_marks(gated.workspace, "check", [BAD])
    ahead = gated.plan_all()
    assert gated.run_step("measure") == [WELLS[0], *WELLS[2:]]
    assert states(gated.plan_one("measure"))[WELLS[1]] == states(ahead["measure"])[WELLS[1]] == ("excluded", WHY)
    gated.run_step("spread")
    (unit, _) = gated.plan_one("spread").units
    assert {file.values["well"] for file in unit.task.inputs["images"]} == {"A01"}
    for step in ("spread", "measure"):
        assert "Left out, as marked at the gate `check`: P1 A02" in gated.plan_one(step).notes, step
    assert not any("Left out" in note for note in ahead["illum_apply"].notes)


def test_what_is_marked_afterwards_reruns_what_gathered_the_well_and_taking_it_back_reruns_nothing_else(gated):
    gated.run()
    add_marks(gated.workspace, "check", [BAD])
    gathering = {"spread": [P1], "report": [P1], "late": [P1]}
    nothing = {step: [] for step in ("illum_calc", "illum_apply", "measure")}
    assert gated.run() == {**nothing, **gathering}
    assert not any(gated.run().values())
    assert states(gated.plan_one("measure"))[WELLS[0]] == ("done", "")
    add_marks(gated.workspace, "check", [replace(BAD, bad=False)])
    again = gated.run()
    assert again["measure"] == [], "its outputs are still there"
    assert not any(gated.run().values())


def test_a_mark_of_a_well_that_no_step_has_and_a_plate_of_marks_alone(gated):
    gated.run()
    add_marks(gated.workspace, "check", [replace(BAD, where={"plate": "P9", "well": "A02"})])
    assert not any(gated.run().values())
    add_marks(gated.workspace, "check", [replace(BAD, where={"plate": "P1", "well": well}) for well in ("A01", "A02")])
    plan = gated.plan_one("spread")
    assert states(plan) == {P1: ("excluded", WHY), P2: ("done", "")}
