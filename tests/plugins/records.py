"""Records as a run leaves them in its workspace."""

from collections.abc import Mapping
from pathlib import Path

from tests.specs import wells

from platerunner.batch.model import Submission
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.reasons import Reason, Why
from platerunner.engine.records.plans import record_plan
from platerunner.engine.records.step_state import StateFile, StepState, UnitFailure
from platerunner.engine.steps.attempts import record
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import parse_unit_id

GATHER = """
gather:
  module: command
  image: base:latest
  foreach: [plate]
  inputs: {all: work.made}
  with: {argv: [sh, -c, "cat {inputs.all} > {outputs.sum}"]}
  outputs: {sum: "sums/{plate}.txt"}
"""


def wells_and_sums(name: str) -> str:
    """A spec of two steps, in a workspace that is called like it."""
    return wells(name, folder=f"/{name}", steps=GATHER)


def leave(
    folder: Path,
    units: Mapping[str, UnitState],
    *,
    succeeded: tuple[str, ...] = (),
    failed: Mapping[str, Category] | None = None,
    live: tuple[str, ...] = (),
    run_id: str = "run-1",
    step: str = "work",
    branch: str = "",
) -> Storage:
    """Write a step's plan and state.

    :param folder: the workspace.
    :param failed: unit id to category.
    :param live: units on Batch.
    :param branch: of a pipeline that is split.
    """
    workspace = Storage(str(folder))
    tasks = {unit: UnitTask(unit, dict(parse_unit_id(unit)), f"fp-{unit}", {}, {}) for unit in units}
    planned = tuple(
        PlannedUnit.of(tasks[unit], state, Reason(Why.OTHER, f"why {state}")) for unit, state in units.items()
    )
    record_plan(workspace, run_id, StepPlan(step, planned), branch)
    lost = [UnitFailure(unit, category, f"{unit} met {category}.") for unit, category in (failed or {}).items()]
    state = record(StepState(run_id, step), succeeded, lost)
    if live:
        state = state.with_submission(Submission(1, "job", "array", len(live), live, "q", job_id="j-1"))
    StateFile(workspace, run_id, step, branch).save(state)
    return workspace
