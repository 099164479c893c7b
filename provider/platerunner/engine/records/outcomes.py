"""The outcome store: what was done before, from one LIST per step."""

import contextlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain

from platerunner.engine.planning.model import PlannedUnit
from platerunner.engine.records.codec import Kind, read
from platerunner.engine.records.done import Current
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import done_key
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.outcome import FORMAT, Outcome, inputs_as_kept
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import (
    FORGOTTEN,
    OVERWRITTEN,
    Kept,
    outcome_key,
    outcomes_prefix,
    parse_outcome_key,
    run_token,
)

THREADS = 16
ANY = "*/"
"""In the beginning of unit ids, a part that may be anything; no id has it."""
OUTCOME = Kind("an outcome", FORMAT, remedy="delete it; its unit runs again")


@dataclass(frozen=True, slots=True)
class OutcomeIndex:
    """What is known of a step's units without reading an outcome.

    :param units: unit id to what the names of its outcomes tell.
    """

    units: dict[str, tuple[Kept, ...]]

    def categories(self, unit: str, fingerprint: str) -> frozenset[Category]:
        """How attempts of a unit with this fingerprint ended."""
        of_unit = self.units.get(unit, ())
        return frozenset(k.category for k in of_unit if k.category is not None and k.fingerprint == fingerprint)

    def fingerprints(self, unit: str) -> dict[str, frozenset[Category]]:
        """Fingerprint to categories of a unit."""
        return {kept.fingerprint: self.categories(unit, kept.fingerprint) for kept in self.units.get(unit, ())}

    def successes(self, unit: str, fingerprint: str) -> list[Kept]:
        """What makes a unit with this fingerprint done."""
        of_unit = self.units.get(unit, ())
        return [kept for kept in of_unit if kept.category is Category.SUCCEEDED and kept.fingerprint == fingerprint]

    def forgotten(self, unit: str, fingerprint: str) -> bool:
        """Whether a unit had succeeded with this fingerprint, and somebody asked for it to be done again."""
        return self._is_set_aside(FORGOTTEN, unit, fingerprint)

    def overwritten(self, unit: str, fingerprint: str) -> bool:
        """Whether a unit had succeeded with this fingerprint, and its outputs are those of a later success."""
        return self._is_set_aside(OVERWRITTEN, unit, fingerprint)

    def _is_set_aside(self, word: str, unit: str, fingerprint: str) -> bool:
        return any(kept.word == word and kept.fingerprint == fingerprint for kept in self.units.get(unit, ()))

    def attempts(self, unit: str, fingerprint: str, run_id: str, after: int) -> list[Kept]:
        """Outcomes that a job of a run may have left: those of its later attempts, and those whose names tell no run.

        :param after: attempts of the run that had been made before the job.
        """
        token = run_token(run_id)
        of_unit = [kept for kept in self.units.get(unit, ()) if kept.fingerprint == fingerprint and kept.category]
        return [kept for kept in of_unit if not kept.run or (kept.run == token and kept.attempt > after)]


