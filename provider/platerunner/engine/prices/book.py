"""All prices that a ledger knows: its own file first, then what AWS said before, then what AWS says now."""

import json
import logging
from datetime import UTC, datetime
from functools import cached_property

from platerunner.engine.prices.model import Asked, Price, PriceSource
from platerunner.engine.prices.price_file import NAME, FilePrices, PriceFileError, read_price_file
from platerunner_unit.contract.storage import NotFoundError, Storage, StorageError

log = logging.getLogger(__name__)


class PriceBook:
    """Finds prices, and keeps what AWS says in the ledger, by the day: nobody asks for the same price twice.

    :param storage: that has the ledger.
    :param prefix: of the ledger in it; empty or with a slash at the end.
    :param region: whose prices they are.
    :param aws: is asked for what nobody has asked for before on that day.
    :param keep: whether what it says is kept; not for who only looks.
    """

    def __init__(self, storage: Storage, prefix: str, region: str, aws: PriceSource, *, keep: bool = True) -> None:
        self._storage = storage
        self._prefix = prefix
        self._region = region
        self._aws = aws
        self._keeps = keep
        self._broken = False
        self._known: dict[Asked, Price | None] = {}

    @cached_property
    def _file(self) -> FilePrices | None:
        return read_price_file(self._storage, f"{self._prefix}{NAME}")

    def find(self, asked: Asked, at: float) -> Price | None:
        """A price; None if nobody knows it.

        :param at: when it is to hold, in seconds since 1970.
        """
        if asked not in self._known:
            self._known[asked] = self._find(asked, at)
        return self._known[asked]

    def _find(self, asked: Asked, at: float) -> Price | None:
        if self._broken:
            return None
        try:
            own = self._file.find(asked) if self._file else None
        except PriceFileError as error:  # no reason for a step to fail, nor to take prices that the lab does not pay
            self._broken = True
            log.warning("prices are not known, and null in the ledger: %s", error)
            return None
        return own or self._ask(asked, at)

    def _ask(self, asked: Asked, at: float) -> Price | None:
        day = datetime.fromtimestamp(at, UTC).date().isoformat()
        key = f"{self._prefix}prices/date={day}/{self._region}/{asked.place}.json"
        if (kept := self._read(key)) is not None:
            return kept
        if (price := self._aws.find(asked)) is not None and self._keeps:
            self._keep(key, price)
        return price

    def _read(self, key: str) -> Price | None:
        try:
            return Price(**json.loads(self._storage.get(key)))
        except (NotFoundError, ValueError, TypeError):  # a damaged one is asked for again
            return None

    def _keep(self, key: str, price: Price) -> None:
        """Let the next one find it; a process that may not write goes on without."""
        try:
            self._storage.put(key, json.dumps(price.to_json()).encode())
        except StorageError as error:
            log.warning("a price could not be kept: %s", error)
