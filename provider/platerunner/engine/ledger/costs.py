"""What rows of the ledger come to: sums by whatever a person asks for, the rest of instances that nobody used, and the
file systems of runs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.file_system_costs import FileSystemSum, SharedFileSystems
from platerunner_unit.contract.category import Category

HOUR_S = 3600.0
COLUMNS = ("owner", "pipeline", "run", "step", "plate", "verdict", "module", "digest", "capacity", "instance_type")
"""By which costs may be summed as they are; others are the month, and a tag."""
TAG = "tag:"
GroupOf = Callable[[Row], str]


def group_by(name: str) -> GroupOf | None:
    """What tells a row's group; None if costs are not summed by that.

    :param name: one of :data:`COLUMNS`, ``month``, ``project`` for the tag of that name, or ``tag:<name>``.
    """
    if name == "project":
        name = f"{TAG}project"
    if name.startswith(TAG) and (tag := name.removeprefix(TAG)):
        return lambda row: (row["tags"] or {}).get(tag) or ""
    if name == "month":
        return lambda row: (row["submitted"] or "")[:7]
    return (lambda row: str(row[name] or "")) if name in COLUMNS else None


@dataclass(slots=True)
class Sum:
    """What attempts come to.

    :param seconds: that they held their hosts.
    :param usd: of those whose price is known.
    :param usd_failed: of these, of those that failed.
    :param unknown: attempts without a price, which may have cost anything.
    """

    attempts: int = 0
    failed: int = 0
    seconds: float = 0.0
    usd: float = 0.0
    usd_failed: float = 0.0
    unknown: int = 0

    def add(self, row: Row) -> None:
        """Count an attempt."""
        usd, failed = row["usd"], row["verdict"] != Category.SUCCEEDED.value
        self.attempts += 1
        self.failed += failed
        self.seconds += row["seconds"] or 0.0
        self.unknown += usd is None
        self.usd += usd or 0.0
        self.usd_failed += (usd or 0.0) if failed else 0.0


@dataclass(slots=True)
class Instance:
    """What is known of an instance from the jobs that ran on it.

    :param since: when it was there at the latest, in seconds since 1970.
    :param until: when it was there at least.
    :param hours: of it that jobs are charged for, at its price of their time.
    :param usd: that all jobs are charged.
    :param usd_own: that the jobs are charged which were asked for.
    """

    since: float
    until: float
    hours: float = 0.0
    usd: float = 0.0
    usd_own: float = 0.0
    usd_weighted: float = 0.0

    def note(self, since: float, until: float, seconds: float, hourly: float, usd: float) -> None:
        """Count a job.

        :param since: when the instance was there at the latest; likewise ``until``.
        :param seconds: that the job held it.
        :param usd: that the job is charged.
        """
        self.since, self.until = min(self.since, since), max(self.until, until)
        hours = seconds / HOUR_S
        self.hours += hours
        self.usd_weighted += hourly * hours
        self.usd += usd

    @property
    def usd_idle(self) -> float:
        """What of its price from beginning to end no job is charged for; below zero if jobs were charged twice for a
        part, as where one holds most vCPUs and another most memory.
        """
        hourly = self.usd_weighted / self.hours if self.hours else 0.0
        return hourly * (self.until - self.since) / HOUR_S - self.usd

    @property
    def usd_idle_own(self) -> float:
        """The part of that which belongs to the jobs that were asked for, by what they are charged."""
        return self.usd_idle * self.usd_own / self.usd if self.usd else 0.0


@dataclass(slots=True)
class Costs:
    """The sums of some rows.

    :param groups: by what was asked for.
    :param idle: USD of instances that no job is charged for.
    :param file_systems: of the runs; with the groups and the idle rest, they make the bill.
    """

    groups: dict[str, Sum] = field(default_factory=dict)
    total: Sum = field(default_factory=Sum)
    idle: float = 0.0
    file_systems: FileSystemSum = field(default_factory=FileSystemSum)

    @property
    def bill(self) -> float:
        """All that is known."""
        return self.total.usd + self.idle + self.file_systems.usd


def sum_up(
    rows: Iterable[Row], wanted: Callable[[Row], bool], group: GroupOf, file_systems: Iterable[Row] = ()
) -> Costs:
    """What rows come to; they are looked at once, and not kept.

    :param rows: of all that ran on the instances, for these are shared.
    :param wanted: whether a row counts.
    :param file_systems: rows of these; attempts that do not count keep their part of their run's.
    """
    costs, instances, shared = Costs(), dict[str, Instance](), SharedFileSystems(file_systems)
    for row in rows:
        own = wanted(row)
        if own:
            costs.groups.setdefault(group(row), Sum()).add(row)
            costs.total.add(row)
        _note_instance(instances, row, own=own)
        shared.note(row, own=own)
    costs.file_systems = shared.sum_of(wanted)
    costs.idle = sum(instance.usd_idle_own for instance in instances.values())
    return costs


def _note_instance(instances: dict[str, Instance], row: Row, *, own: bool) -> None:
    """Remember when an instance was there, and who is charged for it."""
    name, hourly, usd = row["instance"], row["hourly"], row["usd_instance"]
    if not name or not hourly or usd is None or not row["started"] or not row["ended"]:
        return
    since, until = seconds_of(row["instance_since"] or row["started"]), seconds_of(row["ended"])
    instance = instances.setdefault(name, Instance(since, until))
    instance.note(since, until, row["seconds"], hourly, usd)
    instance.usd_own += usd if own else 0.0


def seconds_of(moment: str) -> float:
    """Seconds since 1970 of a time as rows have it."""
    return datetime.fromisoformat(moment).timestamp()


def largest_first(groups: Mapping[str, Sum]) -> list[tuple[str, Sum]]:
    """Groups by what they cost."""
    return sorted(groups.items(), key=lambda item: (-item[1].usd, item[0]))
