"""What a step has come to, and the end of its log: what failed, why, whose turn it is, and what to do.

It is written for a tired reader.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any

from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StepState, UnitFailure
from platerunner.engine.steps.step_scope import StepScope
from platerunner.spec.steps import ALL
from platerunner_unit.contract.category import CATEGORIES, Actor, Category
from platerunner_unit.contract.words import and_more

LINE_CHARS = 110
UNITS_SHOWN = 3
NOTES_KEPT = 10


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did in a run, in counts alone: small enough for an XCom.

    :param units: units that could run: without those that wait or are excluded.
    :param succeeded: units that ran and succeeded.
    :param done_before: units that had nothing to do.
    :param categories: latest verdict's category to number of units, of those that ran.
    :param retried: category to attempts that were made again.
    :param seconds: from the task's first start to its end.
    :param jobs: ids of the submitted jobs, at most ten.
    :param branch: key of the branch whose step it is, like ``plate=P1``; empty if there are none.
    :param plates: of which units ran.
    :param notes: what its plan says to a person, at most :data:`NOTES_KEPT`, and what the verdicts on some of the units
        that succeeded say besides, with the unit's name.
    :param failed_earlier: of the failed, those that did not run: they failed earlier, and ``only`` left them out.
    :param absent: what the dataset is asked for by name and has no file of, at most :data:`NOTES_KEPT`.
    """

    pipeline: str
    step: str
    units: int = 0
    succeeded: int = 0
    done_before: int = 0
    failed: int = 0
    waiting: int = 0
    excluded: int = 0
    categories: Mapping[str, int] = field(default_factory=dict)
    retried: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    jobs: tuple[str, ...] = ()
    branch: str = ""
    plates: int = 0
    notes: tuple[str, ...] = ()
    failed_earlier: int = 0
    absent: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "jobs": list(self.jobs), "notes": list(self.notes), "absent": list(self.absent)}

    @property
    def place(self) -> str:
        """``measure``, or ``measure of plate=P1``."""
        return f"{self.step} of {self.branch}" if self.branch else self.step

    @property
    def sentence(self) -> str:
        """One line: ``measure: 384 of 384 units done, 380 of them before; 2 wait for their inputs``."""
        done = self.succeeded + self.done_before
        parts = [f"{self.place}: {done} of {self.units} units done"]
        if self.done_before and self.succeeded:
            parts[0] += f", {self.done_before} of them before"
        if self.failed:
            earlier = f", {self.failed_earlier} of them earlier and left out now" if self.failed_earlier else ""
            parts.append(f"{self.failed} failed{earlier}")
        if self.waiting:
            parts.append(f"{self.waiting} wait for their inputs and run next time")
        if self.excluded:
            parts.append(f"{self.excluded} excluded")
        return "; ".join(parts)


def allowed(tolerate: float | int, units: int) -> int:
    """How many units of a step may fail.

    :param tolerate: a share below 1 (float), a count (int), or :data:`~platerunner.spec.steps.ALL`.
    :param units: units that could run.
    """
    if tolerate == ALL:
        return units
    return int(tolerate * units) if isinstance(tolerate, float) else tolerate


def is_red(result: StepResult, failed: Sequence[UnitFailure], tolerate: float | int) -> bool:
    """Whether a step fails: too many units failed, nothing at all is done, or units are left that nobody judged.

    :param failed: units that failed for good.
    :param tolerate: as for :func:`allowed`.
    """
    unsettled = any(not failure.settled for failure in failed)
    nothing_done = bool(failed) and not result.succeeded + result.done_before and tolerate != ALL
    return unsettled or nothing_done or len(failed) > allowed(tolerate, result.units)


def digest(result: StepResult, failed: Sequence[UnitFailure], runbook: str) -> list[str]:
    """The lines of the digest, most frequent category first; the last lines say what to do.

    :param failed: units that failed for good.
    :param runbook: where the categories are explained.
    """
    lines = [result.sentence]
    if result.retried:
        lines.append("tried again: " + ", ".join(f"{count} x {word}" for word, count in sorted(result.retried.items())))
    lines += [f"note: {note}" for note in result.notes]
    if not failed:
        return lines
    groups = _by_category(failed)
    lines += ["", f"  {'category':<18}{'units':>6}  {'who acts':<10}  examples"]
    for category, group in groups:
        shown = ", ".join(failure.unit or "(the only unit)" for failure in group[:UNITS_SHOWN])
        examples = shown + and_more(len(group) - UNITS_SHOWN)
        lines.append(f"  {category:<18}{len(group):>6}  {CATEGORIES[category].who.value:<10}  {examples}")
    for category, group in groups:
        lines += ["", *_explain(category, group[0])]
    return [*lines, "", *_advice(groups, runbook)]


def headline(result: StepResult, failed: Sequence[UnitFailure]) -> str:
    """One sentence for the exception that fails the task: counts, the first cause, and the way on."""
    counts = ", ".join(f"{len(group)} {category}" for category, group in _by_category(failed))
    first = failed[0]
    hint = first.hint or CATEGORIES[first.category].hint
    example = f"{first.unit}: {first.sentence}" if first.unit else first.sentence
    return f"{result.failed} of {result.units} units failed ({counts}). {example} {hint}".strip()


def _by_category(failed: Iterable[UnitFailure]) -> list[tuple[Category, list[UnitFailure]]]:
    groups: dict[Category, list[UnitFailure]] = defaultdict(list)
    for failure in failed:
        groups[failure.category].append(failure)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0].value))


def _explain(category: Category, example: UnitFailure) -> list[str]:
    lines = [f"  {category}: {example.unit}: {example.sentence}"]
    if example.line and example.line not in example.sentence:
        lines.append(f"    > {example.line[:LINE_CHARS]}")
    if example.job_id:
        lines.append(f"    job {example.job_id}")
    return lines


def _advice(groups: Sequence[tuple[Category, Sequence[UnitFailure]]], runbook: str) -> list[str]:
    lines = ["What to do:"]
    for category, group in groups:
        info = CATEGORIES[category]
        who = "" if info.who is Actor.NOBODY else f" ({info.who.value})"
        hints = Counter(failure.hint or info.hint for failure in group)
        lines += [f"  {count} x {category}{who}: {hint}" for hint, count in hints.most_common()]
    return [*lines, f"  Then clear this task: only the units that failed run again. {runbook}".rstrip()]


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
