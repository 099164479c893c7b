"""What estimates stand on, where it is: the ledgers of a pipeline, and prices that are looked up and not kept."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from platerunner.catalog.model import Module
from platerunner.engine.access import Access
from platerunner.engine.estimates.estimate import Known
from platerunner.engine.ledger.columns import LedgerError, Row
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.place import ledgers_of
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.price_list import AwsPrices
from platerunner_unit.contract.storage import Storage

DAYS = 365
"""For which history counts: older machines, images and prices tell little of today."""


def known_to(
    access: Access, workspace: Storage, modules: Mapping[str, Module], digests: Mapping[str, str | None]
) -> Known:
    """What a connection's ledgers and prices tell.

    :param access: clients, storages and settings.
    :param modules: the catalog.
    :param digests: image name to digest.
    """
    ledgers = ledgers_of(access, workspace)
    first = ledgers[0]
    book = PriceBook(first.storage, first.prefix, access.region, AwsPrices(access), keep=False)
    unread: list[str] = []
    settings = access.settings
    rows = partial(readable_rows, ledgers, unread)
    return Known(modules, digests, rows, book, settings.platform, not settings.here, unread)


def readable_rows(ledgers: Sequence[Ledger], unread: list[str]) -> Iterator[Row]:
    """The rows of the last year, without days that cannot be read: merged ones without pyarrow, which workers lack.

    :param unread: gets the reasons.
    """
    since = (datetime.now(UTC) - timedelta(days=DAYS)).date()
    for ledger in ledgers:
        for section, found in ledger.sections(since).items():
            try:
                yield from ledger.rows_of(section, found)
            except LedgerError as error:
                unread.append(str(error))
