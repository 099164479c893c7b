"""The branches of a run: which there are, and what their steps recorded."""

from collections.abc import Iterable

from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.context import RunContext
from platerunner.engine.records.codec import Kind, encode, read, read_at_once
from platerunner.engine.records.done import Current
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.keys import branches_key
from platerunner_unit.contract.storage import NotFoundError, Storage

BRANCHES = Kind("a list of branches", remedy="delete it, and clear the task that splits the run")


def save_branches(workspace: Storage, run_id: str, branches: Iterable[Branch]) -> None:
    """Keep which branches a run has, in the order in which Airflow counts them."""
    content = {"branches": [branch.key for branch in branches]}
    workspace.put(branches_key(run_id), encode(BRANCHES, content, indent=1))


def load_branches(workspace: Storage, run_id: str) -> tuple[Branch, ...]:
    """The branches of a run; none if they have not been found yet, or the pipeline has no ``split``."""
    try:
        _, content = read(BRANCHES, workspace, branches_key(run_id))
    except NotFoundError:
        return ()
    return tuple(Branch.of(key) for key in content["branches"])


def current_in(workspace: Storage, pipeline: Pipeline, step: Step, context: RunContext) -> Current | None:
    """What a step recorded in a run, as far as the context's branch is concerned; outside of branches, of all of them.

    :param step: that writes something.
    :param context: of a step or a gate that reads it.
    :returns: None if the step has not run there. A branch in which it has not ended adds nothing, so that the files of
        a plate that failed are not taken for good.
    """
    store, run_id = OutcomeStore(workspace), context.run_id
    if not pipeline.in_branches(step.name):
        return store.current(run_id, step.name)
    if context.branch is not None:
        return store.current(run_id, step.name, context.branch.key)
    branches = load_branches(workspace, run_id)
    found = read_at_once(lambda branch: store.current(run_id, step.name, branch.key), branches)
    return Current.together(step.foreach, (part for part in found if part is not None)) if branches else None
