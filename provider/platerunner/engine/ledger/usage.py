"""Which modules and versions are used: by whom, how often, at what rate of failure and price."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.costs import Sum
from platerunner_unit.contract.category import CATEGORIES, Category


@dataclass(slots=True)
class Usage:
    """What a module in an image was used for.

    :param blamed: attempts that failed by themselves: not those that lost their host, or were ended with their task.
    :param last: day of the last submission, ISO 8601.
    """

    module: str
    image: str
    sum: Sum = field(default_factory=Sum)
    owners: set[str] = field(default_factory=set)
    pipelines: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    blamed: int = 0
    last: str = ""

    def add(self, row: Row) -> None:
        """Count an attempt."""
        self.sum.add(row)
        self.owners.add(row["owner"] or "")
        self.pipelines.add(row["pipeline"] or "")
        self.runs.add(row["run"] or "")
        self.last = max(self.last, (row["submitted"] or "")[:10])
        self.blamed += _failed_by_itself(row["verdict"])

    @property
    def failure_rate(self) -> float:
        """Attempts that failed by themselves, to all."""
        return self.blamed / self.sum.attempts

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "module": self.module,
            "image": self.image,
            "attempts": self.sum.attempts,
            "failure_rate": self.failure_rate,
            "hours": self.sum.seconds / 3600,
            "usd": self.sum.usd,
            "attempts_without_price": self.sum.unknown,
            "owners": sorted(self.owners),
            "pipelines": sorted(self.pipelines),
            "runs": len(self.runs),
            "last": self.last,
        }


def usage_of(rows: Iterable[Row]) -> list[Usage]:
    """Modules with the images that they ran in, most attempts first; rows are looked at once.

    :param rows: of a ledger.
    """
    found: dict[tuple[str, str], Usage] = {}
    for row in rows:
        key = (row["module"] or "", row["image"] or "")
        found.setdefault(key, Usage(*key)).add(row)
    return sorted(found.values(), key=lambda each: (-each.sum.attempts, each.module, each.image))


def _failed_by_itself(verdict: str | None) -> bool:
    """Whether an attempt failed, and not for its host: a verdict that another version knows counts as a failure."""
    try:
        category = Category(verdict)
    except ValueError:
        return verdict not in (None, "cleared")
    return category is not Category.SUCCEEDED and CATEGORIES[category].who.value != "nobody"
