"""What a run left in the workspace about one step, read together: for pages and commands that only look."""

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from platerunner.engine.planning.branch import units_below
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.reasons import Why
from platerunner.engine.records.outcomes import OutcomeIndex, OutcomeStore
from platerunner.engine.records.plans import RecordedUnit, recorded_plan
from platerunner.engine.records.results import load_result, read_blocked
from platerunner.engine.records.step_state import StateFile, StepState, UnitFailure
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage


class Mark(enum.StrEnum):
    """Where a unit stands in a run, as a person sees it."""

    SUCCEEDED = "succeeded"
    DONE = "done"
    SUBMITTED = "submitted"
    PENDING = "pending"
    WAITING = "waiting"
    EXCLUDED = "excluded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class UnitMark:
    """A unit with where it stands.

    :param category: of the verdict, if it failed.
    :param why: a clause or a sentence; empty if there is nothing to say.
    """

    unit: str
    mark: Mark
    category: Category | None = None
    why: str = ""


class RunRecord:
    """A step of a run as its records tell it; nothing is planned, and nothing asked of Batch.

    :param workspace: the pipeline's.
    :param branch: key of the branch whose step it is; empty if there are none.
    """

    def __init__(self, workspace: Storage, run_id: str, step: str, branch: str = "") -> None:
        self.workspace = workspace
        self.run_id = run_id
        self.step = step
        self.branch = branch

    @cached_property
    def state(self) -> StepState:
        """Its submissions, and what their units came to."""
        return StateFile(self.workspace, self.run_id, self.step, self.branch).load()

    @cached_property
    def result(self) -> Mapping[str, Any] | None:
        """The counts that it ended with; None if it never ended."""
        return load_result(self.workspace, self.run_id, self.step, self.branch)

    @cached_property
    def live(self) -> frozenset[str]:
        """Units whose jobs are submitted, and whose verdicts are not collected yet."""
        return frozenset(str(unit) for submission in self.state.live for unit in submission.units)

    @cached_property
    def units(self) -> list[UnitMark]:
        """Every unit, in the plan's order."""
        planned = self._planned()
        below = units_below(self.branch, (each.unit for each in planned))
        index = OutcomeStore(self.workspace).index(self.step, below) if self.live else OutcomeIndex({})
        won, lost = frozenset(self.state.succeeded), self.state.failures
        return [self._marked(each, index, won, lost.get(each.unit)) for each in planned]

    @cached_property
    def blocked(self) -> tuple[str, ...]:
        """What AWS Batch says of its jobs that wait."""
        return read_blocked(self.workspace, self.run_id, self.step, self.branch) if self.live else ()

    def counts(self) -> Counter[str]:
        """Mark, or category of the failed ones, to number of units."""
        return Counter(str(each.category or each.mark) for each in self.units)

    def _planned(self) -> tuple[RecordedUnit, ...]:
        plan = recorded_plan(self.workspace, self.run_id, self.step, self.branch)
        if plan is not None:
            return plan
        # A run of a version that kept no plans: what was submitted, and what is done.
        submitted = [str(unit) for submission in self.state.submissions for unit in submission.units]
        current = OutcomeStore(self.workspace).current(self.run_id, self.step, self.branch)
        done = dict.fromkeys(current.units if current else (), UnitState.DONE)
        states = {**dict.fromkeys(submitted, UnitState.PENDING), **done}
        return tuple(RecordedUnit(unit, state, "") for unit, state in states.items())

    def _marked(
        self, planned: RecordedUnit, index: OutcomeIndex, won: frozenset[str], lost: UnitFailure | None
    ) -> UnitMark:
        if planned.unit in self.live:
            return _on_batch(planned, index)
        if planned.unit in won:
            return UnitMark(planned.unit, Mark.SUCCEEDED)
        if lost is not None and planned.state is UnitState.PENDING:
            return UnitMark(planned.unit, Mark.FAILED, lost.category, lost.sentence)
        earlier = planned.reason.failures
        if earlier and planned.state is UnitState.WAITING:
            return UnitMark(planned.unit, Mark.FAILED, earlier[0], str(planned.reason))
        return UnitMark(planned.unit, Mark(str(planned.state)), None, str(planned.reason))


def _on_batch(planned: RecordedUnit, index: OutcomeIndex) -> UnitMark:
    """What is known of a unit while its job may run: its container stores an outcome before the job ends.

    An outcome from before the step was planned adds nothing: its category is in the plan's reason.
    """
    stored = index.categories(planned.unit, planned.fingerprint)
    if Category.SUCCEEDED in stored:
        return UnitMark(planned.unit, Mark.SUCCEEDED)
    before = planned.reason.failures if planned.reason.why is Why.FAILED_BEFORE else ()
    new = sorted((each for each in stored if each not in before), key=str)
    if new:
        return UnitMark(planned.unit, Mark.FAILED, new[0], "its verdict is being collected")
    return UnitMark(planned.unit, Mark.SUBMITTED)
