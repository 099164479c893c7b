"""What the ledger has of units like those of a plan: samples, by how alike they are."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from platerunner.batch.model import Ask
from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.rows import moment_of
from platerunner_unit.contract.category import Category

HOUR_S = 3600.0
OTHERS = "other pipelines' attempts"
MOST = 5000
"""Newest attempts that are kept of each likeness: more would say the same, and a ledger may have millions."""
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """What makes the units of a step like those of before.

    :param digest: of its image; None if nobody knows it.
    :param own_command: whether the module says alone what runs, so that other pipelines' units are like them, too.
    """

    pipeline: str
    step: str
    module: str
    digest: str | None
    own_command: bool

    def places(self) -> Iterator[tuple[str, Key]]:
        """What to look under, the most alike first, each with what it is for people."""
        step = ("step", self.pipeline, self.step, self.module)
        if self.digest:
            yield "attempts before", (*step, self.digest)
        yield "attempts before, with other versions of the image", step
        if self.own_command:
            yield OTHERS, ("module", self.module)


@dataclass(frozen=True, slots=True)
class Sample:
    """An attempt that succeeded: what it took, and what that cost.

    :param bytes_in: None if a size is not known.
    :param cpu_s: seconds of CPU; None if nobody counted them.
    :param copying: seconds of copying in and out.
    :param hourly: price of its whole instance; None if that is not known.
    """

    run: str
    seconds: float
    bytes_in: int | None
    bytes_out: int | None
    cpu_s: float | None
    copying: float
    peak_memory: int | None
    span: tuple[float, float] | None
    submitted: float | None
    vcpus: float
    memory: int
    disk: int
    capacity: str
    hourly: float | None
    host: tuple[float, int] | None
    usd: float | None
    usd_volume: float | None

    @classmethod
    def of(cls, row: Row) -> "Sample":
        """A row as a sample."""
        host = (row["instance_vcpus"], row["instance_memory"])
        return cls(
            row["run"] or "", row["seconds"], row["bytes_in"], row["bytes_out"], row["cpu_s"],
            (row["stage_in_s"] or 0.0) + (row["stage_out_s"] or 0.0), row["peak_memory"],
            _span(row), moment_of(row["submitted"]), row["vcpus"] or 1.0, row["memory"] or 0, row["disk"] or 0,
            row["capacity"] or "", row["hourly"], host if all(host) else None, row["usd"], row["usd_volume"],
        )  # fmt: skip

    def usd_for(self, ask: Ask) -> float | None:
        """What a second of it would have cost with what a unit asks for now; None if no price is known."""
        if self.usd is None or not self.seconds:
            return None
        if (ask.vcpus, ask.memory, ask.disk) == (self.vcpus, self.memory, self.disk):
            return self.usd / self.seconds
        if self.hourly is None or self.host is None:  # on Fargate a job pays for what it asks
            return self.usd / self.seconds * max(ask.vcpus / self.vcpus, ask.memory / self.memory if self.memory else 0)
        share = min(1.0, max(ask.vcpus / self.host[0], ask.memory / self.host[1]))
        disk = (self.usd_volume or 0.0) * (ask.disk / self.disk if self.disk else 1.0)
        return self.hourly * share / HOUR_S + disk / self.seconds


@dataclass(slots=True)
class Group:
    """Attempts that are alike.

    :param samples: the newest that succeeded, oldest first.
    :param seconds: of all that succeeded; with :attr:`seconds_failed` it says what failures add.
    """

    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=MOST))
    seconds: float = 0.0
    seconds_failed: float = 0.0
    usd: float = 0.0
    usd_failed: float = 0.0

    def add(self, row: Row) -> None:
        """Count an attempt whose time is known."""
        seconds, usd = row["seconds"], row["usd"] or 0.0
        if seconds is None:
            return
        if row["verdict"] == Category.SUCCEEDED.value:
            self.samples.append(Sample.of(row))
            self.seconds, self.usd = self.seconds + seconds, self.usd + usd
        else:
            self.seconds_failed, self.usd_failed = self.seconds_failed + seconds, self.usd_failed + usd

    @property
    def more_time(self) -> float:
        """What attempts that fail add to the time of those that succeed, as a share of it."""
        return self.seconds_failed / self.seconds if self.seconds else 0.0

    @property
    def more_money(self) -> float:
        """What attempts that fail add to the price of those that succeed, as a share of it."""
        return self.usd_failed / self.usd if self.usd else self.more_time


class History:
    """The attempts of a ledger that are like what is planned; they are looked at once.

    :param rows: in the order in which they were submitted.
    :param wanted: of the steps that are planned.
    """

    def __init__(self, rows: Iterable[Row], wanted: Iterable[Like]) -> None:
        self._groups: Mapping[Key, Group] = defaultdict(Group)
        likes = list(wanted)
        keys = {key for like in likes for _, key in like.places()}
        modules = {like.module for like in likes}
        for row in rows:
            if row["module"] in modules:
                for key in _keys_of(row):
                    if key in keys:
                        self._groups[key].add(row)

    def find(self, like: Like) -> tuple[str, Group] | None:
        """The attempts that are most alike, with what they are for people; None if there are none that succeeded."""
        found = ((words, self._groups.get(key)) for words, key in like.places())
        return next(((words, group) for words, group in found if group and group.samples), None)


def _keys_of(row: Row) -> Iterator[Key]:
    step = ("step", row["pipeline"], row["step"], row["module"])
    yield from ((*step, row["digest"] or ""), step, ("module", row["module"]))


def _span(row: Row) -> tuple[float, float] | None:
    start, end = moment_of(row["started"]), moment_of(row["ended"])
    return (start, end) if start is not None and end is not None and end >= start else None
