"""Planning through its two doors, with real folders, the real catalog and the real loader."""

import pytest
from tests.provider.engine.planning.lab import SPEC, states

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.errors import NothingListed, PlanningError
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.prepare import images
from platerunner.engine.planning.settings import Variants
from platerunner_unit.contract import manifest
from platerunner_unit.contract.manifest import StepTask

WELLS = ["plate=P1/well=A01", "plate=P1/well=A02"]
EVERYTHING = {"illum_calc": ["plate=P1"], "illum_apply": WELLS, "measure": WELLS, "report": ["plate=P1"]}
NOTHING = {"illum_calc": [], "illum_apply": [], "measure": [], "report": []}


def test_the_first_run_does_everything_and_the_second_nothing(lab):
    assert lab.run() == EVERYTHING
    assert lab.run() == NOTHING
    assert set(states(lab.plan_all()["measure"]).values()) == {("done", "")}


def test_a_new_well_runs_alone(lab):
    lab.run()
    lab.shoot(wells=["A03"])
    new = ["plate=P1/well=A03"]
    # The illumination function is made of all wells, and comes out different here, so that every well depends on it.
    assert lab.run()["illum_calc"] == ["plate=P1"]
    assert lab.run() == NOTHING
    lab.shoot(plates=["P2"], wells=["A03"])
    assert lab.run()["illum_apply"] == ["plate=P2/well=A03"]
    assert new[0] in states(lab.plan_all()["illum_apply"])


@pytest.mark.parametrize(("steady", "wells"), [({"illum_calc"}, WELLS[:1]), (set(), WELLS)])
def test_touching_an_image_reruns_its_well_only_if_the_function_stays(lab, steady, wells):
    lab.steady = steady
    lab.run()
    image = lab.images / "P1" / "A01_s1_DNA.tif"
    image.write_text(image.read_text().swapcase())  # as many bytes
    ran = lab.run()
    assert ran["illum_calc"] == ["plate=P1"]
    assert ran["illum_apply"] == ran["measure"] == wells


def test_a_changed_parameter_reruns_the_step_that_has_it(lab):
    lab.run()
    lab.params = {**lab.params, "nuclei": "ER"}
    plan = lab.plan_all()
    assert set(states(plan["measure"]).values()) == {("pending", "inputs or settings changed")}
    assert set(states(plan["illum_apply"]).values()) == {("done", "")}
    assert set(states(plan["report"]).values()) == {("pending", "after measure")}


def test_another_image_digest_reruns_everything(lab):
    lab.run()
    lab.digest = "sha256:1"
    assert lab.run()["illum_apply"] == WELLS


def test_resources_rerun_nothing(lab):
    lab.run()
    lab.spec = SPEC.replace("foreach: [plate]", "foreach: [plate]\n    resources: {memory: 64 GiB, vcpus: 4}")
    assert lab.run() == NOTHING


def test_a_failed_unit_runs_again_and_what_follows_waits(lab):
    lab.fails = {("illum_apply", WELLS[0])}
    ran = lab.run()
    assert ran["illum_apply"] == WELLS
    assert ran["measure"] == WELLS[1:]
    assert states(lab.plan_one("illum_apply"))[WELLS[0]] == ("pending", "failed before: tool_error")
    assert states(lab.plan_one("illum_apply"))[WELLS[1]] == ("done", "")
    lab.fails = set()
    assert lab.run() == {
        "illum_calc": [],
        "illum_apply": WELLS[:1],
        "measure": WELLS[:1],
        "report": ["plate=P1"],
    }


def test_the_old_output_of_a_unit_that_failed_this_time_is_no_input(lab):
    lab.run()
    (lab.images / "P1" / "A01_s1_DNA.tif").write_text("another picture")
    lab.fails = {("illum_apply", WELLS[0])}
    assert lab.run()["measure"] == WELLS[1:]  # its illumination function is another one now
    plan = lab.plan_one("measure")
    assert list(states(plan)) == WELLS[1:]


