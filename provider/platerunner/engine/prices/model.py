"""A price, and what can be asked for one."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

Item = Literal["on_demand", "spot", "fargate", "fargate_spot", "volume", "restore", "file_system"]
"""What has a price: an instance, a vCPU or a GiB of Fargate, a GiB of a volume, a GB or a request out of an archive, a
GiB in a file system or through it."""
HOURS_OF_MONTH = 730.0
"""By which AWS's prices of a month become such of an hour. Source: https://aws.amazon.com/ebs/pricing/"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a price is asked for.

    :param name: type of the instance; ``vcpu``, ``memory`` or ``storage`` of Fargate; type of the volume; of a
        restore ``GLACIER-bulk-gb``, ``DEEP_ARCHIVE-standard-request`` and so on, or ``copy``; ``fsx``, ``efs``,
        ``efs_read`` or ``efs_write`` of file systems.
    :param zone: of a spot instance, whose price depends on it.
    :param hour: since 1970, of a spot instance, whose price depends on that, too.
    """

    item: Item
    name: str
    zone: str = ""
    hour: int = 0

    @property
    def place(self) -> str:
        """A name for its file, without the day."""
        parts = [self.item, self.name, self.zone, f"{self.hour % 24:02}h" if self.item == "spot" else ""]
        return "-".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Price:
    """A price in USD.

    :param usd: for an hour; of memory, storage, volumes and file systems, for an hour and a GiB; of a restore for a GB
        or a request, and for a GB and a month of the copy; of what goes through EFS for a GiB.
    :param source: who said it: ``price_list``, ``spot_history``, ``list`` or the name of a file.
    :param date: ISO 8601, the day from which it holds.
    """

    usd: float
    source: str
    date: str

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"usd": self.usd, "source": self.source, "date": self.date}


class PriceSource(Protocol):
    """Somebody who knows prices."""

    def find(self, asked: Asked) -> Price | None:
        """A price; None if it is not known."""
        ...