class OutcomeStore:
    """Outcomes of a pipeline, and which units of a run are current.

    :param workspace: the pipeline's.
    """

    def __init__(self, workspace: Storage) -> None:
        self._workspace = workspace

    def index(self, step: str, units_of: str = "") -> OutcomeIndex:
        """All outcomes of a step, from one LIST; foreign objects under its prefix are passed over.

        :param units_of: beginning of the ids of units that matter, such as ``plate=P1/``, with ``*/`` for a part that
            may be anything: then a LIST for each; empty for all.
        """
        units: dict[str, list[Kept]] = {}
        with ThreadPoolExecutor(THREADS) as pool:
            prefixes = self._prefixes(outcomes_prefix(step), units_of)
            for unit, kept in chain.from_iterable(pool.map(lambda prefix: list(self._kept(prefix)), prefixes)):
                units.setdefault(unit, []).append(kept)
        return OutcomeIndex({unit: tuple(found) for unit, found in units.items()})

    def get(self, step: str, unit: str, kept: Kept) -> Outcome:
        """One outcome of an index.

        :raises platerunner_unit.contract.storage.NotFoundError: if it is gone.
        :raises platerunner.engine.records.codec.RecordError: if it cannot be read.
        """
        key = outcome_key(step, unit, kept)
        number, content = read(OUTCOME, self._workspace, key)
        return Outcome.of({**content, "format": number})

    def read(self, step: str, unit: str, fingerprint: str, category: Category) -> Outcome:
        """The last outcome with a fingerprint and a category.

        :raises platerunner_unit.contract.storage.NotFoundError: if there is none.
        """
        prefix = f"{outcomes_prefix(step)}{unit}/{fingerprint}.{category.value}."
        found = [self.get(step, unit, kept) for of, kept in self._kept(prefix) if of == unit]
        if not found:
            raise NotFoundError(f"{self._workspace.url_of(prefix)} has no outcome")
        return max(found, key=_ended)

    def attempts(self, step: str, unit: str) -> list[Outcome]:
        """What is recorded of a unit, the last attempt last."""
        prefix = f"{outcomes_prefix(step)}{unit}/"
        return sorted((self.get(step, unit, kept) for of, kept in self._kept(prefix) if of == unit), key=_ended)

    def write(self, outcome: Outcome) -> None:
        """Store an outcome; one of another run or attempt stays."""
        self._workspace.put(outcome.key, outcome.to_json())

    def forget(self, step: str, units: Iterable[PlannedUnit], units_of: str = "") -> None:
        """Let units run again that are done; what made them so is kept, under names that do not count.

        All successes of such a unit are set aside, not only the one that makes it done: a run that was killed while it
        took over another's outcome has left both. The unit's own fingerprint then tells that somebody asked.

        :param units_of: as in :meth:`index`.
        """
        indexes: dict[str, OutcomeIndex] = {}
        moves: list[tuple[str, str, Kept, str, Kept]] = []
        for unit in units:
            found = unit.done_by or (step, unit.fingerprint)
            for where in dict.fromkeys((step, found[0])):
                if where not in indexes:
                    indexes[where] = self.index(where, units_of)
                wins = (kept for kept in indexes[where].units.get(unit.unit, ()) if kept.category is Category.SUCCEEDED)
                for kept in wins:
                    own = (where, kept.fingerprint) == found
                    to = kept._replace(fingerprint=unit.fingerprint) if own else kept
                    moves.append((where, unit.unit, kept, step if own else where, to))
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda m: self._set_aside(m[0], m[1], m[2], m[3], m[4], FORGOTTEN), moves))

    def set_aside(self, step: str, overwritten: Iterable[tuple[str, Kept]]) -> None:
        """Keep successes whose outputs were overwritten under a name that tells so, so that nobody reads them again.

        :param overwritten: unit ids, and what the names of their outcomes tell.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            list(
                pool.map(lambda each: self._set_aside(step, each[0], each[1], step, each[1], OVERWRITTEN), overwritten)
            )

    def _set_aside(self, step: str, unit: str, kept: Kept, to_step: str, to: Kept, word: str) -> None:
        # Without a run, the next success that is set aside would take its place.
        made = to if to.run else to._replace(run="before", attempt=1)
        with contextlib.suppress(NotFoundError):  # another run of the pipeline did it in the meantime
            self._workspace.rename(outcome_key(step, unit, kept), outcome_key(to_step, unit, made._replace(word=word)))

    def take_over(self, step: str, unit: PlannedUnit) -> None:
        """Store what makes a unit done as its own, if it is another's; it is there once in the end.

        :param step: the unit's.
        """
        if unit.done_by is None:
            return
        where, fingerprint = unit.done_by
        prefix = f"{outcomes_prefix(where)}{unit.unit}/{fingerprint}.{Category.SUCCEEDED.value}."
        for kept in [kept for of, kept in self._kept(prefix) if of == unit.unit]:
            found = self.get(where, unit.unit, kept)
            ingredients = {**found.ingredients, "inputs": inputs_as_kept(unit.task.inputs)}
            self.write(replace(found, step=step, fingerprint=unit.fingerprint, ingredients=ingredients))
            self._workspace.delete(outcome_key(where, unit.unit, kept))

    def _prefixes(self, above: str, units_of: str) -> list[str]:
        """The folders that a beginning of unit ids stands for."""
        if not units_of.startswith(ANY):
            return [f"{above}{units_of}"]
        rest = units_of.removeprefix(ANY)
        return [each for folder in self._workspace.folders(above)[0] for each in self._prefixes(folder, rest)]

    def _kept(self, prefix: str) -> Iterator[tuple[str, Kept]]:
        found = (parse_outcome_key(each.key) for each in self._workspace.list(prefix))
        return (parsed for parsed in found if parsed is not None)

    def record_current(
        self,
        run_id: str,
        step: str,
        foreach: Iterable[str],
        tasks: Iterable[UnitTask],
        waiting: Iterable[UnitTask] = (),
        *,
        branch: str = "",
    ) -> None:
        """Record the units of a step that are done in a run, for the steps after it.

        :param foreach: the step's.
        :param tasks: of the units that are done now, whether this run did them or a former one.
        :param waiting: of those that wait for their inputs.
        :param branch: key of the branch whose step it is; empty if there are none.
        """
        self._workspace.put(done_key(run_id, step, branch), Current.of(foreach, tasks, waiting).to_json())

    def current(self, run_id: str, step: str, branch: str = "") -> Current | None:
        """What a step recorded in a run; None if it has not ended there.

        :param branch: as in :meth:`record_current`.
        """
        try:
            key = done_key(run_id, step, branch)
            return Current.from_json(self._workspace.get(key), self._workspace.url_of(key))
        except NotFoundError:
            return None


def _ended(outcome: Outcome) -> tuple[str, int]:
    return str(outcome.timing.get("ended", "")), outcome.attempt
