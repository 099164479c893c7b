"""What a job cost: its share of its host for as long as it held it, and the disk that it asked for."""

from dataclasses import asdict, dataclass
from typing import Any

from platerunner.batch.hosts import Host
from platerunner.batch.model import Ask
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.model import Asked, Item, Price

HOUR_S = 3600.0
GIB = 1024**3
VOLUME = "gp3"
"""The type of volume that our launch template gives to instances: terraform/modules/batch."""
FREE_STORAGE = 20 * GIB
"""Of a job on Fargate. Source: https://aws.amazon.com/fargate/pricing/"""
LEAST_S = 60.0
"""Seconds for which a job on Fargate is charged at least."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The price of a job, in USD; None where it is not known.

    :param share: part of its host that it held.
    :param hourly: price of the whole host for an hour; on Fargate, of the job.
    :param usd: all of it; None if any part is not known.
    """

    share: float | None = None
    hourly: float | None = None
    usd_instance: float | None = None
    usd_volume: float | None = None
    usd: float | None = None
    price_source: str | None = None
    price_date: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As columns of a row."""
        return asdict(self)


def charge(
    ask: Ask, platform: str, host: Host | None, span: tuple[float, float] | None, book: PriceBook, *, part: float = 1.0
) -> Charge:
    """What a job cost.

    :param platform: ``EC2`` or ``FARGATE``.
    :param host: None on Fargate, or if it is not known.
    :param span: when the job started, and for how many seconds it held its host; None if that is not known.
    :param part: of the job that is charged for, where it had several units.
    """
    share = share_of(ask, host)
    if span is None:
        return Charge(share)
    started, seconds = span
    if seconds == 0:
        return Charge(share, usd_instance=0.0, usd_volume=0.0, usd=0.0)
    if platform == "FARGATE":
        return _fargate(ask, started, max(seconds, LEAST_S * part), book)
    price = _price_of(ask, host, started, book)
    instance = price.usd * share * seconds / HOUR_S if price and share is not None else None
    volume = book.find(Asked("volume", VOLUME), started)
    disk = volume.usd * ask.disk / GIB * seconds / HOUR_S if volume else None
    return _sum(share, price, price.usd if price else None, instance, disk)


def share_of(ask: Ask, host: Host | None) -> float | None:
    """The part of a host that a job holds: the larger of its vCPUs' and its memory's; None if the host is not known."""
    if host is None or not host.vcpus or not host.memory:
        return None
    return min(1.0, max(ask.vcpus / host.vcpus, ask.memory / host.memory))


def _price_of(ask: Ask, host: Host | None, started: float, book: PriceBook) -> Price | None:
    """Of an hour of the host; a job on the queue for spot instances runs on one."""
    if host is None or not host.type:
        return None
    if ask.capacity == "spot":
        return book.find(Asked("spot", host.type, host.zone or "", int(started // HOUR_S)), started)
    return book.find(Asked("on_demand", host.type), started)


def _fargate(ask: Ask, started: float, seconds: float, book: PriceBook) -> Charge:
    item: Item = "fargate_spot" if ask.capacity == "spot" else "fargate"
    vcpu, memory = (book.find(Asked(item, name), started) for name in ("vcpu", "memory"))
    hourly = vcpu.usd * ask.vcpus + memory.usd * ask.memory / GIB if vcpu and memory else None
    instance = None if hourly is None else hourly * seconds / HOUR_S
    beyond = max(0, ask.disk - FREE_STORAGE) / GIB
    storage = book.find(Asked("fargate", "storage"), started) if beyond else None
    disk = storage.usd * beyond * seconds / HOUR_S if storage else (None if beyond else 0.0)
    return _sum(None, vcpu if hourly is not None else None, hourly, instance, disk)


def _sum(
    share: float | None, price: Price | None, hourly: float | None, instance: float | None, volume: float | None
) -> Charge:
    usd = instance + volume if instance is not None and volume is not None else None
    source, date = (price.source, price.date) if price else (None, None)
    return Charge(share, hourly, instance, volume, usd, source, date)
