"""What the attempts of a step's units took and cost, by unit, from the ledger's rows."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.files import Found, Ledger, Section
from platerunner.engine.ledger.rows import moment_of
from platerunner_pages.known.runs import SeenRun

DAYS = 31
"""Days of a run whose rows are looked at."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a unit's attempts.

    :param unit: in which it is given.
    :param of: makes it of one row; None if that is not known.
    :param together: makes one number of all attempts of a unit.
    :param of_sites: makes one number of all units of a well.
    """

    name: str
    title: str
    unit: str
    of: Callable[[Row], float | None]
    together: Callable[[Sequence[float]], float]
    of_sites: Callable[[Sequence[float]], float]


def _waited(row: Row) -> float | None:
    queued, started = moment_of(row["queued"] or row["submitted"]), moment_of(row["started"])
    return max(0.0, started - queued) if queued is not None and started is not None else None


def _last(numbers: Sequence[float]) -> float:
    return numbers[-1]


MEASURES: Mapping[str, Measure] = {
    each.name: each
    for each in (
        Measure("seconds", "Duration of the last attempt", "s", lambda row: row["seconds"], _last, sum),
        Measure("peak_memory", "Peak memory", "MiB", lambda row: _mib(row["peak_memory"]), max, max),
        Measure("usd", "Cost of all attempts", "USD", lambda row: row["usd"], sum, sum),
        Measure("waited", "Wait in the queue, all attempts", "s", _waited, sum, sum),
        Measure("attempts", "Attempts", "", lambda _: 1.0, sum, sum),
    )
}


def rows_of_run(ledgers: Sequence[Ledger], run: SeenRun, pipeline: str) -> list[Row]:
    """The rows of a run, each once, oldest first; read once for as long as the ledger has the same files.

    :raises platerunner.engine.ledger.columns.LedgerError: if a file cannot be read.
    """
    rows: dict[tuple[str, str], Row] = {}
    for ledger in ledgers:
        for section in (Section(day, pipeline) for day in _days(run)):
            for row in _rows(_Listed(ledger, section, ledger.look(section)), run.run_id):
                rows.setdefault((row["job"], row["unit"]), row)
    return sorted(rows.values(), key=lambda row: row["ended"] or "")


def _days(run: SeenRun) -> list[date]:
    """The days on which a run may have submitted something; its first ones, if it goes on for very long."""
    if run.started is None:
        return []
    first, last = run.started.date(), (run.ended or datetime.now(UTC)).date()
    return [first + timedelta(days=each) for each in range(min(DAYS, (last - first).days + 1))]


def by_unit(rows: Sequence[Row], step: str, measure: Measure) -> dict[str, float]:
    """Unit id to its number; units without one are left out."""
    numbers: dict[str, array[float]] = {}
    for row in rows:
        if row["step"] == step and (number := measure.of(row)) is not None:
            numbers.setdefault(row["unit"], array("d")).append(number)
    return {unit: measure.together(each) for unit, each in numbers.items()}


class _Listed:
    """A section of a ledger as it was listed; equal while no file came or went, for files never change."""

    def __init__(self, ledger: Ledger, section: Section, found: Found) -> None:
        self.ledger, self.section, self.found = ledger, section, found
        self._key = (ledger.url, section, *sorted(found.new), "", *sorted(found.merged))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Listed) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=8)
def _rows(listed: _Listed, run_id: str) -> tuple[Row, ...]:
    return tuple(row for row in listed.ledger.rows_of(listed.section, listed.found) if row["run"] == run_id)


def _mib(count: float | None) -> float | None:
    return None if count is None else count / 1024**2