def test_the_old_file_of_an_excluded_site_is_no_input(lab):
    lab.run()
    exclusion = "  exclude: [{well: A01, site: 2, because: out of focus}]\n"
    lab.spec = SPEC.replace("steps:\n", f"{exclusion}steps:\n", 1)
    assert WELLS[0] in lab.run()["illum_apply"]
    assert lab.workspace.exists("corrected/P1/A01/P1_A01_s2_CorrDNA.tiff")
    task = next(unit.task for unit in lab.plan_one("measure").units if unit.task.unit == WELLS[0])
    assert [file.key for file in task.inputs["images"]] == [
        "corrected/P1/A01/P1_A01_s1_CorrDNA.tiff",
        "corrected/P1/A01/P1_A01_s1_CorrER.tiff",
    ]


def test_an_excluded_well_is_reported_with_the_reason(lab):
    lab.run()
    lab.spec = SPEC.replace("steps:\n", "  exclude: [{well: A01, because: contaminated}]\nsteps:\n", 1)
    plan = lab.plan_one("illum_apply")
    assert states(plan)[WELLS[0]] == ("excluded", "contaminated")
    assert lab.run()["report"] == ["plate=P1"]
    assert list(states(lab.plan_one("measure"))) == WELLS[1:]


def test_a_missing_image_is_named_and_fails_its_well_only(lab):
    (lab.images / "P1" / "A02_s1_ER.tif").unlink()
    ran = lab.run()
    assert (ran["illum_apply"], ran["measure"]) == (WELLS, WELLS[:1])
    plan = lab.plan_one("illum_apply")
    assert plan.notes[0].endswith("not there: P1/A02_s1_ER.tif")
    assert states(plan)[WELLS[1]] == ("pending", "failed before: input_missing")
    assert [f.key for f in plan.units[1].task.inputs["images"] if f.size is None] == ["P1/A02_s1_ER.tif"]
    assert all(f.size is not None for f in plan.units[0].task.inputs["images"])


def test_after_a_missing_image_has_come_only_what_depends_on_it_runs(lab):
    lab.steady = {"illum_calc"}
    image = lab.images / "P1" / "A02_s1_ER.tif"
    image.unlink()
    lab.run()
    image.write_text("late")
    assert lab.run() == {
        "illum_calc": ["plate=P1"],
        "illum_apply": WELLS[1:],
        "measure": WELLS[1:],
        "report": ["plate=P1"],
    }
    assert lab.run() == NOTHING


def test_a_removed_output_is_made_again(lab):
    lab.run()
    lab.workspace.delete("measurements/P1/A02/Nuclei.csv")
    plan = lab.plan_all()["measure"]
    assert states(plan)[WELLS[1]] == ("pending", "output measurements/P1/A02/Nuclei.csv is gone")
    assert states(plan)[WELLS[0]] == ("done", "")


def test_a_plan_before_the_first_run_shows_all_units(lab):
    plans = lab.plan_all()
    assert states(plans["illum_calc"]) == {"plate=P1": ("pending", "new")}
    assert states(plans["illum_apply"]) == dict.fromkeys(WELLS, ("pending", "after illum_calc"))
    assert states(plans["measure"]) == dict.fromkeys(WELLS, ("pending", "after illum_apply"))
    assert states(plans["report"]) == {"plate=P1": ("pending", "after measure")}
    assert plans["measure"].counts() == {"done": 0, "pending": 2, "waiting": 0, "excluded": 0}


def test_where_restricts_the_units(lab):
    lab.params = {**lab.params, "wells": ["A02"]}
    assert lab.run()["illum_apply"] == WELLS[1:]


