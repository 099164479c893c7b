"""Where the ledger of a pipeline is: the connection's, else the workspace's own."""

import logging
from collections.abc import Iterator, Sequence
from datetime import date

from platerunner.batch.model import Submission
from platerunner.engine.access import Access
from platerunner.engine.ledger.columns import LedgerError, Row
from platerunner.engine.ledger.file_systems import FOLDER
from platerunner.engine.ledger.files import Ledger
from platerunner_unit.contract.keys import ledger_prefix
from platerunner_unit.contract.storage import AccessDeniedError, Storage

log = logging.getLogger(__name__)
TABLES = ("attempts/", FOLDER)
"""Folders of a ledger that has anything."""


def workspace_ledger(workspace: Storage) -> Ledger:
    """The ledger of a workspace."""
    return Ledger(workspace, ledger_prefix())


def ledgers_of(access: Access, workspace: Storage) -> list[Ledger]:
    """The ledgers that may have a pipeline's rows: the one that is written first."""
    own = workspace_ledger(workspace)
    return [Ledger(access.storage(access.settings.ledger)), own] if access.settings.ledger else [own]


def ledgers_at(url: str, workspace: Storage) -> list[Ledger]:
    """The same, for who has the credentials of the environment.

    :param url: of a shared ledger; empty for none.
    """
    return [*([Ledger(Storage(url))] if url else []), workspace_ledger(workspace)]


def find_ledger(place: Storage) -> Ledger:
    """The ledger of a workspace, if the place is one; else the place itself, which must be a ledger already.

    :raises LedgerError: if it is neither.
    """
    found = (prefix for prefix in (ledger_prefix(), "") if any(any(place.list(f"{prefix}{each}")) for each in TABLES))
    if (prefix := next(found, None)) is None:
        raise LedgerError(
            f"{place.url} has no ledger: give a workspace in which steps have run, or the connection's `ledger`"
        )
    return Ledger(place, prefix)


def rows_of_all(ledgers: Sequence[Ledger], since: date | None = None) -> Iterator[Row]:
    """The rows of all, each once: one that is in two was written while the first could not be.

    :param since: the first day that matters.
    """
    seen: set[tuple[str, str]] = set()
    for ledger in ledgers:
        for row in ledger.rows(since):
            if len(ledgers) == 1:
                yield row
            elif (key := (row["job"], row["unit"])) not in seen:
                seen.add(key)
                yield row


def write_rows(ledgers: Sequence[Ledger], pipeline: str, submission: Submission, rows: Sequence[Row]) -> None:
    """Write rows once, into the first ledger that may be written: that none may be is no reason to lose them.

    :param ledgers: from :func:`ledgers_of`.
    """
    *shared, own = ledgers
    for ledger in shared:
        try:
            ledger.write(pipeline, submission, rows)
        except AccessDeniedError as error:
            log.warning("the ledger may not be written (%s); the rows are in the workspace, %s", error, own.url)
        else:
            return
    own.write(pipeline, submission, rows)
