"""What a run's file system costs, into the ledger: as soon as it is seen, and before each call that deletes it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from platerunner.engine.access import Access
from platerunner.engine.file_systems.made import MARK, PIPELINE, RUN, TAG_LETTERS, WORKSPACE, Made
from platerunner.engine.ledger.columns import LedgerError, Row
from platerunner.engine.ledger.file_systems import write_file_system
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.place import ledgers_of
from platerunner.engine.ledger.rows import iso
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.model import Asked, Price
from platerunner.engine.prices.price_list import AwsPrices
from platerunner.spec.model import Pipeline
from platerunner.spec.tags import OF_AWS
from platerunner_unit.contract.storage import Storage, StorageError

log = logging.getLogger(__name__)
GIB = 1024**3
OURS = frozenset({MARK, WORKSPACE, RUN, PIPELINE})
"""Tags that tell file systems apart, and are none for costs."""
BY_SIZE = frozenset({"fsx"})
"""Kinds that are paid for by their size alone. Of the others nobody here knows what jobs read of them, and left in them
for how long."""


@dataclass(frozen=True, slots=True)
class Whose:
    """For whom a file system was made; None for what is not known.

    :param tags: for costs.
    :param workspace: its address.
    """

    run: str | None
    pipeline: str | None
    owner: str | None
    tags: Mapping[str, str]
    workspace: str | None

    @classmethod
    def of(cls, access: Access, pipeline: Pipeline, run_id: str, workspace: Storage) -> "Whose":
        """Of a run, with the cost tags that all its steps have."""
        every = [set(step.cost_tags.items()) for step in pipeline.modules]
        tags = dict(sorted(set.intersection(*every))) if every else {}
        return cls(run_id, pipeline.name, pipeline.owner, {**access.settings.tags, **tags}, workspace.url)

    @classmethod
    def by_tags(cls, made: Made) -> "Whose":
        """As far as what AWS keeps of it says."""
        workspace = made.tags.get(WORKSPACE)
        whole = workspace if workspace is not None and len(workspace) < TAG_LETTERS else None
        tags = {name: made.tags[name] for name in made.tags if name not in OURS and not name.startswith(OF_AWS)}
        return cls(made.tags.get(RUN), made.tags.get(PIPELINE), None, tags, whole)


class FileSystemCharges:
    """Writes file systems into the ledger. A ledger that cannot be written keeps nobody from deleting one.

    :param access: clients, storages and settings.
    :param workspace: whose ledger it is if there is no shared one; None if that is not known.
    """

    def __init__(self, access: Access, workspace: Storage | None) -> None:
        self._access, self._workspace = access, workspace

    def note(self, kind: str, made: Made, whose: Whose, ended: datetime | None = None) -> None:
        """Write what is known of one.

        :param ended: when its deletion is asked for; None while it is to stay.
        """
        try:
            ledgers = self._ledgers()
            if not ledgers:
                log.warning("the ledger lacks the file system %s: its workspace is not known", made.id)
                return
            write_file_system(ledgers, _row(kind, made, whose, ended, self._book(ledgers[0])))
        except (LedgerError, StorageError) as error:
            log.warning("the ledger lacks what the file system %s costs: %s", made.id, error)

    def _ledgers(self) -> Sequence[Ledger]:
        if self._workspace is not None:
            return ledgers_of(self._access, self._workspace)
        shared = self._access.settings.ledger
        return [Ledger(self._access.storage(shared))] if shared else []

    def _book(self, ledger: Ledger) -> PriceBook:
        return PriceBook(ledger.storage, ledger.prefix, self._access.region, AwsPrices(self._access))


def _row(kind: str, made: Made, whose: Whose, ended: datetime | None, book: PriceBook) -> Row:
    started = made.since.timestamp()
    seconds = ended.timestamp() - started if ended is not None else None
    seconds = None if seconds is None or seconds < 0 else round(seconds, 3)  # the clocks of two machines
    price, gib = _price(kind, made, book), (made.size or 0) / GIB
    hourly = price.usd * gib if price is not None and gib else None
    return {
        "file_system": made.id,
        "kind": kind,
        "run": whose.run,
        "pipeline": whose.pipeline,
        "owner": whose.owner,
        "tags": dict(whose.tags),
        "workspace": whose.workspace,
        "started": iso(started),
        "ended": iso(ended.timestamp()) if ended is not None else None,
        "seconds": seconds,
        "size": made.size,
        "hourly": hourly,
        "usd": hourly * seconds / 3600 if hourly is not None and seconds is not None else None,
        "price_source": price.source if hourly is not None and price else None,
        "price_date": price.date if hourly is not None and price else None,
    }


def _price(kind: str, made: Made, book: PriceBook) -> Price | None:
    """Of a GiB for an hour; None for one that AWS failed to make, too: whether that is paid, AWS does not say."""
    if kind not in BY_SIZE or made.state == "failed":
        return None
    return book.find(Asked("file_system", kind), made.since.timestamp())
