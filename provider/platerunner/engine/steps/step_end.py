"""What a step has come to when nothing more is to be submitted: its failures, its counts, its notes."""

import time
from collections import Counter
from collections.abc import Sequence, Set

from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StepState, UnitFailure
from platerunner.engine.steps.digest import NOTES_KEPT, StepResult
from platerunner.engine.steps.step_scope import StepScope
from platerunner_unit.contract.category import Category

MAX_JOBS_SHOWN = 10
MAX_NOTES = 5


def find_failed(scope: StepScope, state: StepState, plan: StepPlan) -> list[UnitFailure]:
    """What is not done and does not wait for others: every unit has a reason, or the step is not over."""
    pending = {unit.unit: unit for unit in plan.of(UnitState.PENDING)}
    failed = [f for f in state.failures.values() if f.unit in pending and f.is_of(pending[f.unit])]
    known = {failure.unit for failure in failed}
    failed += [UnitFailure.unsettled(unit) for name, unit in pending.items() if name not in known]
    return failed + [UnitFailure.left_out(unit) for unit in scope.context.options.left_failed(plan)]


def sum_up(scope: StepScope, state: StepState, plan: StepPlan, failed: Sequence[UnitFailure]) -> StepResult:
    """The step's counts, with a few notes.

    :param plan: in which nothing is left to be submitted.
    :param failed: of :func:`find_failed`.
    """
    counts = plan.counts()
    won = set(state.succeeded) & {unit.unit for unit in plan.of(UnitState.DONE)}
    categories = Counter(str(failure.category) for failure in failed)
    earlier = len(scope.context.options.left_failed(plan))
    if won:
        categories[str(Category.SUCCEEDED)] = len(won)
    return StepResult(
        pipeline=scope.pipeline.name,
        step=scope.step.name,
        branch=scope.branch,
        units=counts[UnitState.DONE] + counts[UnitState.PENDING] + earlier,
        succeeded=len(won),
        done_before=counts[UnitState.DONE] - len(won),
        failed=len(failed),
        waiting=counts[UnitState.WAITING] - earlier,
        excluded=counts[UnitState.EXCLUDED],
        categories=dict(categories),
        retried=dict(state.retried),
        seconds=round(0.0 if state.started is None else time.time() - state.started, 1),
        jobs=tuple(str(s.job_id) for s in state.submissions if s.job_id)[-MAX_JOBS_SHOWN:],
        absent=plan.absent[:NOTES_KEPT],
        notes=(
            *plan.notes[:NOTES_KEPT],
            *_notes(scope, [unit for unit in plan.of(UnitState.DONE) if unit.unit in won]),
        ),
        plates=_plates(plan, won | {failure.unit for failure in failed if failure.job_id}),
        failed_earlier=earlier,
    )


def _notes(scope: StepScope, won: Sequence[PlannedUnit]) -> tuple[str, ...]:
    """What the verdicts on the first, the middle and the last unit say besides: others of a step say the same."""
    store, notes = OutcomeStore(scope.workspace), dict[str, str]()
    for task in (won[i].task for i in sorted({0, len(won) // 2, len(won) - 1}) if won):
        outcome = store.read(scope.step.name, task.unit, task.fingerprint, Category.SUCCEEDED)
        for note in outcome.verdict.notes:
            notes.setdefault(note.partition(":")[0], f"{task.unit or 'the only unit'}: {note}")
    return tuple(notes.values())[:MAX_NOTES]


def _plates(plan: StepPlan, ran: Set[str]) -> int:
    """On how many plates units ran."""
    return len({unit.values["plate"] for unit in plan.units if unit.unit in ran and "plate" in unit.values})
