"""What of a workspace and of a ledger has been kept long enough, and is needed by nobody.

An outcome that makes its unit done is never due, nor is the last that is known of a unit which never succeeded: the
planner asks for both. So of outcomes only those go that a later success has made history. What a unit carries to its
next attempt stays until an attempt has succeeded that left it so.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from platerunner.engine.ledger.file_systems import list_file_systems, row_of_file
from platerunner.engine.ledger.files import Found, Ledger, Section
from platerunner.engine.periods import Retention
from platerunner.engine.retention.run_records import old_run_records
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import CARRIED_LIST, PREFIX
from platerunner_unit.contract.storage import Storage, StoredObject
from platerunner_unit.contract.unit_keys import outcomes_prefix, parse_outcome_key

Kind = Literal["outcome", "log", "run record", "carried file", "ledger"]
LOGS = f"{PREFIX}/logs/"
OUTCOMES = f"{PREFIX}/outcomes/"
CARRIED = f"{PREFIX}/carried/"
Dated = tuple[StoredObject, datetime]


@dataclass(frozen=True, slots=True)
class Due:
    """An object that has been kept long enough.

    :param since: its day, or when it was written; ISO 8601.
    """

    kind: Kind
    key: str
    size: int
    since: str


def is_held(pipeline: Pipeline, hold: str) -> bool:
    """Whether a pipeline is kept whole: its spec has the tag, or a step has a cost tag of that name."""
    return hold in pipeline.tags or any(hold in step.cost_tags for step in pipeline.modules)


def due_in_workspace(workspace: Storage, retention: Retention, now: datetime) -> Iterator[Due]:
    """Logs, outcomes, carried files and records of runs that are due.

    :param now: with its time zone.
    """
    for name, (kind, found) in _FINDERS.items():
        if (period := retention.periods.get(name)) is not None:
            for stored, written in found(workspace, now - period, now):
                yield Due(kind, stored.key, stored.size, written.isoformat(timespec="seconds"))


def _old_logs(workspace: Storage, until: datetime, _now: datetime) -> Iterator[Dated]:
    return (each for each in workspace.list_dated(LOGS) if each[1] <= until)


def _steps(workspace: Storage, prefix: str) -> Iterator[str]:
    return (folder.removeprefix(prefix).rstrip("/") for folder in workspace.folders(prefix)[0])


def _history(workspace: Storage, until: datetime, _now: datetime) -> Iterator[Dated]:
    """Failed outcomes, and those that do not count any more, of units that have succeeded since."""
    for step in _steps(workspace, OUTCOMES):
        good, others = _outcomes(workspace, step)
        for unit, listed in others.items():
            yield from (each for each in listed if each[1] <= until and unit in good and each[1] < good[unit])


def _carried(workspace: Storage, until: datetime, _now: datetime) -> Iterator[Dated]:
    """What units carry that have succeeded with it, and was not touched since."""
    for step in _steps(workspace, CARRIED):
        yield from _carried_in_vain(workspace, step, until)


def _carried_in_vain(workspace: Storage, step: str, until: datetime) -> Iterator[Dated]:
    """What units of a step carried for nothing; the list of a unit's files goes first."""
    folder = f"{CARRIED}{step}/"
    found: dict[str, list[Dated]] = defaultdict(list)
    for each in workspace.list_dated(folder):
        found[each[0].key.removeprefix(folder).rpartition("/")[0]].append(each)
    good = _outcomes(workspace, step)[0] if found else {}
    for unit, listed in found.items():
        last = max(written for _, written in listed)
        if last <= until and unit in good and good[unit] >= last:
            yield from sorted(listed, key=lambda each: not each[0].key.endswith(f"/{CARRIED_LIST}"))


def _outcomes(workspace: Storage, step: str) -> tuple[dict[str, datetime], dict[str, list[Dated]]]:
    """By unit: when it last succeeded, and the outcomes of attempts that failed."""
    good: dict[str, datetime] = {}
    others: dict[str, list[Dated]] = defaultdict(list)
    for stored, written in workspace.list_dated(outcomes_prefix(step)):
        if (parsed := parse_outcome_key(stored.key)) is None:
            continue
        unit, kept = parsed
        if kept.category is Category.SUCCEEDED:
            good[unit] = max(good.get(unit, written), written)
        else:
            others[unit].append((stored, written))
    return good, others


_FINDERS: Mapping[str, tuple[Kind, Callable[[Storage, datetime, datetime], Iterator[Dated]]]] = {
    "logs": ("log", _old_logs),
    "outcomes": ("outcome", _history),
    "carried": ("carried file", _carried),
    "runs": ("run record", old_run_records),
}
"""By name of the period: what each finds in a workspace, until a moment, as it is now."""


def due_in_ledger(ledger: Ledger, retention: Retention, now: datetime, held: Collection[str]) -> Iterator[Due]:
    """Files of whole days that are due; a day that has a row with the tag of a hold stays.

    :param held: pipelines that are kept whole.
    :raises platerunner.engine.ledger.columns.LedgerError: if a file of such a day cannot be read.
    """
    if (period := retention.periods.get("ledger")) is None:
        return
    for section, found in ledger.sections().items():
        old = section.day < (now - period).date()
        if old and section.pipeline not in held and not _has_hold(ledger, section, found, retention.hold):
            for key in (*found.new, *found.merged):
                yield Due("ledger", key, ledger.storage.head(key).size, section.day.isoformat())
    yield from _old_file_systems(ledger, (now - period).date(), held, retention.hold)


def _old_file_systems(ledger: Ledger, day: date, held: Collection[str], hold: str) -> Iterator[Due]:
    """Rows of file systems that were made before a day, unless their pipeline or a tag of theirs is held."""
    for made, key in list_file_systems(ledger):
        if made >= day:
            continue
        row = row_of_file(ledger.storage.get(key), ledger.storage.url_of(key))
        if row["pipeline"] not in held and hold not in (row["tags"] or {}):
            yield Due("ledger", key, ledger.storage.head(key).size, made.isoformat())


def _has_hold(ledger: Ledger, section: Section, found: Found, hold: str) -> bool:
    return any(hold in (row["tags"] or {}) for row in ledger.rows_of(section, found))
