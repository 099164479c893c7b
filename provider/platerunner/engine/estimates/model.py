"""What a run would take and cost, as figures."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Amount:
    """A figure, and what nine of ten do not exceed; None where it is not known."""

    usual: float | None = None
    high: float | None = None

    @classmethod
    def sum_of(cls, amounts: Iterable["Amount"]) -> "Amount":
        """All that is known; high together, since what slows one step down slows the others, too."""
        known = [each for each in amounts if each.usual is not None]
        if not known:
            return cls()
        return cls(sum(each.usual or 0.0 for each in known), sum(each.high or each.usual or 0.0 for each in known))


@dataclass(frozen=True, slots=True)
class StepEstimate:
    """What the pending units of a step would take.

    :param source: on what it stands: ``history``, ``guess`` or ``nothing``.
    :param basis: the same for people, as a clause.
    :param unit_s: seconds of a unit.
    :param machine_s: seconds of all units together, with attempts that fail.
    :param wall_s: seconds from the first submission to the last end, if the step ran alone; None if nobody knows.
    :param usd: of all units.
    :param plates: plate to USD of its units.
    """

    step: str
    units: int
    source: str
    basis: str
    unit_s: Amount = Amount()
    machine_s: Amount = Amount()
    wall_s: float | None = None
    usd: Amount = Amount()
    plates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileSystemEstimate:
    """What the file system of a run would cost.

    :param kind: ``fsx`` or ``efs``.
    :param seconds: for which it is paid; None if nobody knows.
    :param basis: on what it stands, or why it is not known, as a clause.
    """

    kind: str
    seconds: float | None
    basis: str
    usd: Amount = Amount()


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What a run would take.

    :param steps: those with pending units, in the pipeline's order.
    :param wall_s: seconds along the longest way through the steps, without gates; None if one on it is not known.
    :param unread: why parts of the history could not be read.
    :param file_system: that the run makes for itself; None for none.
    """

    steps: tuple[StepEstimate, ...]
    wall_s: float | None
    unread: tuple[str, ...] = ()
    file_system: FileSystemEstimate | None = None

    @property
    def machine_s(self) -> Amount:
        """Seconds of all units of all steps."""
        return Amount.sum_of(step.machine_s for step in self.steps)

    @property
    def usd(self) -> Amount:
        """The price of all steps, and of the file system, whose price is known."""
        return Amount.sum_of([*(step.usd for step in self.steps), *(each.usd for each in self._file_systems)])

    @property
    def plates(self) -> dict[str, float]:
        """Plate to USD, of what is known."""
        found: dict[str, float] = {}
        for step in self.steps:
            for plate, usd in step.plates.items():
                found[plate] = found.get(plate, 0.0) + usd
        return found

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Steps of which no price is known; and ``storage``, if none is of the file system."""
        steps = tuple(step.step for step in self.steps if step.usd.usual is None)
        return steps + tuple("storage" for each in self._file_systems if each.usd.usual is None)

    @property
    def _file_systems(self) -> tuple[FileSystemEstimate, ...]:
        return (self.file_system,) if self.file_system else ()

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "steps": [asdict(step) for step in self.steps],
            "machine_s": asdict(self.machine_s),
            "wall_s": self.wall_s,
            "usd": asdict(self.usd),
            "plates": self.plates,
            "unpriced": list(self.unpriced),
            "file_system": asdict(self.file_system) if self.file_system else None,
        }
