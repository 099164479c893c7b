"""What a step's state remembers of its units' attempts, and which unit gets another one, with what.

The verdict table decides, applied to one step's run.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from platerunner.batch.model import Ask
from platerunner.engine.records.step_state import StepState, UnitFailure
from platerunner.spec.settings import Retry as RetryPolicy
from platerunner_unit.contract.category import CATEGORIES, Category, Change, Retry

MAX_LOSSES = 20
"""Hosts that a unit may lose in one run: they count as no attempt, but what kills every host must come to an end."""


@dataclass(frozen=True, slots=True)
class History:
    """What a unit went through in this run, the latest attempt included.

    :param attempts: attempts that count.
    :param losses: attempts lost with their host.
    :param seen: categories of earlier attempts, without the latest.
    """

    attempts: int
    losses: int = 0
    seen: Collection[str] = ()


def next_ask(category: Category, ask: Ask, history: History, policy: RetryPolicy) -> Ask | None:
    """What the next attempt gets; None if there is none.

    :param category: the latest attempt's verdict.
    :param ask: what that attempt had asked for.
    :param history: with the latest attempt counted.
    :param policy: the step's.
    """
    retry = CATEGORIES[category].retry
    if retry is Retry.NO:
        return None
    if retry is Retry.FREE:
        return None if history.losses >= MAX_LOSSES else _changed(category, ask, history, policy)
    if history.attempts >= policy.attempts or (retry is Retry.ONCE and category in history.seen):
        return None
    return _changed(category, ask, history, policy)


def backs_off(category: Category) -> bool:
    """Whether the next attempt has to wait a little."""
    return CATEGORIES[category].change is Change.BACK_OFF


def _changed(category: Category, ask: Ask, history: History, policy: RetryPolicy) -> Ask:
    match CATEGORIES[category].change:
        case Change.MEMORY:
            return replace(ask, memory=round(ask.memory * policy.memory))
        case Change.DISK:
            return replace(ask, disk=round(ask.disk * policy.disk))
        case Change.TIMEOUT:
            return replace(ask, timeout=ask.timeout * policy.timeout)
        case Change.CAPACITY if history.losses >= policy.on_demand_after:
            return replace(ask, capacity="on_demand")
        case _:
            return ask


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
            is_free = CATEGORIES[failure.category].retry is Retry.FREE
            (losses if is_free else attempts)[failure.unit] += 1
    failures = {unit: failure for unit, failure in state.failures.items() if unit not in set(won)}
    seen = dict(state.seen)
    for failure in lost:
        if failure.unit in failures:
            seen[failure.unit] = (*seen.get(failure.unit, ()), failures[failure.unit].category)
        failures[failure.unit] = failure
    made = Counter(state.made)
    made.update([*won, *(failure.unit for failure in lost)])
    return replace(
        state,
        attempts=dict(attempts),
        losses=dict(losses),
        made=dict(made),
        failures=failures,
        seen=seen,
        succeeded=tuple(sorted({*state.succeeded, *won})),
    )


def again(state: StepState, policy: RetryPolicy) -> dict[Ask, list[UnitFailure]]:
    """Units that are worth another attempt and have none going, by what it asks for.

    It follows from the state alone: units that could not be submitted at once, because another run had them going or
    the process died, are found again.

    :param state: with the ended attempts recorded.
    :param policy: the step's.
    """
    latest = {str(unit): submission for submission in state.submissions for unit in submission.units}
    groups: dict[Ask, list[UnitFailure]] = defaultdict(list)
    for failure in state.failures.values():
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
        state.seen.get(failure.unit, ()),
    )
    return next_ask(failure.category, ask, history, policy)


def remember(state: StepState, groups: Mapping[Ask, Sequence[UnitFailure]]) -> StepState:
    """The state that knows what units need, so that the next process to submit them asks for it at once.

    :param groups: from :func:`again`.
    """
    needs = {failure.unit: ask for ask, group in groups.items() for failure in group}
    return replace(state, needs={**state.needs, **needs})


def count_retries(state: StepState, groups: Mapping[Ask, Sequence[UnitFailure]]) -> StepState:
    """The state that counts what comes again.

    :param groups: from :func:`again`, about to be submitted.
    """
    retried = Counter(state.retried)
    retried.update(str(failure.category) for group in groups.values() for failure in group)
    return replace(state, retried=dict(retried))


def renew(state: StepState, units: Iterable[str]) -> StepState:
    """The state in which units have no past: what they failed as is not what they are now.

    :param units: about to be submitted as they are now.
    """
    again = set(units)

    def others[T](found: Mapping[str, T]) -> dict[str, T]:
        return {unit: value for unit, value in found.items() if unit not in again}

    return replace(
        state,
        attempts=others(state.attempts),
        losses=others(state.losses),
        failures=others(state.failures),
        seen=others(state.seen),
    )


def by_need(units: Iterable[str], state: StepState, first: Callable[[str], Ask]) -> dict[Ask, list[str]]:
    """Units by what their next attempt asks for: what they were last found to need, else the step's resources.

    Memory, disk and timeout are never lowered below the step's own, which may have been raised since.

    :param first: for a unit, what the spec says.
    """
    groups: dict[Ask, list[str]] = defaultdict(list)
    for unit in units:
        own = first(unit)
        groups[_at_least(own, state.needs[unit]) if unit in state.needs else own].append(unit)
    return dict(groups)


def beyond(state: StepState, first: Callable[[str], Ask]) -> dict[str, Ask]:
    """Unit id to its need, of those that need more than the step gives: what is worth keeping for later runs.

    :param first: for a unit, what the spec says.
    """
    return {unit: need for unit, need in state.needs.items() if _at_least(first(unit), need) != first(unit)}


def _at_least(first: Ask, need: Ask) -> Ask:
    return replace(
        first,
        memory=max(first.memory, need.memory),
        disk=max(first.disk, need.disk),
        timeout=max(first.timeout, need.timeout),
    )
