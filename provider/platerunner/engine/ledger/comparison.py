"""Two runs side by side, step by step: what a new image, version or family of instances changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from platerunner.engine.ledger.columns import Row
from platerunner_unit.contract.category import Category

FILE_SYSTEMS = "(file systems)"
"""Stands where a step does; no step can be called so."""


@dataclass(frozen=True, slots=True)
class Side:
    """What the units of a step took in a run: medians of attempts that succeeded; or a run's file systems together.

    :param seconds: None if no time is known.
    :param usd: None if no price is known.
    :param on: types of the instances, sorted; kinds of the file systems.
    """

    units: int
    seconds: float | None
    usd: float | None
    on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """A step in two runs.

    :param before: None if the run had no unit of it that succeeded.
    """

    step: str
    before: Side | None
    after: Side | None

    @property
    def time(self) -> float | None:
        """Seconds of a unit after to those before."""
        return _ratio(self.after.seconds, self.before.seconds) if self.after and self.before else None

    @property
    def money(self) -> float | None:
        """The price of a unit after to that before."""
        return _ratio(self.after.usd, self.before.usd) if self.after and self.before else None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "time": self.time, "money": self.money}


def compare_runs(rows: Iterable[Row], before: str, after: str, file_systems: Iterable[Row] = ()) -> list[Compared]:
    """Steps in the order in which rows have them, and then what the runs' file systems were.

    :param rows: of one pipeline.
    :param before: a run's id.
    :param after: another's.
    :param file_systems: rows of the same pipeline's.
    """
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["run"] in (before, after) and row["verdict"] == Category.SUCCEEDED.value:
            found[row["step"]][row["run"]].append(row)
    steps = [Compared(step, _side(runs.get(before)), _side(runs.get(after))) for step, runs in found.items()]
    stored = list(file_systems)
    last = Compared(FILE_SYSTEMS, *(_sum_of([row for row in stored if row["run"] == run]) for run in (before, after)))
    return [*steps, last] if last.before or last.after else steps


def _sum_of(rows: Sequence[Row]) -> Side | None:
    """File systems of a run together; a sum of which a part is not known is not known."""
    if not rows:
        return None
    seconds, usd = ([row[name] for row in rows] for name in ("seconds", "usd"))
    on = tuple(sorted({row["kind"] for row in rows if row["kind"]}))
    return Side(len(rows), _whole(seconds), _whole(usd), on)


def _whole(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _side(rows: list[Row] | None) -> Side | None:
    if not rows:
        return None
    on = tuple(sorted({row["instance_type"] for row in rows if row["instance_type"]}))
    return Side(len(rows), _median(row["seconds"] for row in rows), _median(row["usd"] for row in rows), on)


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _ratio(after: float | None, before: float | None) -> float | None:
    return after / before if after is not None and before else None