@pytest.mark.parametrize("wells", [["Z99"], "Z99"])
def test_asking_for_a_well_that_is_not_there_says_which_are(lab, wells):
    lab.params = {**lab.params, "wells": wells}
    with pytest.raises(
        NothingListed, match=r"8 files match.*none with well in \[Z99\]; \{well\} has the values A01, A02"
    ):
        lab.plan_one("illum_apply")


def test_nothing_that_matches_names_the_pattern_the_root_and_the_nearest_files(lab):
    lab.spec = SPEC.replace("{channel}.tif", "{channel}.tiff")
    with pytest.raises(NothingListed) as caught:
        lab.plan_one("illum_calc")
    message = str(caught.value)
    assert "`{plate}/{well}_s{site:int}_{channel}.tiff`" in message
    assert str(lab.images) in message
    assert message.count("`P1/A0") == 3
    assert "\n" not in message


def test_a_root_that_does_not_exist_says_so(lab):
    lab.images.rename(lab.folder / "elsewhere")
    with pytest.raises(NothingListed, match=r"the data root .*images does not exist"):
        lab.plan_one("illum_calc")


def test_an_empty_root_says_so(lab):
    lab.images.rename(lab.folder / "elsewhere")
    lab.images.mkdir()
    with pytest.raises(NothingListed, match="there is no file at all"):
        lab.plan_one("illum_calc")


def test_the_step_task_carries_all_that_units_share(lab):
    plan, builder = lab.plan_one("illum_apply"), lab.builder("illum_apply")
    task = builder(1)
    assert StepTask.from_json(task.to_json()) == task
    assert (task.pipeline, task.step, task.run_id, task.submission) == ("lab", "illum_apply", "run0", 1)
    assert task.argv == ("platerunner-imaging", "illum-apply", "{unit}")
    assert task.roots == {"data": str(lab.images), "workspace": str(lab.folder / "work" / "lab")}
    assert task.digest == "sha256:0"
    assert task.timeout_s == 3600
    assert task.requested["memory"] == 2 * 1024**3
    manifest.write(lab.workspace, "_platerunner/runs/run0/illum_apply/1", task, plan.tasks(UnitState.PENDING))


def test_a_manifest_line_survives_the_way_through_the_workspace(lab):
    plan, builder = lab.plan_one("illum_calc"), lab.builder("illum_calc")
    tasks = list(plan.tasks(UnitState.PENDING))
    manifest.write(lab.workspace, "_platerunner/runs/r/illum_calc/1", builder(1), tasks)
    assert manifest.read_job(lab.workspace, "_platerunner/runs/r/illum_calc/1", 0) == (builder(1), (tasks[0],))


def test_a_gate_cannot_be_planned(lab):
    with pytest.raises(PlanningError, match="no step nothing that runs units"):
        lab.plan_one("nothing")


def test_correcting_a_wrong_channel_map_reruns_only_what_it_touches(lab):
    lab.params["nuclei"] = "ER"
    lab.spec = SPEC.replace("complete: [site, channel]", "rename: {channel: {DNA: ER, ER: Mito}}")
    brightfield = lab.images / "P2" / "A01_s1_BF.tif"
    brightfield.parent.mkdir()
    brightfield.write_text("x")
    assert lab.run()["illum_calc"] == ["plate=P1", "plate=P2"]
    assert lab.workspace.exists("illum/P1/P1_IllumMito.npy")
    assert lab.run()["illum_calc"] == []
    lab.spec = lab.spec.replace("ER: Mito", "ER: RNA")
    assert lab.run()["illum_calc"] == ["plate=P1"]
    assert lab.workspace.exists("illum/P2/P2_IllumBF.npy")
    # The names alone changed places: keys are the same as before, contents are not.
    lab.spec = lab.spec.replace("DNA: ER, ER: RNA", "DNA: RNA, ER: ER")
    assert lab.run()["illum_calc"] == ["plate=P1"]


