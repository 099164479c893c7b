"""Which image and which files each plate was last made with, from a record of each."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_pages.known.steps import SeenStep
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import Kept, natural_key, parse_unit_id

MOST = 200
"""Records that are read at most: one per step and plate."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a plate's unit was made with; the others of the plate may be of other runs.

    :param plate: empty for units without one.
    """

    step: str
    plate: str
    outcome: Outcome


def versions(workspace: Storage, steps: Sequence[SeenStep]) -> list[Version]:
    """One record for each step and plate, in natural order of the plates.

    :param workspace: of the pipeline.
    """
    store = OutcomeStore(workspace)
    chosen = [each for step in steps if not step.gate for each in _chosen(store, step.step)][:MOST]
    with ThreadPoolExecutor(16) as pool:
        read = pool.map(lambda each: store.get(each[0], each[2], each[3]), chosen)
        return [Version(step, plate, outcome) for (step, plate, _, _), outcome in zip(chosen, read, strict=True)]


def _chosen(store: OutcomeStore, step: str) -> list[tuple[str, str, str, Kept]]:
    """Step, plate, unit and outcome of a unit of each plate that succeeded."""
    found: dict[str, tuple[str, Kept]] = {}
    for unit, outcomes in store.index(step).units.items():
        for kept in outcomes:
            if kept.category is Category.SUCCEEDED:
                found[parse_unit_id(unit).get("plate", "")] = (unit, kept)
    return [(step, plate, *found[plate]) for plate in sorted(found, key=natural_key)]
