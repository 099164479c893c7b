"""Which unit gets another attempt, and with what: the verdict table applied to one step's run."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from platerunner.batch.model import Ask
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


def counts(category: Category) -> bool:
    """Whether an attempt with this verdict counts against the step's limit."""
    return CATEGORIES[category].retry is not Retry.FREE


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