MATRIX = SPEC.replace('    with: {nuclei: "{{ params.nuclei }}"}\n', """\
    matrix: {area: [30, 40]}
    with: {nuclei: DNA, min_area: "{matrix.area}"}
""").replace('"measurements/{plate}', '"measurements/{matrix.area}/{plate}').replace(
    """    foreach: [plate]
    inputs: {tables: measure.image}
""", """    foreach: [plate, area]
    inputs: {tables: measure.image}
""").replace('"report/{plate}/', '"report/{plate}/{area}/')  # fmt: skip


def test_a_step_takes_the_files_of_all_members_of_a_matrix_with_their_values(lab):
    lab.spec = MATRIX
    expected = {"measure-area-30": WELLS, "measure-area-40": WELLS, "report": ["plate=P1/area=30", "plate=P1/area=40"]}
    before = {step: list(states(plan)) for step, plan in lab.plan_all().items() if step in expected}
    ran = lab.run()
    assert before == {step: units for step, units in ran.items() if step in expected} == expected
    (first, _) = lab.plan_one("report").units
    assert [file.key for file in first.task.inputs["tables"]] == [
        f"measurements/30/P1/{w}/Image.csv" for w in ("A01", "A02")
    ]
    assert all(units == [] for units in lab.run().values())


def test_another_value_in_a_matrix_runs_alone(lab):
    lab.spec = MATRIX
    lab.run()
    lab.spec = MATRIX.replace("[30, 40]", "[30, 40, 50]")
    ran = {step: units for step, units in lab.run().items() if units}
    assert ran == {"measure-area-50": WELLS, "report": ["plate=P1/area=50"]}


def test_what_failed_in_one_member_keeps_only_that_back(lab):
    lab.spec = MATRIX
    lab.fails = {("measure-area-40", unit) for unit in WELLS}
    assert lab.run()["report"] == ["plate=P1/area=30"]


OVERRIDDEN = SPEC.replace('    with: {nuclei: "{{ params.nuclei }}"}\n', """\
    with: {nuclei: DNA}
    overrides:
      - {where: {plate: P2}, with: {min_area: 50}, image: "imaging:0.0.9", resources: {memory: 32 GiB}}
      - {where: {well: [A02, A07]}, with: {min_area: 60}}
""")  # fmt: skip


def test_another_version_for_one_plate_reruns_that_plate_alone(lab):
    lab.spec = OVERRIDDEN
    lab.shoot(plates=["P2"])
    lab.run()
    lab.spec = OVERRIDDEN.replace("0.0.9", "0.0.8")
    lab.digests = {"imaging:0.0.8": "sha256:8"}
    assert lab.run()["measure"] == ["plate=P2/well=A01", "plate=P2/well=A02"]
    lab.spec = lab.spec.replace("A07", "A01").replace("plate: P2, with: {min_area: 50}", "plate: P2")
    assert lab.run()["measure"] == ["plate=P1/well=A01", "plate=P2/well=A01"]


def test_all_overrides_that_hold_for_a_unit_apply_in_order(lab):
    lab.spec = OVERRIDDEN
    step = lab.pipeline.steps["measure"]
    variants = Variants(step, load_catalog(), lab.context(), lab.folder)
    units = [{"plate": plate, "well": well} for plate in ("P1", "P2") for well in ("A01", "A02")]
    found = [variants.of(values) for values in units]
    assert [(each.params["min_area"], each.image, each.resources.memory >> 30) for each in found] == [
        (30, "imaging:0.1.0", 2),
        (60, "imaging:0.1.0", 2),
        (50, "imaging:0.0.9", 32),
        (60, "imaging:0.0.9", 32),
    ]
    assert variants.of({"plate": "P1", "well": "A01"}) is variants.of({"plate": "P3", "well": "A01"}) is variants.own
    assert images(lab.pipeline, load_catalog(), lab.context()) == ["imaging:0.0.9", "imaging:0.1.0"]


