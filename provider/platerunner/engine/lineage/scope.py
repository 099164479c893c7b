"""Which files belong to a run or a plate, each with the attempt that wrote it."""

from collections.abc import Iterator

from platerunner.engine.lineage.model import LineageError
from platerunner.engine.lineage.search import OutcomeSearch, Place, ended
from platerunner.engine.records.codec import read, read_at_once
from platerunner.engine.records.plans import PLAN
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.unit_keys import parse_unit_id

Written = list[tuple[Outcome, OutputRecord]]


def written_in(search: OutcomeSearch, run: str | None, plate: str | None) -> Written:
    """What the units of a run, of a plate, or of a plate in a run have written, done by whichever run.

    :param run: None for what stands now.
    :param plate: None for all; units without a plate belong to no plate.
    :raises LineageError: if there is nothing.
    """
    places = _of_run(search, run) if run is not None else search.places()
    wanted = [place for place in places if plate is None or parse_unit_id(place[1]).get("plate") == plate]
    good = [place for place in wanted if place[2].category is Category.SUCCEEDED]
    newest: dict[tuple[str, str], Outcome] = {}
    for outcome in filter(None, read_at_once(search.read, good)):
        at = outcome.step, outcome.unit
        newest[at] = max(newest.get(at, outcome), outcome, key=ended)
    if not newest:
        asked = " and ".join(f"{word} {value}" for word, value in (("run", run), ("plate", plate)) if value is not None)
        raise LineageError(
            f"{search.workspace.url} has no unit of {asked or 'any run'} that succeeded; `platerunner status` has runs"
        )
    return [(outcome, output) for outcome in newest.values() for output in outcome.outputs]


def _of_run(search: OutcomeSearch, run: str) -> Iterator[Place]:
    """Outcomes with the fingerprints that the plans of a run have."""
    workspace, prefix = search.workspace, f"{PREFIX}/runs/{run}/"
    keys = [stored.key for stored in workspace.list(prefix) if stored.key.endswith("/plan.json")]
    planned: set[tuple[str, str, str]] = set()
    for key, (_, content) in zip(keys, read_at_once(lambda key: read(PLAN, workspace, key), keys), strict=True):
        step = key.removeprefix(prefix).split("/")[0]
        planned |= {(step, unit, fingerprint) for unit, _, fingerprint, _ in content["units"]}
    for step in sorted({step for step, _, _ in planned}):
        for place in search.places(step):
            if (place[0], place[1], place[2].fingerprint) in planned:
                yield place
