"""The same work under another name is not done again, and nothing else passes for it."""

import os
import shutil

import pytest
from tests.provider.engine.planning.lab import Lab, states

from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.reasons import TEXTS, Why
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_unit.contract.storage import Storage

WELLS = ("plate=P1/well=A01", "plate=P1/well=A02")
NOTHING = {"illum_calc": [], "illum_apply": [], "measure": [], "report": []}


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.shoot()
    lab.run()
    return lab


def put_back(path):
    """Another file of the same bytes, as `git checkout` or a copy from a tape makes it."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))


def test_a_file_put_back_byte_for_byte_is_the_same_file(lab):
    put_back(lab.images / "P1" / "A01_s1_DNA.tif")
    assert states(lab.plan_all()["illum_apply"])[WELLS[0]] == ("done", TEXTS[Why.SAME_FILES])
    assert states(lab.plan_all()["illum_apply"])[WELLS[1]] == ("done", "")
    assert lab.run() == NOTHING
    assert states(lab.plan_all()["illum_apply"])[WELLS[0]] == ("done", ""), "the run has noted it"


def test_a_file_of_as_many_other_bytes_is_another(lab):
    path = lab.images / "P1" / "A01_s1_DNA.tif"
    path.write_bytes(path.read_bytes()[::-1])
    assert lab.run()["illum_apply"]


def test_a_file_is_read_only_if_nothing_else_changed(lab, monkeypatch):
    put_back(lab.images / "P1" / "A01_s1_DNA.tif")
    lab.params["nuclei"] = "ER"
    lab.digest = "sha256:1"
    monkeypatch.setattr("platerunner.engine.planning.earlier.content_of", lambda *_: pytest.fail("read"))
    assert {unit.state for plan in lab.plan_all().values() for unit in plan.units} == {UnitState.PENDING}


@pytest.mark.parametrize("folder", ["work", "images"])
def test_a_folder_that_moved_is_not_new_work(lab, folder):
    old = lab.folder / folder
    shutil.copytree(old, lab.folder / "moved")
    shutil.rmtree(old)
    (lab.folder / "moved").rename(old)
    assert {unit.state for plan in lab.plan_all().values() for unit in plan.units} == {UnitState.DONE}
    assert lab.run() == NOTHING


def test_an_outcome_that_notes_no_content_is_not_trusted(lab, monkeypatch):
    lab.steady = {"illum_calc"}
    monkeypatch.setattr("tests.provider.engine.planning.lab.contents_of", lambda *_: {})
    lab.asked = {"rerun": ["illum_calc", "illum_apply", "measure", "report"]}
    lab.run()
    lab.asked = {}
    lab.digest = "sha256:1"
    lab.run()
    put_back(lab.images / "P1" / "A01_s1_DNA.tif")
    assert lab.run()["illum_apply"] == [WELLS[0]]


def rename(lab):
    lab.spec = lab.spec.replace("illum_apply:", "correct:").replace("illum_apply.", "correct.")


def test_a_renamed_step_keeps_what_it_did_and_says_so(lab):
    rename(lab)
    said = "done by `illum_apply`, as this step was called before"
    assert states(lab.plan_all()["correct"]) == dict.fromkeys(WELLS, ("done", said))
    assert lab.run() == {"illum_calc": [], "correct": [], "measure": [], "report": []}
    assert states(lab.plan_all()["correct"]) == dict.fromkeys(WELLS, ("done", ""))


def test_a_renamed_step_that_changed_runs(lab):
    rename(lab)
    lab.digest = "sha256:1"
    assert lab.run()["correct"] == [*WELLS]


def test_a_renamed_step_whose_output_is_gone_runs(lab):
    rename(lab)
    (lab.folder / "work/lab/corrected/P1/A01/P1_A01_s1_CorrDNA.tiff").unlink()
    assert lab.run()["correct"] == [WELLS[0]]


@pytest.mark.parametrize("change", [rename, lambda lab: put_back(lab.images / "P1" / "A01_s1_DNA.tif")])
def test_what_was_asked_again_runs_all_the_same(lab, change):
    change(lab)
    plans = lab.plan_all()
    for step, plan in plans.items():
        for unit in plan.units:
            OutcomeStore(lab.workspace).forget(step, [unit])
    ran = lab.run()
    assert ran["illum_calc"] == ["plate=P1"]
    assert all(ran.values())


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("change", [rename, lambda lab: put_back(lab.images / "P1" / "A01_s1_DNA.tif")])
def test_what_is_asked_again_runs_though_a_run_was_killed_as_it_took_outcomes_over(lab, change, monkeypatch):
    change(lab)

    def killed(*_):
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(Storage, "delete", killed)
        with pytest.raises(KilledError):
            lab.run()
    for again in range(2):  # the file is written once more in between, so that what was left could pass for it
        plan = lab.plan_all()
        step = "correct" if "correct" in plan else "illum_apply"
        OutcomeStore(lab.workspace).forget(step, plan[step].of(UnitState.DONE))
        lab.fails = {(step, WELLS[0])}
        assert WELLS[0] in lab.run()[step], again
        put_back(lab.images / "P1" / "A01_s1_DNA.tif")
        assert dict(states(lab.plan_all()[step]))[WELLS[0]][0] == "pending"
