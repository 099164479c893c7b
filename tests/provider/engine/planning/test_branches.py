"""Plates that flow on their own: which there are, what each plans, and what gathers them again."""

from dataclasses import replace

import pytest
from tests.provider.engine.planning.lab import SPEC, Lab

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.errors import NothingListed, PlanningError
from platerunner.engine.planning.find_branches import find_branches
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.prepare import plan_one
from platerunner.engine.planning.settings import data_root
from platerunner.engine.records.branches import current_in, load_branches, save_branches
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.spec.steps import Step
from platerunner_unit.contract.storage import Storage

WHOLE = """
  whole:
    module: command
    image: base:latest
    inputs: {tables: measure.image}
    with: {argv: [join, "{outputs.all}", "{inputs.tables}"]}
    outputs: {all: "all.csv"}
"""
SPLIT = SPEC.replace("params:\n", "split: plate\nparams:\n  plates: {type: array, default: []}\n").replace(
    "where: {", 'where: {plate: "{{ params.plates }}", '
)
ODD = ["0512", "P2", "P10", "Plate 3 & Co", "100%", "ü"]


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path, SPLIT + WHOLE, {"wells": [], "nuclei": "DNA", "plates": []})
    lab.shoot(plates=ODD)
    return lab


def found(lab, **params):
    context = replace(lab.context(), params={**lab.params, **params})
    return find_branches(lab.pipeline, context, Storage(data_root(lab.pipeline, context)))


def names(branches):
    return [branch.value for branch in branches]


def plan(lab, step, plate):
    branch = Branch("plate", plate) if plate else None
    return plan_one(
        lab.pipeline, step, load_catalog(), replace(lab.context(), branch=branch),
        data=Storage(str(lab.images)), workspace=lab.workspace, digests=lambda _: lab.digest,
    )  # fmt: skip


def run(lab, step, plate=None):
    """A step in a branch, or one that gathers; the units that it did."""
    spec, planned = lab.pipeline.steps[step], plan(lab, step, plate)
    assert isinstance(spec, Step)
    good = [task for task in planned.tasks(UnitState.PENDING) if lab._do(step, task)]
    done = [*planned.tasks(UnitState.DONE), *good]
    OutcomeStore(lab.workspace).record_current(
        lab.context().run_id, step, spec.foreach, done, planned.tasks(UnitState.WAITING),
        branch=Branch("plate", plate).key if plate else "",
    )  # fmt: skip
    return [task.unit for task in good]


def test_only_a_plate_that_there_is_not_finds_no_branch(lab):
    lab.asked = {"only": ["plate=P9"]}
    with pytest.raises(PlanningError, match=r"only: `plate=P9` matches no unit; \{plate\} has the values 100%, 0512"):
        found(lab)
    lab.asked = {"only": ["plate=P9", "plate=P*"]}
    assert "P2" in names(found(lab).branches)


def test_there_is_a_branch_for_each_plate_whatever_it_is_called(lab):
    branches = found(lab).branches
    assert names(branches) == ["100%", "0512", "P2", "P10", "Plate 3 & Co", "ü"]
    assert [Branch.of(branch.key) for branch in branches] == list(branches)
    assert not any("/" in branch.key for branch in branches)
    save_branches(lab.workspace, "run0", branches)
    assert load_branches(lab.workspace, "run0") == branches
    assert load_branches(lab.workspace, "another") == ()


def test_a_plate_that_is_asked_for_has_a_branch_even_without_files(lab):
    assert names(found(lab, plates=["P10", "P9"]).branches) == ["P9", "P10"]
    assert names(found(lab, plates=["P9"]).branches) == ["P9"]
    with pytest.raises(NothingListed, match=r"with plate in \[P9\]; \{plate\} has the values 0512, 100%"):
        plan(replace(lab, params={**lab.params, "plates": ["P9"]}), "illum_calc", "P9")


def test_values_are_compared_as_files_have_them(lab):
    lab.spec = lab.spec.replace('"{plate}/{well}', '"{plate:int}/{well}').replace("P2", "")
    for folder in list(lab.images.iterdir()):
        if not folder.name.isdigit():
            folder.rename(lab.folder / f"away-{folder.name}")
    assert names(found(lab, plates=["0512", "7"]).branches) == ["7", "512"]
    with pytest.raises(PlanningError, match=r"`where`: \{plate\}"):
        found(lab, plates=["seven"])


def test_a_plate_of_which_every_file_is_excluded_has_no_branch(lab):
    lab.spec = lab.spec.replace("  where:", "  exclude: [{plate: P2, because: dropped}]\n  where:")
    assert "P2" not in names(found(lab).branches)
    assert found(lab).excluded == {"P2": "dropped"}
    assert found(lab, plates=["P2"]).branches == ()


