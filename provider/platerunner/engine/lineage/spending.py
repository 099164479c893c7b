"""Adds to a lineage what the ledger says that its attempts cost."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.lineage.model import Lineage, Spent
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.outcome import Outcome

BEFORE = timedelta(days=8)
"""A job is submitted no longer than this before it ends: it may wait in its queue."""
Unit = tuple[str, str, str]
"""Step, unit and fingerprint."""


def add_spending(lineage: Lineage, ledgers: Sequence[Ledger]) -> None:
    """Add what the attempts cost, those too that failed before with the same fingerprint.

    Reads the ledger's days around the attempts alone.

    :param ledgers: that may have them.
    """
    outcomes = [each.outcome for each in lineage.attempts.values()]
    wanted = {_unit_of(each) for each in outcomes}
    rows: dict[Unit, list[Row]] = defaultdict(list)
    for row in _rows_around(ledgers, outcomes):
        if (unit := (row["step"], row["unit"], row["fingerprint"])) in wanted:
            rows[unit].append(row)
    for id_, attempt in lineage.attempts.items():
        lineage.with_attempt(id_, spent=_spent(attempt.outcome, rows.get(_unit_of(attempt.outcome), [])))


def _unit_of(outcome: Outcome) -> Unit:
    return outcome.step, outcome.unit, outcome.fingerprint


def _rows_around(ledgers: Sequence[Ledger], outcomes: Sequence[Outcome]) -> Iterator[Row]:
    days = {day for day in map(_day_of, outcomes) if day is not None}
    pipelines = {each.pipeline for each in outcomes}
    seen: set[tuple[str, str]] = set()
    for ledger in ledgers:
        for section, found in ledger.sections(min(days) - BEFORE if days else None, pipelines).items():
            if any(section.day <= day <= section.day + BEFORE for day in days):
                for row in ledger.rows_of(section, found):
                    if (key := (row["job"], row["unit"])) not in seen:
                        seen.add(key)
                        yield row


def _day_of(outcome: Outcome) -> date | None:
    told = str(outcome.timing.get("ended") or "")[:10]
    return date.fromisoformat(told) if told else None


def _spent(outcome: Outcome, rows: Sequence[Row]) -> Spent | None:
    own = [row for row in rows if row["job"] == outcome.job_id]
    if not own:
        return None
    failed = [row for row in rows if row["verdict"] != Category.SUCCEEDED.value and _before(row, own[0])]
    return Spent(own[0]["usd"], len(failed), sum(row["usd"] or 0.0 for row in failed))


def _before(row: Row, own: Row) -> bool:
    return (row["submitted"] or "") <= (own["submitted"] or "") and row["job"] != own["job"]
