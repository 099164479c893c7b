"""`explain` and `diff` name each cause that is one, and none that is not, whatever was changed."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.provider.engine.planning.lab import Lab

from platerunner.catalog.loader import load_catalog
from platerunner.engine.inspect.explain import explain
from platerunner.engine.inspect.spec_diff import diff_step
from platerunner.engine.planning.earlier import Contents
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.prepare import IngredientsOf, images, ingredients_of
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_unit.contract.storage import Storage

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}/lab"
params:
  nuclei: {type: string, default: DNA}
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}_s{site:int}_{channel}.tif"}
steps:
  illum_calc:
    module: imaging.illum-calc
    foreach: [plate]
    inputs: {images: dataset.raw}
    outputs: {illum: "illum/{plate}/{plate}_Illum{channel}.npy"}
  illum_apply:
    module: imaging.illum-apply
    foreach: [plate, well]
    inputs: {images: dataset.raw, illum: illum_calc.illum}
    outputs: {corrected: "corrected/{plate}/{well}/{plate}_{well}_s{site}_Corr{channel}.tiff"}
  measure:
    module: imaging.segment-measure
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    with: {nuclei: "{{ params.nuclei }}"}
    outputs: {image: "measurements/{plate}/{well}/Image.csv", nuclei: "measurements/{plate}/{well}/Nuclei.csv"}
"""
A01, A02 = "plate=P1/well=A01", "plate=P1/well=A02"
UNITS = {"illum_calc": ("plate=P1",), "illum_apply": (A01, A02), "measure": (A01, A02)}
RAW, TOUCHED = "P1/A01_s1_DNA.tif", "P1/A02_s1_DNA.tif"
ILLUM = "illum/P1/P1_IllumDNA.npy"


@dataclass
class Change:
    """Something that is done to a workspace, its files or its spec.

    :param act: does it.
    :param causes: step and unit to the clauses that name it.
    """

    act: Callable[[Lab], object]
    causes: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def everywhere(clause: str, *steps: str) -> dict[tuple[str, str], set[str]]:
    return {(step, unit): {clause} for step in steps for unit in UNITS[step]}


def edit(old: str, new: str) -> Callable[[Lab], object]:
    def act(lab: Lab) -> None:
        assert old in lab.spec
        lab.spec = lab.spec.replace(old, new)

    return act


def rewrite(path: str, content: Callable[[bytes], bytes]) -> Callable[[Lab], object]:
    """Write a file under the lab's folder anew, with another stamp."""

    def act(lab: Lab) -> None:
        file = lab.folder / path
        data = content(file.read_bytes())
        file.unlink()
        file.write_bytes(data)
        os.utime(file, (1, 1))

    return act