def test_an_override_for_units_that_are_not_there_is_told(lab):
    lab.spec = OVERRIDDEN
    assert lab.plan_all()["measure"].notes == (
        "measure: no unit has plate=P2, so that the override in line 32 of lab.yaml changes nothing.",
    )


def test_an_override_may_hold_for_units_that_a_param_names(lab):
    lab.spec = OVERRIDDEN.replace("{plate: P2}", '{plate: "{{ params.wells }}"}')
    variants = Variants(lab.pipeline.steps["measure"], load_catalog(), lab.context(), lab.folder)
    assert variants.of({"plate": "P2", "well": "A01"}) is variants.own
    lab.params = {**lab.params, "wells": ["P2"]}
    variants = Variants(lab.pipeline.steps["measure"], load_catalog(), lab.context(), lab.folder)
    assert variants.of({"plate": "P2", "well": "A01"}).params["min_area"] == 50


SAMPLED = SPEC.replace("    inputs: {images: illum_apply.corrected}\n", """\
    inputs: {images: illum_apply.corrected}
    every: {site: 3}
""")  # fmt: skip


def test_every_third_site_counts_from_the_first_in_natural_order(lab):
    lab.spec = SAMPLED
    lab.shoot(sites=range(1, 12))
    before = lab.plan_all()["measure"].units[0].task
    lab.run()
    unit = lab.plan_one("measure").units[0].task
    assert {file.values["site"] for file in unit.inputs["images"]} == {"1", "4", "7", "10"}
    assert [file.key for file in before.inputs["images"]] == [file.key for file in unit.inputs["images"]]
    assert lab.run() == NOTHING


def test_a_site_that_is_left_out_chooses_no_others(lab):
    lab.shoot(sites=range(1, 8))
    lab.spec = SPEC.replace("    outputs: {illum", "    every: {site: 2}\n    outputs: {illum").replace(
        "  where: {well", "  exclude: [{site: 2, because: dust}, {site: 5, because: dust}]\n  where: {well"
    )
    (unit,) = lab.plan_one("illum_calc").units
    assert {file.values["site"] for file in unit.task.inputs["images"]} == {1, 3, 7}


def test_a_step_whose_condition_does_not_hold_is_left_out_with_all_that_comes_after(lab):
    condition = "    when: \"{{ params.nuclei != 'none' }}\"\n    image: other:1\n"
    lab.spec = SPEC.replace("  measure:\n", f"  measure:\n{condition}")
    assert states(lab.plan_all()["report"]) == {"plate=P1": ("pending", "after measure")}
    lab.params = {**lab.params, "nuclei": "none"}
    plans = lab.plan_all()
    assert [len(plan.units) for plan in plans.values()] == [1, 2, 0, 0]
    assert plans["measure"].notes == ("measure: left out, since its `when` does not hold.",)
    assert plans["report"].notes == ("report: left out, since the `when` of measure does not hold.",)
    assert images(lab.pipeline, load_catalog(), lab.context()) == ["imaging:0.1.0"]


def test_a_step_with_a_matrix_is_asked_for_by_its_own_name_or_by_a_members(lab):
    lab.spec = MATRIX
    lab.asked = {"only": ["measure:well=A01", "illum_calc", "illum_apply"]}
    ran = lab.run()
    assert ran["measure-area-30"] == ran["measure-area-40"] == WELLS[:1]
    lab.asked = {}
    lab.run()
    lab.asked = {"rerun": ["measure-area-40"]}
    assert {str(unit.reason) for unit in lab.plan_all()["measure-area-40"].units} == {"rerun asked"}
    assert {str(unit.state) for unit in lab.plan_all()["measure-area-30"].units} == {"done"}
    lab.asked = {"rerun": ["measure"]}
    assert {str(unit.reason) for unit in lab.plan_all()["measure-area-30"].units} == {"rerun asked"}
    lab.asked = {"rerun": ["measur"]}
    with pytest.raises(PlanningError, match="no step that runs units is called `measur`"):
        lab.plan_all()
