"""What a step's state remembers of its units' attempts, and what follows for the next ones."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from platerunner.batch.model import LAST_N, StepState
from platerunner.batch.reasons import CLEARED
from platerunner.engine.planning.model import PlannedUnit
from platerunner.engine.steps.retry import Ask, History, counts, next_ask
from platerunner.spec.settings import Retry as RetryPolicy
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.hints import hint_of

LEFT_OUT_HINT = "Start a run without `only`, or name the unit in `accept_failed` of the run's params."
UNSETTLED_HINT = "Files or settings changed again and again while the step ran: wait until they rest."
SENTENCE_CHARS = 300
"""Characters of a sentence or a line that the state and the digest keep; the outcome keeps it whole."""


@dataclass(frozen=True, slots=True)
class UnitFailure:
    """The latest failed attempt of a unit, as far as a digest needs it.

    :param job_id: of the child; None if it never had one.
    :param hint: what to do about it; of older versions' records, what its category says.
    :param fingerprint: of what was attempted; empty in older versions' records.
    :param settled: whether it is known that the unit fails as it is now.
    """

    unit: str
    category: Category
    sentence: str
    line: str = ""
    job_id: str | None = None
    hint: str = ""
    fingerprint: str = ""
    settled: bool = True

    @property
    def cleared(self) -> bool:
        """Whether we ended its job ourselves because nobody waited for it, which says nothing about the unit."""
        return self.category is Category.STOPPED_BY_USER and self.line == CLEARED

    def is_of(self, unit: PlannedUnit) -> bool:
        """Whether this unit was attempted as it is planned now."""
        return self.fingerprint in ("", unit.fingerprint)

    @classmethod
    def of(cls, task: UnitTask, verdict: Verdict, job_id: str | None) -> "UnitFailure":
        """From a verdict on what a task says."""
        sentence, line = verdict.sentence[:SENTENCE_CHARS], verdict.line[:SENTENCE_CHARS]
        category = Category(verdict.category)
        return cls(task.unit, category, sentence, line, job_id, hint_of(verdict), task.fingerprint)

    @classmethod
    def left_out(cls, unit: PlannedUnit) -> "UnitFailure":
        """Of a unit that failed in an earlier run, and that this run leaves out."""
        category = unit.reason.failures[0]
        return cls(unit.unit, category, "It failed in an earlier run, and `only` leaves it out.", hint=LEFT_OUT_HINT)

    @classmethod
    def unsettled(cls, unit: PlannedUnit) -> "UnitFailure":
        """Of a unit that is still to be done when the step has to end."""
        sentence = f"It is still to be done, after as many rounds as a try may take: {unit.reason}."
        return cls(unit.unit, Category.UNKNOWN, sentence, hint=UNSETTLED_HINT, settled=False)


def failures(state: StepState) -> list[UnitFailure]:
    """Units whose latest attempt failed, in natural order of the submissions."""
    stored: Mapping[str, Mapping[str, Any]] = state.extra.get("failures", {})
    return [
        UnitFailure(
            unit,
            Category(raw["category"]),
            raw["sentence"],
            raw["line"],
            raw["job_id"],
            raw.get("hint", ""),
            raw.get("fingerprint", ""),
        )
        for unit, raw in stored.items()
    ]


def record(state: StepState, succeeded: Iterable[str], failed: Iterable[UnitFailure]) -> StepState:
    """The state after attempts have ended.

    :param succeeded: unit ids.
    :param failed: with their verdicts.
    """
    won, lost = list(succeeded), list(failed)
    attempts, losses = Counter(state.attempts), Counter(state.losses)
    attempts.update(won)
    for failure in lost:
        if not failure.cleared:
            (attempts if counts(failure.category) else losses)[failure.unit] += 1
    stored = {unit: raw for unit, raw in state.extra.get("failures", {}).items() if unit not in set(won)}
    seen = {unit: list(words) for unit, words in state.extra.get("seen", {}).items()}
    for failure in lost:
        if failure.unit in stored:
            seen.setdefault(failure.unit, []).append(stored[failure.unit]["category"])
        stored[failure.unit] = {
            "category": str(failure.category),
            "sentence": failure.sentence,
            "line": failure.line,
            "job_id": failure.job_id,
            "hint": failure.hint,
            "fingerprint": failure.fingerprint,
        }
    made = Counter(state.extra.get("made", {}))
    made.update([*won, *(failure.unit for failure in lost)])
    extra = {**state.extra, "failures": stored, "seen": seen, "made": dict(made)}
    extra["succeeded"] = sorted({*state.extra.get("succeeded", []), *won})
    return replace(state, attempts=dict(attempts), losses=dict(losses), extra=extra)


def again(state: StepState, policy: RetryPolicy) -> dict[Ask, list[UnitFailure]]:
    """Units that are worth another attempt and have none going, by what it asks for.

    It follows from the state alone, so that whoever could not submit them at once, since another run had them going or
    the process died, finds them again.

    :param state: with the ended attempts recorded.
    :param policy: the step's.
    """
    latest = {str(unit): submission for submission in state.submissions for unit in submission.units}
    groups: dict[Ask, list[UnitFailure]] = defaultdict(list)
    for failure in failures(state):
        submission = latest.get(failure.unit)
        if submission is None or submission.ended_at is None:
            continue
        if (ask := _next_ask(state, failure, Ask.from_json(submission.resources), policy)) is not None:
            groups[ask].append(failure)
    return dict(groups)


def _next_ask(state: StepState, failure: UnitFailure, ask: Ask, policy: RetryPolicy) -> Ask | None:
    """What a unit's next attempt gets; None if there is none.

    :param ask: what its latest attempt had asked for.
    """
    if failure.cleared:
        return ask
    history = History(
        state.attempts.get(failure.unit, 0),
        state.losses.get(failure.unit, 0),
        state.extra.get("seen", {}).get(failure.unit, ()),
    )
    return next_ask(failure.category, ask, history, policy)


def remember(state: StepState, groups: Mapping[Ask, Sequence[UnitFailure]]) -> StepState:
    """The state that knows what units need, so that whoever submits them next asks for it at once.

    :param groups: from :func:`again`.
    """
    needs = {failure.unit: ask.to_json() for ask, group in groups.items() for failure in group}
    needs = {**state.extra.get("needs", {}), **needs}
    return replace(state, extra={**state.extra, "needs": needs})


def count_retries(state: StepState, groups: Mapping[Ask, Sequence[UnitFailure]]) -> StepState:
    """The state that counts what comes again.

    :param groups: from :func:`again`, about to be submitted.
    """
    retried = Counter(state.extra.get("retried", {}))
    retried.update(str(failure.category) for group in groups.values() for failure in group)
    return replace(state, extra={**state.extra, "retried": dict(retried)})


def renew(state: StepState, units: Iterable[str]) -> StepState:
    """The state in which units have no past: what they failed as is not what they are now.

    :param units: about to be submitted as they are now.
    """
    again = set(units)

    def others[T](found: Mapping[str, T]) -> dict[str, T]:
        return {unit: value for unit, value in found.items() if unit not in again}

    extra = {**state.extra, **{key: others(state.extra[key]) for key in ("failures", "seen") if key in state.extra}}
    return replace(state, attempts=others(state.attempts), losses=others(state.losses), extra=extra)


def fresh(state: StepState) -> StepState:
    """The state of a task that starts again: attempts count from zero.

    Needs and log numbers are kept, that the units to be done again were forgotten already, and when it waited.
    """
    kept = {
        key: state.extra[key] for key in ("needs", "made", "forgotten", "waited_since", LAST_N) if key in state.extra
    }
    return replace(state, attempts={}, losses={}, extra=kept)


def by_need(units: Iterable[str], state: StepState, first: Callable[[str], Ask]) -> dict[Ask, list[str]]:
    """Units by what their next attempt asks for: what they were last found to need, else the step's resources.

    Memory, disk and timeout are never lowered below the step's own, which may have been raised since.

    :param first: for a unit, what the spec says.
    """
    groups: dict[Ask, list[str]] = defaultdict(list)
    needs = state.extra.get("needs", {})
    for unit in units:
        own = first(unit)
        groups[_at_least(own, Ask.from_json(needs[unit])) if unit in needs else own].append(unit)
    return dict(groups)


def beyond(state: StepState, first: Callable[[str], Ask]) -> dict[str, dict[str, Any]]:
    """Unit id to its need, of those that need more than the step gives: what is worth keeping for later runs.

    :param first: for a unit, what the spec says.
    """
    needs = {unit: Ask.from_json(raw) for unit, raw in state.extra.get("needs", {}).items()}
    return {unit: need.to_json() for unit, need in needs.items() if _at_least(first(unit), need) != first(unit)}


def _at_least(first: Ask, need: Ask) -> Ask:
    return replace(
        first,
        memory=max(first.memory, need.memory),
        disk=max(first.disk, need.disk),
        timeout=max(first.timeout, need.timeout),
    )
