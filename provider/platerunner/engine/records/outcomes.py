"""The outcome store: what was done before, from one LIST per step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from platerunner.engine.planning.model import PlannedUnit
from platerunner.engine.records.done import Current
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.outcome import (
    Outcome,
    inputs_as_kept,
    outcome_key,
    outcomes_prefix,
    parse_outcome_key,
    run_prefix,
)
from platerunner_unit.contract.storage import NotFoundError, Storage


@dataclass(frozen=True, slots=True)
class OutcomeIndex:
    """What is known of a step's units without reading an outcome.

    :param units: unit id to its (fingerprint, category) pairs.
    """

    units: dict[str, tuple[tuple[str, Category], ...]]

    def categories(self, unit: str, fingerprint: str) -> frozenset[Category]:
        """How attempts of a unit with this fingerprint ended."""
        return frozenset(category for known, category in self.units.get(unit, ()) if known == fingerprint)

    def fingerprints(self, unit: str) -> dict[str, frozenset[Category]]:
        """Fingerprint to categories of a unit."""
        return {known: self.categories(unit, known) for known, _ in self.units.get(unit, ())}


class OutcomeStore:
    """Outcomes of a pipeline, and which units of a run are current.

    :param workspace: the pipeline's.
    """

    def __init__(self, workspace: Storage) -> None:
        self._workspace = workspace

    def index(self, step: str) -> OutcomeIndex:
        """All outcomes of a step, from one LIST; foreign objects under its prefix are passed over."""
        units: dict[str, tuple[tuple[str, Category], ...]] = {}
        for found in self._workspace.list(outcomes_prefix(step)):
            parsed = parse_outcome_key(found.key)
            if parsed is not None:
                unit, fingerprint, category = parsed
                units[unit] = (*units.get(unit, ()), (fingerprint, category))
        return OutcomeIndex(units)

    def read(self, step: str, unit: str, fingerprint: str, category: Category) -> Outcome:
        """One outcome.

        :raises platerunner_unit.contract.storage.NotFoundError: if there is none.
        """
        return Outcome.from_json(self._workspace.get(outcome_key(step, unit, fingerprint, category)))

    def attempts(self, step: str, unit: str) -> list[Outcome]:
        """What is recorded of a unit, the last attempt last; of one fingerprint and verdict only the last is kept."""
        keys = [found.key for found in self._workspace.list(f"{outcomes_prefix(step)}{unit}/")]
        known = [parsed for parsed in map(parse_outcome_key, keys) if parsed is not None and parsed[0] == unit]
        found = [self.read(step, unit, fingerprint, category) for _, fingerprint, category in known]
        return sorted(found, key=lambda outcome: str(outcome.timing.get("ended", "")))

    def write(self, outcome: Outcome) -> None:
        """Store an outcome; a former one of the same unit, fingerprint and category is replaced."""
        self._workspace.put(outcome.key, outcome.to_json())

    def forget(self, step: str, unit: PlannedUnit) -> None:
        """Delete the outcome that makes a unit done, so that it runs again; nothing if there is none."""
        where, fingerprint = unit.done_by or (step, unit.fingerprint)
        self._workspace.delete(outcome_key(where, unit.unit, fingerprint, Category.SUCCEEDED))

    def take_over(self, step: str, unit: PlannedUnit) -> None:
        """Store the outcome that makes a unit done as its own, if it is another's; there is one of it in the end.

        :param step: the unit's.
        """
        if unit.done_by is None:
            return
        found = self.read(unit.done_by[0], unit.unit, unit.done_by[1], Category.SUCCEEDED)
        ingredients = {**found.ingredients, "inputs": inputs_as_kept(unit.task.inputs)}
        self.write(replace(found, step=step, fingerprint=unit.fingerprint, ingredients=ingredients))
        self._workspace.delete(found.key)

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
        self._workspace.put(_current_key(run_id, step, branch), Current.of(foreach, tasks, waiting).to_json())

    def current(self, run_id: str, step: str, branch: str = "") -> Current | None:
        """What a step recorded in a run; None if it has not ended there.

        :param branch: as in :meth:`record_current`.
        """
        try:
            return Current.from_json(self._workspace.get(_current_key(run_id, step, branch)))
        except NotFoundError:
            return None


def _current_key(run_id: str, step: str, branch: str) -> str:
    return f"{run_prefix(run_id, step, branch)}done.json"