def test_a_root_without_files_says_so(lab):
    lab.spec = lab.spec.replace('"{plate}/{well}_', '"{plate}/nowhere/{well}_')
    with pytest.raises(NothingListed, match=r"nothing under .* matches"):
        found(lab)


def test_a_branch_plans_its_own_units_and_the_branches_together_plan_all(lab):
    together = lab.plan_all()["illum_apply"]
    apart = []
    for plate in ODD:
        run(lab, "illum_calc", plate)
        apart += plan(lab, "illum_apply", plate).units
        assert {unit.task.values["plate"] for unit in plan(lab, "illum_apply", plate).units} == {plate}
    assert {unit.task.unit for unit in apart} == {unit.task.unit for unit in together.units}


def test_a_branch_waits_for_no_other_and_takes_nothing_of_another(lab):
    assert run(lab, "illum_calc", "P2") == ["plate=P2"]
    assert run(lab, "illum_apply", "P2") == ["plate=P2/well=A01", "plate=P2/well=A02"]
    run(lab, "illum_calc", "P10")
    inputs = [file for task in plan(lab, "illum_apply", "P10").units for file in task.task.inputs["illum"]]
    assert {file.values["plate"] for file in inputs} == {"P10"}


def test_what_gathers_takes_the_branches_of_this_run_and_leaves_out_those_that_did_not_come_so_far(lab):
    save_branches(lab.workspace, lab.context().run_id, [Branch("plate", plate) for plate in ("P2", "P10", "0512")])
    lab.fails = {("measure", "plate=P10/well=A02")}
    for plate in ("P2", "P10"):
        for step in ("illum_calc", "illum_apply", "measure"):
            run(lab, step, plate)
    run(lab, "illum_calc", "0512")  # and then it failed
    [task] = plan(lab, "whole", None).tasks(UnitState.PENDING)
    assert [file.key for file in task.inputs["tables"]] == [
        "measurements/P10/A01/Image.csv", "measurements/P2/A01/Image.csv", "measurements/P2/A02/Image.csv",
    ]  # fmt: skip

    measure = lab.pipeline.steps["measure"]
    current = current_in(lab.workspace, lab.pipeline, measure, lab.context())
    assert sorted(current.units) == ["plate=P10/well=A01", "plate=P2/well=A01", "plate=P2/well=A02"]
    lab.runs += 1
    assert current_in(lab.workspace, lab.pipeline, measure, lab.context()) is None, "nothing ran in this run"


def test_a_branch_counts_every_nth_for_itself_and_the_whole_plan_says_the_same(lab):
    lab.spec = lab.spec.replace(
        "    inputs: {images: dataset.raw, illum", "    every: {well: 2}\n    inputs: {images: dataset.raw, illum"
    )
    (lab.images / "P2/A01_s1_DNA.tif").rename(lab.images / "P2/A09_s1_DNA.tif")
    for channel in ("DNA", "ER"):
        for site in (1, 2):
            (lab.images / f"P2/A01_s{site}_{channel}.tif").unlink(missing_ok=True)
    together = {unit.task.unit for unit in lab.plan_all()["illum_apply"].units}
    run(lab, "illum_calc", "P2")
    assert {unit.task.unit for unit in plan(lab, "illum_apply", "P2").units} == {"plate=P2/well=A02"}
    assert {unit for unit in together if unit.startswith("plate=P2/")} == {"plate=P2/well=A02"}


def test_a_branch_gives_no_hints_about_units_of_others(lab):
    lab.asked = {"only": ["illum_calc:plate=P10"]}
    branch = plan(lab, "illum_calc", "P2")
    assert branch.notes == ()
    assert [str(unit.reason) for unit in branch.units] == ["left for a later run by `only`"]
    assert [str(unit.state) for unit in plan(lab, "illum_calc", "P10").units] == ["pending"]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["illum_apply", "measure"])
def test_a_branch_looks_at_its_own_keys_whatever_others_there_are(tmp_path, monkeypatch, step):
    seen = []
    listing = Storage.list

    def counted(storage, *args, **options):
        for found in listing(storage, *args, **options):
            seen.append(found.key)
            yield found

    monkeypatch.setattr(Storage, "list", counted)
    looked_at = {}
    for plates in (2, 5, 12):
        lab = Lab(tmp_path / str(plates), SPLIT + WHOLE, {"wells": [], "nuclei": "DNA", "plates": []})
        lab.shoot(plates=[f"P{number:02}" for number in range(plates)])
        for plate in (f"P{number:02}" for number in range(plates)):
            for each in ("illum_calc", "illum_apply", "measure"):
                run(lab, each, plate)
        seen.clear()
        assert {unit.state for unit in plan(lab, step, "P01").units} == {UnitState.DONE}
        assert [key for key in seen if "P01" not in key] == []
        looked_at[plates] = len(seen)
    assert looked_at[2] == looked_at[5] == looked_at[12] > 0
