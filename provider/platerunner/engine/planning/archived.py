"""Units whose inputs lie in an archive of S3: found and reported before any job is submitted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from platerunner.engine.planning.model import PlannedUnit, StepPlan
from platerunner.engine.planning.reasons import Reason, Why
from platerunner.engine.planning.restore_prices import US_EAST, Rates, restore_notes
from platerunner.spec.dataset import Restore
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.transfer import Kind, TransferFailure

FILES_TOLD = 20


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """An object that has to be restored before it can be read.

    :param url: its full address.
    :param size: bytes.
    :param tier: storage class, or the tier of INTELLIGENT_TIERING.
    :param restoring: whether a restore was asked for, and is not done.
    """

    url: str
    size: int
    tier: str
    restoring: bool = False

    def __str__(self) -> str:
        remedy = "it is being restored; wait for that" if self.restoring else "restore it"
        return f"{self.url} ({self.size} bytes) is archived ({self.tier}): {remedy}"

    @property
    def failure(self) -> TransferFailure:
        """What the unit's container would have met."""
        return TransferFailure(Kind.ARCHIVED.value, self.url, "InvalidObjectState", f"{self}, then clear the task")


Look = Callable[[str, Sequence[str]], Mapping[str, ArchivedFile]]
"""For a root's URL and keys below it, in order, those that are archived."""
Archived = Mapping[str, Sequence[ArchivedFile]]
"""Unit id to what of its inputs is archived; units without are not there."""


def find_archived(look: Look, roots: Mapping[str, str], units: Sequence[PlannedUnit]) -> Archived:
    """What is archived of the inputs of units that have to run.

    :param look: asks S3.
    :param roots: ``data`` and ``workspace`` to their URLs; folders have no archives.
    """
    on_s3 = {root: url for root, url in roots.items() if url.startswith("s3://")}
    wanted: dict[str, set[str]] = {root: set() for root in on_s3}
    for file in _inputs(units if on_s3 else ()):
        if file.root in wanted:
            wanted[file.root].add(file.key)
    found = {root: look(on_s3[root], sorted(keys)) for root, keys in wanted.items() if keys}
    if not any(found.values()):
        return {}
    by_unit = {unit.unit: [found.get(f.root, {}).get(f.key) for f in _inputs([unit])] for unit in units}
    return {unit: there for unit, files in by_unit.items() if (there := [file for file in files if file is not None])}


def with_archived(
    plan: StepPlan, archived: Archived, restore: Restore | None = None, rates: Callable[[], Rates] = lambda: US_EAST
) -> StepPlan:
    """The plan that says which of its units cannot run yet, and why.

    :param restore: what the spec says of such files; None if it says nothing.
    :param rates: of the region; called only if something is archived.
    """
    if not archived:
        return plan
    said = {unit: Reason(Why.ARCHIVED, str(files[0])) for unit, files in archived.items()}
    units = (replace(unit, reason=said.get(unit.unit, unit.reason)) for unit in plan.units)
    return replace(
        plan, units=tuple(units), notes=(*plan.notes, *archived_notes(plan.step, archived, restore, rates()))
    )


def files_of(archived: Archived) -> dict[str, ArchivedFile]:
    """The archived files of all units, each once, by address."""
    return {file.url: file for of_unit in archived.values() for file in of_unit}


def archived_notes(
    step: str, archived: Archived, restore: Restore | None = None, rates: Rates = US_EAST
) -> Iterator[str]:
    """How much is archived, what its restore takes and costs, and the first objects by name, as sentences."""
    files = files_of(archived)
    size, count = sum(file.size for file in files.values()), len(files)
    yield (
        f"{step}: {_counted(count, 'input file')} {'is' if count == 1 else 'are'} archived ({size} bytes) and must be "
        f"restored; {_counted(len(archived), 'unit')} will not be submitted before that"
    )
    yield from restore_notes(step, list(files.values()), restore, rates)
    yield from (str(file) for file in list(files.values())[:FILES_TOLD])
    if count > FILES_TOLD:
        yield f"... and {count - FILES_TOLD} archived files more"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _inputs(units: Iterable[PlannedUnit]) -> Iterator[InputFile]:
    """Files that are there: what another step has still to write has no size."""
    return (file for unit in units for files in unit.task.inputs.values() for file in files if file.size is not None)