def move(lab: Lab) -> None:
    """Take the workspace elsewhere and back, as a copy does: all stamps are new."""
    shutil.copytree(lab.folder / "work", lab.folder / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(lab.folder / "work")
    (lab.folder / "copy").rename(lab.folder / "work")


def raw(key: str, clause: str, *steps: tuple[str, str]) -> dict[tuple[str, str], set[str]]:
    return {step: {f"input `images`: {key} {clause}"} for step in steps}


OF_A01 = (("illum_calc", "plate=P1"), ("illum_apply", A01), ("measure", A01))
SIZE = len(RAW)
CHANGES = {
    "param": Change(
        lambda lab: lab.params.update(nuclei="ER"), everywhere('parameter `nuclei` "DNA" → "ER"', "measure")
    ),
    "image": Change(lambda lab: setattr(lab, "digest", "sha256:1"), everywhere("image sha256:0 → sha256:1", *UNITS)),
    "content": Change(
        rewrite(f"images/{RAW}", lambda data: data[::-1]), raw(RAW, f"has other content ({SIZE} bytes still)", *OF_A01)
    ),
    "growth": Change(
        rewrite("images/P1/A01_s2_ER.tif", lambda data: data + b"!"),
        raw("P1/A01_s2_ER.tif", f"changed ({SIZE - 1} → {SIZE} bytes)", *OF_A01),
    ),
    "touched": Change(rewrite(f"images/{TOUCHED}", lambda data: data)),
    "upstream": Change(
        rewrite(f"work/lab/{ILLUM}", lambda data: data[::-1]),
        everywhere(f"input `illum`: {ILLUM} has other content (32 bytes still)", "illum_apply"),
    ),
    "moved": Change(move),
    "comment": Change(edit("steps:\n", "# a remark\nsteps:\n")),
    "resources": Change(edit("steps:\n", "defaults: {resources: {memory: 9 GiB, timeout: 3 h}}\nsteps:\n")),
    "pattern": Change(
        edit("measurements/{plate}/{well}/Image", "tables/{plate}/{well}/Image"),
        {("measure", unit): {f"output tables/P1/{unit[-3:]}/Image.csv would be new"} for unit in (A01, A02)},
    ),
}
ORDER = [*CHANGES]
chosen = st.sets(st.sampled_from(ORDER)).map(lambda names: sorted(names, key=ORDER.index))
often = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def ingredients(lab: Lab, step: str) -> IngredientsOf:
    names = images(lab.pipeline, load_catalog(), lab.context())
    return ingredients_of(
        lab.pipeline, step, load_catalog(), lab.context(), {name: lab.digests.get(name, lab.digest) for name in names}
    )


def explained(lab: Lab) -> dict[tuple[str, str], tuple[UnitState, str, set[str]]]:
    """Step and unit to state, sentence and causes."""
    contents = Contents({"data": Storage(str(lab.images)), "workspace": lab.workspace})
    found = {}
    for step, plan in lab.plan_all().items():
        for unit in plan.units:
            said = explain(OutcomeStore(lab.workspace), step, ingredients(lab, step)(unit.values), unit, contents)
            found[step, unit.unit] = (said.state, said.sentence, set(said.details))
    return found


def a_lab(folder: str) -> Lab:
    """A lab in which everything is done."""
    lab = Lab(Path(folder), SPEC, params={"nuclei": "DNA"})
    lab.shoot()
    lab.run()
    return lab


@pytest.mark.slow
@often
@given(chosen)
def test_explain_names_what_was_changed_and_nothing_else(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = a_lab(folder)
        for name in names:
            CHANGES[name].act(lab)
        illum_runs = bool({"image", "content", "growth"} & set(names))
        for (step, unit), (state, sentence, said) in explained(lab).items():
            causes = set().union(*(CHANGES[name].causes.get((step, unit), set()) for name in names))
            if step == "illum_apply" and illum_runs:
                assert sentence.startswith("pending: after illum_calc"), sentence
                causes = {clause for clause in causes if not clause.startswith("input `illum`")}  # is written anew
                assert said == causes
                continue
            assert said == causes, (step, unit, sentence)
            assert state is (UnitState.PENDING if causes else UnitState.DONE)


@pytest.mark.slow
@often
@given(chosen)
def test_of_outcomes_without_contents_explain_says_only_that_files_were_written_again(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = a_lab(folder)
        for file in (lab.folder / "work/lab/_platerunner/outcomes").rglob("*.json"):
            outcome = json.loads(file.read_text())
            outcome["ingredients"].pop("contents")
            file.write_text(json.dumps(outcome))
        for name in names:
            CHANGES[name].act(lab)
        found = explained(lab)
        said = {clause for _, _, clauses in found.values() for clause in clauses}
        assert not [clause for clause in said if "other content" in clause]
        again = f"input `images`: {TOUCHED} was written again ({SIZE} bytes still)"
        assert (again in found["measure", A02][2]) == ("touched" in names)


@pytest.mark.slow
@often
@given(chosen.filter(lambda names: "moved" not in names))
def test_a_step_that_was_renamed_is_done_or_new(names: list[str]) -> None:
    """Under its new name it has no past of its own: there is nothing to compare, and so no cause to name."""
    with tempfile.TemporaryDirectory() as folder:
        lab = a_lab(folder)
        edit("  measure:\n", "  quantify:\n")(lab)
        for name in names:
            CHANGES[name].act(lab)
        for unit in UNITS["measure"]:
            state, sentence, said = explained(lab)["quantify", unit]
            changed = any(CHANGES[name].causes.get(("measure", unit)) for name in names)
            assert state is (UnitState.PENDING if changed else UnitState.DONE), sentence
            assert said == set()


IN_A_SPEC = {
    "literal": Change(edit('"{{ params.nuclei }}"', "ER"), everywhere('parameter `nuclei` "DNA" → "ER"', "measure")),
    "image": Change(
        edit("    with: {nuclei", "    image: imaging:0.2.0\n    with: {nuclei"),
        everywhere("image sha256:0 → sha256:2", "measure"),
    ),
    "pattern": Change(CHANGES["pattern"].act, everywhere("its outputs' patterns changed", "measure")),
    "upstream": Change(
        edit("    outputs: {illum:", "    with: {smoothing: 0.3}\n    outputs: {illum:"),
        everywhere("parameter `smoothing` is new: 0.3", "illum_calc")
        | everywhere("its inputs come from illum_calc, whose units run before", "illum_apply"),
    ),
    "comment": CHANGES["comment"],
    "resources": CHANGES["resources"],
}
FILES = ("content", "touched", "upstream", "moved")


@pytest.mark.slow
@often
@given(st.sets(st.sampled_from([*IN_A_SPEC])), st.sets(st.sampled_from(FILES)))
def test_diff_names_what_the_spec_changes_and_nothing_that_happened_to_files(edits: set[str], files: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = a_lab(folder)
        lab.digests = {"imaging:0.2.0": "sha256:2"}
        for name in files:
            CHANGES[name].act(lab)
        before, was = lab.plan_all(), {step: ingredients(lab, step) for step in UNITS}
        for name in edits:
            IN_A_SPEC[name].act(lab)
        after, is_now = lab.plan_all(), {step: ingredients(lab, step) for step in UNITS}
        for step, units in UNITS.items():
            found = diff_step(before[step], after[step], was[step], is_now[step])
            causes = set().union(*(IN_A_SPEC[name].causes.get((step, units[0]), set()) for name in edits))
            if step == "illum_apply" and "content" in files:
                causes = set()  # its inputs come from there under both specs
            assert {clause for clause, _ in found.because} == causes
            if not causes:
                assert (found.reruns, found.spared, found.new, found.gone) == ((), (), (), ())
