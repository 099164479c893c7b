"""Successes that count no more, because a later one of other inputs or settings wrote the same files again."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from platerunner.engine.records.outcomes import THREADS, OutcomeIndex, OutcomeStore
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import OVERWRITTEN, Kept
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import NotFoundError

Found = tuple[tuple[str, Kept], ...]
"""Unit ids, and what the names of their outcomes tell."""


def without_overwritten(store: OutcomeStore, step: str, index: OutcomeIndex) -> tuple[OutcomeIndex, Found]:
    """The index with such successes under a word that does not count, and what they are.

    Only units that succeeded with several fingerprints are read: after a param was changed and changed back, the files
    are those of the other value, and their names do not tell.

    :param index: of the step.
    """
    won = {unit: _won(kept) for unit, kept in index.units.items() if len(kept) > 1}
    several = [unit for unit, wins in won.items() if len({each.fingerprint for each in wins}) > 1]
    if not several:
        return index, ()
    with ThreadPoolExecutor(THREADS) as pool:
        of_units = pool.map(lambda unit: list(_of_unit(store, step, unit, won[unit])), several)
        found = tuple(chain.from_iterable(of_units))
    units = dict(index.units)
    for unit, gone in found:
        units[unit] = tuple(kept._replace(word=OVERWRITTEN) if kept == gone else kept for kept in units[unit])
    return OutcomeIndex(units), found


def _won(kept: Sequence[Kept]) -> list[Kept]:
    return [each for each in kept if each.category is Category.SUCCEEDED]


def _of_unit(store: OutcomeStore, step: str, unit: str, wins: Sequence[Kept]) -> Iterator[tuple[str, Kept]]:
    outcomes = {}
    for kept in wins:
        try:
            outcomes[kept] = store.get(step, unit, kept)
        except NotFoundError:
            continue  # another run has set it aside in the meantime
    for kept, outcome in outcomes.items():
        if any(_overwrote(later, outcome) for later in outcomes.values()):
            yield unit, kept


def _overwrote(later: Outcome, outcome: Outcome) -> bool:
    """Whether a success wrote another content to a file of an earlier one."""
    ended, before = str(later.timing.get("ended", "")), str(outcome.timing.get("ended", ""))
    if later.fingerprint == outcome.fingerprint or not before or ended <= before:
        return False
    wrote: Mapping[str, str] = {record.key: record.sha256 for record in later.outputs}
    return any(wrote.get(record.key, record.sha256) != record.sha256 for record in outcome.outputs)
