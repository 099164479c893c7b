"""What a step recorded in a run: in one place, or in one per branch of a split pipeline."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain
from typing import Any

from platerunner.batch.placement import explain_wait
from platerunner.engine.inspect.run_record import RunRecord, UnitMark
from platerunner.engine.records.branches import load_branches
from platerunner_pages.known.runs import UNMAPPED, SeenRun
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import workspace_of
from platerunner_unit.contract.storage import Storage

READERS = ThreadPoolExecutor(32, "platerunner-records")
"""For all requests together: the records of a hundred plates are hundreds of round trips."""
COUNTS = ("units", "succeeded", "failed", "done_before", "plates")


class StepRecords:
    """The records of a step, read together.

    :param branches: Airflow's map index to what that branch recorded; for a step in no branch, -1 alone.
    """

    def __init__(self, workspace: Storage, step: str, branches: Mapping[int, RunRecord]) -> None:
        self.workspace = workspace
        self.step = step
        self.branches = branches

    @cached_property
    def units(self) -> list[UnitMark]:
        """Every unit, branch by branch in the plan's order."""
        return list(chain.from_iterable(self._of_each(lambda record: record.units)))

    def find(self, unit: str) -> UnitMark | None:
        """A unit of the step; mostly it takes the records of the branch alone that its id begins with.

        :returns: None if the step has no such unit.
        """
        own = [record for record in self.branches.values() if f"{unit}/".startswith(f"{record.branch}/")]
        within = (mark for record in own for mark in record.units if mark.unit == unit)
        found = next(within, None)
        return found or next((mark for mark in self.units if mark.unit == unit), None)

    @property
    def without_units(self) -> list[str]:
        """The branches, like ``plate=P1``, in which it has not planned its units, or never will."""
        return [record.branch for record in self.branches.values() if record.branch and not record.units]

    @property
    def result(self) -> Mapping[str, Any] | None:
        """The step's final counts, and the seconds of the slowest branch; None if it never ended."""
        ended = [result for result in self._of_each(lambda record: record.result) if result is not None]
        if not ended:
            return None
        counts = {name: sum(int(result.get(name, 0)) for result in ended) for name in COUNTS}
        return {**counts, "seconds": max(float(result.get("seconds", 0)) for result in ended)}

    @property
    def blocked(self) -> list[str]:
        """What AWS Batch says about its waiting jobs, and who has to act."""
        said = dict.fromkeys(chain.from_iterable(self._of_each(lambda record: record.blocked)))
        return [explain_wait(reason) for reason in said]

    def _of_each[T](self, read: Callable[[RunRecord], T]) -> list[T]:
        """What the branches' records say, in the branches' order."""
        return list(READERS.map(read, self.branches.values()))

    def having(self, units: Iterable[str]) -> dict[int, RunRecord]:
        """The branches that have any of some units, by map index."""
        wanted = set(units)
        return {
            index: record
            for index, record in self.branches.items()
            if not wanted.isdisjoint(mark.unit for mark in record.units)
        }


def records_of(run: SeenRun, step: SeenStep) -> StepRecords:
    """What a step recorded in a run; nothing where the run has not found its branches yet."""
    workspace = workspace_of(run, step)
    keys = dict(enumerate(branch_keys(workspace, run.run_id))) if step.branched else {UNMAPPED: ""}
    branches = {index: RunRecord(workspace, run.run_id, step.step, key) for index, key in keys.items()}
    return StepRecords(workspace, step.step, branches)


def branch_keys(workspace: Storage, run_id: str) -> list[str]:
    """The branches of a run, like ``plate=P1``, in the order in which Airflow counts them."""
    return [branch.key for branch in load_branches(workspace, run_id)]
