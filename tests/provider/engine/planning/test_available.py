"""What a step may use of the steps before it, and of the workspace."""

import pytest

from platerunner.engine.planning.available import from_step, from_workspace_pattern
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.sources import from_plan
from platerunner.engine.records.done import Current
from platerunner.spec.steps import Output, Step
from platerunner_unit.contract.manifest import OpenOutput, OutputFile, UnitTask
from platerunner_unit.contract.storage import Storage

OUTPUT = Output("out", "o/{plate}/{site}.tiff")
STEP = Step("up", "m", ("plate",), {}, {"out": OUTPUT})
KEYS = ["o/P1/1.tiff", "o/P1/2.tiff", "o/P2/1.tiff", "o/notes.txt"]


@pytest.fixture
def workspace(tmp_path):
    storage = Storage(str(tmp_path))
    for key in [*KEYS, "_platerunner/runs/o/P1/1.tiff"]:
        storage.put(key, b"x")
    return storage


def _task(plate, *sites):
    files = tuple(OutputFile(f"o/{plate}/{site}.tiff", {"plate": plate, "site": site}) for site in sites)
    return UnitTask(f"plate={plate}", {"plate": plate}, "f", {}, {"out": files})


def _keys(found):
    return sorted(file.key for file in found.files)


def test_only_files_of_current_units_count(workspace):
    found = from_step(STEP, OUTPUT, workspace, Current.of(("plate",), [_task("P1", "1")]))
    assert _keys(found) == ["o/P1/1.tiff"]
    assert (found.listed, found.notes, found.ref) == (3, (), "up.out")
    assert found.files[0].root == "workspace"


def test_a_step_that_did_not_run_lets_all_pass_and_says_so(workspace):
    found = from_step(STEP, OUTPUT, workspace, None)
    assert _keys(found) == KEYS[:3]
    assert found.notes == ("up has not run in this run: all files of up.out are taken for good.",)


def test_an_output_that_does_not_tell_units_apart(workspace):
    with pytest.raises(PlanningError, match=r"output up.x: `o/x.csv` lacks \{plate\}"):
        from_step(STEP, Output("x", "o/x.csv"), workspace, None)


def test_a_pattern_of_the_workspace_leaves_our_own_files_out(workspace):
    assert _keys(from_workspace_pattern("**/{site}.tiff", workspace)) == KEYS[:3]


def test_before_a_run_files_are_written_promised_or_awaited(workspace):
    tiles = UnitTask("plate=P5", {"plate": "P5"}, "f", {}, {}, {"out": OpenOutput("o/P5/{site}.tiff")})
    plan = StepPlan(
        "up",
        (
            PlannedUnit.of(_task("P1", "1", "2"), UnitState.DONE),
            PlannedUnit.of(_task("P2", "1"), UnitState.PENDING),
            PlannedUnit.of(_task("P3", "1"), UnitState.WAITING),
            PlannedUnit.of(_task("P4", "1"), UnitState.EXCLUDED),
            PlannedUnit.of(tiles, UnitState.PENDING),
        ),
    )
    found = from_plan(STEP, OUTPUT, workspace, plan)
    assert {file.key for file in found.files if file.size is not None} == {"o/P1/1.tiff", "o/P1/2.tiff"}
    assert dict(found.promised) == {"o/P2/1.tiff": "up", "o/P5/{site}.tiff": "up"}
    assert dict(found.awaited) == {"o/P3/1.tiff": "up"}
