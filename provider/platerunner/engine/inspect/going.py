"""Which units of a step have a job that nobody has collected yet, in whichever run."""

from collections.abc import Iterator
from dataclasses import dataclass

from platerunner.engine.inspect.run_record import RunRecord
from platerunner.engine.records.plans import recorded_plan
from platerunner.engine.steps.turns import owners_of
from platerunner_unit.contract.storage import Storage


@dataclass(frozen=True, slots=True)
class GoingUnit:
    """A unit whose job was submitted, and not collected yet.

    :param job_id: of its child, if it is in an array.
    :param fingerprint: under which it runs; empty if the run kept no plan.
    """

    run_id: str
    step: str
    unit: str
    job_id: str
    fingerprint: str


def going_units(workspace: Storage, step: str, branch: str = "") -> Iterator[GoingUnit]:
    """The units of a step that are on Batch as far as the workspace knows, those of the newest run first.

    :param branch: key of the branch whose step it is; empty if there are none.
    """
    for run_id in dict.fromkeys(owner.run_id for owner in owners_of(workspace, step, branch)):
        live = RunRecord(workspace, run_id, step, branch).state.live
        plan = recorded_plan(workspace, run_id, step, branch) if live else None
        known = {each.unit: each.fingerprint for each in plan or ()}
        for submission in live:
            for at, unit in enumerate(map(str, submission.units)):
                yield GoingUnit(run_id, step, unit, submission.child_id(at), known.get(unit, ""))
