"""Chargeback: what owners and tags owe for a month, with their part of idle instances and their file systems."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from platerunner.engine.ledger.columns import LedgerError, Row
from platerunner.engine.ledger.costs import Instance, Sum, seconds_of
from platerunner.engine.ledger.file_system_costs import FileSystemSum
from platerunner.engine.ledger.file_systems import read_file_systems
from platerunner.engine.ledger.files import Ledger

SUMS = (
    "attempts", "failed", "hours", "usd", "usd_idle", "usd_bill", "attempts_without_price",
    "usd_file_systems", "file_systems_without_price",
)  # fmt: skip
HEAD = ("month", "owner", "tags", *SUMS)
DIGITS = 6
Party = tuple[str, str]
"""An owner and a set of tags, as text."""


@dataclass(slots=True)
class Month:
    """The sums of a month.

    :param month: such as ``2026-11``.
    :param own: name of an instance and a party to what the party's jobs on it are charged.
    """

    month: str
    sums: dict[Party, Sum] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    own: dict[tuple[str, Party], float] = field(default_factory=dict)
    stored: dict[Party, FileSystemSum] = field(default_factory=dict)

    def add_file_system(self, row: Row) -> None:
        """Count a file system, of those who own the pipeline."""
        party = party_of(row)
        self.sums.setdefault(party, Sum())
        self.stored.setdefault(party, FileSystemSum()).add(row)

    def add(self, row: Row) -> None:
        """Count an attempt."""
        party = party_of(row)
        self.sums.setdefault(party, Sum()).add(row)
        name, usd = row["instance"], row["usd_instance"]
        if name and row["hourly"] and usd is not None and row["started"] and row["ended"]:
            since, until = seconds_of(row["instance_since"] or row["started"]), seconds_of(row["ended"])
            instance = self.instances.setdefault(name, Instance(since, until))
            instance.note(since, until, row["seconds"], row["hourly"], usd)
            self.own[name, party] = self.own.get((name, party), 0.0) + usd

    def idle_of(self, party: Party) -> float:
        """USD of idle instances that are a party's, by what its jobs are charged of each."""
        shares = ((self.instances[name], usd) for (name, each), usd in self.own.items() if each == party)
        return sum(instance.usd_idle * usd / instance.usd for instance, usd in shares if instance.usd)

    def lines(self) -> list[Sequence[object]]:
        """A line per owner and tags, and their sum, which is the month's bill as far as the ledger knows it."""
        told = {party: self._sums(party) for party in sorted(self.sums)}
        lines: list[Sequence[object]] = [(self.month, *map(harmless, party), *sums) for party, sums in told.items()]
        whole = [round(sum(column), DIGITS) for column in zip(*told.values(), strict=True)]
        return [*lines, (self.month, "total", "", *whole)]

    def _sums(self, party: Party) -> list[float]:
        each, idle = self.sums[party], self.idle_of(party)
        stored = self.stored.get(party, FileSystemSum())
        bill = each.usd + idle + stored.usd
        found = (
            each.attempts, each.failed, each.seconds / 3600, each.usd, idle, bill, each.unknown,
            stored.usd, stored.unknown,
        )  # fmt: skip
        return [round(value, DIGITS) if isinstance(value, float) else value for value in found]


def charge_back(rows: Iterable[Row], month: str, file_systems: Iterable[Row] = ()) -> str:
    """The month's CSV.

    :param rows: of a ledger; those of other months are passed over.
    :param month: in which submissions were made, in UTC, such as ``2026-11``; and file systems.
    :param file_systems: rows of the same ledger's.
    """
    found = Month(month)
    for row in rows:
        if (row["submitted"] or "").startswith(month):
            found.add(row)
    for row in file_systems:
        if row["started"].startswith(month):
            found.add_file_system(row)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows(found.lines())
    return out.getvalue()


def write_chargeback(ledger: Ledger, month: str) -> str:
    """Write a month's CSV beside the ledger, over an older one; its URL.

    :param month: such as ``2026-11``.
    :raises LedgerError: if the ledger has no row of that month, or cannot be read.
    """
    sections = {section: found for section, found in ledger.sections().items() if f"{section.day:%Y-%m}" == month}
    stored = [row for row in read_file_systems([ledger]) if row["started"].startswith(month)]
    if not sections and not stored:
        raise LedgerError(f"{ledger.url} has no attempts of {month}: give a month like 2026-11 in which steps ran")
    rows = (row for section, found in sections.items() for row in ledger.rows_of(section, found))
    text = charge_back(rows, month, stored)
    key = f"{ledger.prefix}chargeback/{month}.csv"
    ledger.storage.put(key, text.encode())
    return ledger.storage.url_of(key)


def party_of(row: Row) -> Party:
    """Who pays for what a row tells of."""
    return row["owner"] or "", tags_text(row["tags"] or {})


def tags_text(tags: dict[str, str]) -> str:
    """Tags in the order of their names: ``cost-center=4711; project=JUMP``; what would end one is escaped."""
    return "; ".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(tags.items()))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("=", "\\=").replace(";", "\\;")


def harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
