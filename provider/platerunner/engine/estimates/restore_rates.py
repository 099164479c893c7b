"""What it costs to bring objects back from an archive where the data is: from the prices that a ledger knows."""

import time
from collections.abc import Iterator

from platerunner.engine.access import Access
from platerunner.engine.ledger.place import ledgers_of
from platerunner.engine.planning.restore_prices import US_EAST, Rates, Retrieval
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.model import Asked, Price
from platerunner.engine.prices.price_list import AwsPrices
from platerunner_unit.contract.storage import Storage

CLASSES = ("GLACIER", "DEEP_ARCHIVE")


def rates_of(access: Access, workspace: Storage) -> Rates:
    """The rates of the connection's region; those of us-east-1 where neither its ledger nor AWS tells.

    :param access: may ask AWS's Price List.
    :param workspace: the pipeline's, whose ledger may have prices of its own.
    """
    first = ledgers_of(access, workspace)[0]
    book = PriceBook(first.storage, first.prefix, access.region, AwsPrices(access), keep=False)
    return rates_in(book, access.region)


def rates_in(book: PriceBook, region: str) -> Rates:
    """The rates of a region by a book of prices; all come from the one region, because a mixture is true for none.

    :param region: for people.
    """
    found = {name: book.find(Asked("restore", name), time.time()) for name in _names()}
    known = {name: price for name, price in found.items() if price is not None}
    if len(known) < len(found):
        return US_EAST
    ways = {kind: {tier: _way(kind, tier, known) for tier in US_EAST.ways[kind]} for kind in CLASSES}
    day = max(price.date for price in known.values())
    return Rates({**US_EAST.ways, **ways}, known["copy"].usd, f"by the list price of {region}, as of {day}")


def _names() -> Iterator[str]:
    yield "copy"
    yield from (
        f"{kind}-{tier}-{each}" for kind in CLASSES for tier in US_EAST.ways[kind] for each in ("gb", "request")
    )


def _way(kind: str, tier: str, known: dict[str, Price]) -> Retrieval:
    usd_gb, usd_request = (known[f"{kind}-{tier}-{each}"].usd for each in ("gb", "request"))
    return Retrieval(usd_gb, usd_request * 1000, US_EAST.ways[kind][tier].hours)
