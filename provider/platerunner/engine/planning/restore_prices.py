"""What it takes and costs to bring objects back from S3's archives.

The rates of a region come from AWS's Price List (:mod:`platerunner.engine.estimates.restore_rates`); where nobody may
ask, these of us-east-1 have to do. Sources: https://aws.amazon.com/s3/pricing/ and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from platerunner.spec.dataset import Restore
from platerunner_unit.contract.words import show_number, show_usd

GB = 1e9
STANDARD_GB_MONTH = 0.023
"""USD for a GB of the temporary copy in S3 Standard, a month."""
DAYS_OF_MONTH = 30.0
EXPEDITED = "expedited"
WRITTEN_DOWN = "2025-11"
"""When the rates below were."""


class Archived(Protocol):
    """An object, as far as its price depends on it."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def tier(self) -> str:
        """Storage class, or the tier of Intelligent-Tiering."""


class Retrieval(NamedTuple):
    """One way to bring back what lies in one archive.

    :param usd_gb: USD for a GB.
    :param usd_thousand: USD for a thousand requests.
    :param hours: for people.
    """

    usd_gb: float
    usd_thousand: float
    hours: str


_GLACIER = {
    "bulk": Retrieval(0.0, 0.025, "5 to 12 h"),
    "standard": Retrieval(0.01, 0.05, "3 to 5 h"),
    EXPEDITED: Retrieval(0.03, 10.0, "1 to 5 min"),
}
_DEEP = {"bulk": Retrieval(0.0025, 0.025, "48 h"), "standard": Retrieval(0.02, 0.10, "12 h")}
_TIERED = {
    "bulk": Retrieval(0.0, 0.0, "5 to 12 h"),
    "standard": Retrieval(0.0, 0.0, "3 to 5 h"),
    EXPEDITED: Retrieval(0.03, 10.0, "1 to 5 min"),
}
_DEEP_TIERED = {"bulk": Retrieval(0.0, 0.0, "48 h"), "standard": Retrieval(0.0, 0.0, "12 h")}


@dataclass(frozen=True, slots=True)
class Rates:
    """What ways back cost somewhere.

    :param ways: storage class, or tier, to the restore's tier to what that costs.
    :param copy: USD for a GB of the temporary copy, a month.
    :param said: whose they are, as the end of a clause.
    """

    ways: Mapping[str, Mapping[str, Retrieval]]
    copy: float
    said: str

    def of(self, file: Archived) -> Mapping[str, Retrieval]:
        """The ways in which an object comes back."""
        return self.ways.get(file.tier, {})


US_EAST = Rates(
    {"GLACIER": _GLACIER, "DEEP_ARCHIVE": _DEEP, "ARCHIVE_ACCESS": _TIERED, "DEEP_ARCHIVE_ACCESS": _DEEP_TIERED},
    STANDARD_GB_MONTH,
    f"by the list price of us-east-1, as of {WRITTEN_DOWN}",
)
TIERED = frozenset({"ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"})
"""Whose objects come back for good, without a copy that has to be paid for."""


def price_of(files: Sequence[Archived], restore: Restore, rates: Rates = US_EAST) -> float:
    """USD: requests, retrieval, and the copies for as long as they stay.

    :param files: of which those that the tier cannot bring back cost nothing.
    """
    return sum(_price(file, restore, rates) for file in files)


def _price(file: Archived, restore: Restore, rates: Rates) -> float:
    way = rates.of(file).get(restore.tier)
    if way is None:
        return 0.0
    copy = 0.0 if file.tier in TIERED else rates.copy * restore.days / DAYS_OF_MONTH
    return way.usd_thousand / 1000 + file.size / GB * (way.usd_gb + copy)


def cannot(files: Sequence[Archived], restore: Restore) -> str:
    """Why a tier cannot bring back some objects, with the remedy; empty if it can."""
    lost = [file for file in files if restore.tier not in US_EAST.of(file)]
    if not lost:
        return ""
    return (
        f"{len(lost):,} of {len(files):,} objects are in {lost[0].tier}, which has no `tier: {restore.tier}`: write "
        "`tier: standard` (12 h) or `tier: bulk` (48 h) under `dataset.restore`"
    )


def restore_notes(
    step: str, files: Sequence[Archived], restore: Restore | None, rates: Rates = US_EAST
) -> Iterator[str]:
    """How long a restore takes and what it costs; without one in the spec, for each tier, and what to write.

    :param files: that are archived.
    """
    if restore is not None:
        yield f"{step}: {cannot(files, restore) or _told(files, restore, rates)}"
        return
    ways = (Restore(tier, 7, 0.0) for tier in ("bulk", "standard", EXPEDITED))
    told = [
        f"{way.tier} {_hours(files, way)} and {show_usd(price_of(files, way, rates))} USD"
        for way in ways
        if not cannot(files, way)
    ]
    yield (
        f"{step}: to restore {_gb(files)} for 7 days would take and cost, {rates.said}: "
        f"{'; '.join(told)}. Write `restore: {{tier: bulk, days: 7}}` under `dataset` for that"
    )


def _gb(files: Sequence[Archived]) -> str:
    return f"{show_number(sum(file.size for file in files) / GB, 3)} GB"


def _hours(files: Sequence[Archived], restore: Restore) -> str:
    return " or ".join(sorted({US_EAST.of(file)[restore.tier].hours for file in files}))


def _told(files: Sequence[Archived], restore: Restore, rates: Rates) -> str:
    return (
        f"a run restores {len(files):,} objects ({_gb(files)}) first: `{restore.tier}` takes {_hours(files, restore)} "
        f"and costs about {show_usd(price_of(files, restore, rates))} USD, {rates.said}"
    )
