"""The ledger's file systems: a row for each that a run made, in a file of its own.

    file_systems/date=2026-11-30/fs-0123456789abcdef0.json    the day on which it was made

It is written as soon as the file system is seen, and again each time just before AWS is asked to delete it. So there
is no moment at which a file system is gone without a row, and its name alone sees to it that there is only one.
"""

import json
import logging
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial

from platerunner.engine.ledger.columns import LedgerError, Row, Table, check_version, damaged, table
from platerunner.engine.ledger.files import Ledger
from platerunner_unit.contract.storage import AccessDeniedError, NotFoundError, Storage

log = logging.getLogger(__name__)
FOLDER = "file_systems/"
WHOSE = ("run", "pipeline", "owner", "tags", "workspace")
READERS = 16
"""Threads that read rows: each read is one round trip."""
TRIES = 5
"""Times that a row is written, while others write the same."""
_NAME = re.compile(r"date=(\d{4}-\d{2}-\d{2})/[^/]+\.json")


def file_systems_table() -> Table:
    """The table ``file_systems`` of this version."""
    return table("file_systems.yaml")


def write_file_system(ledgers: Sequence[Ledger], row: Row) -> None:
    """Write what is known of a file system, unless more is known already.

    :param ledgers: from :func:`~platerunner.engine.ledger.place.ledgers_of`; the first that may be written has it.
    :raises LedgerError: if what is there is damaged, or a newer version wrote it.
    """
    *shared, own = ledgers
    for ledger in shared:
        try:
            _write(ledger, row)
        except AccessDeniedError as error:
            log.warning("the ledger may not be written (%s); the row is in the workspace, %s", error, own.url)
        else:
            return
    _write(own, row)


def _write(ledger: Ledger, row: Row) -> None:
    key = f"{ledger.prefix}{FOLDER}date={_day_of(row)}/{row['file_system']}.json"
    for _ in range(TRIES):
        before, etag = _read_tagged(ledger.storage, key)
        if before is not None and (before["ended"] or "") >= (row["ended"] or ""):
            return
        told = {"version": file_systems_table().version, **row, **(_whose(before) if before else {})}
        data = json.dumps(told, ensure_ascii=False).encode()
        if ledger.storage.put_if(key, data, etag) is not None:
            return
    raise LedgerError(f"{ledger.storage.url_of(key)} is being written all the time; try again later")


def list_file_systems(ledger: Ledger, since: date | None = None) -> Iterator[tuple[date, str]]:
    """The day and the key of each row, oldest first; foreign objects are passed over.

    :param since: the first day that matters.
    """
    for each in ledger.storage.list(f"{ledger.prefix}{FOLDER}"):
        if (match := _NAME.fullmatch(each.key.removeprefix(f"{ledger.prefix}{FOLDER}"))) is None:
            continue
        day = _day(match[1])
        if day is not None and (since is None or day >= since):
            yield day, each.key


def read_file_systems(ledgers: Sequence[Ledger], since: date | None = None) -> list[Row]:
    """The rows of all ledgers, each once, oldest first.

    :param since: the first day that matters.
    :raises LedgerError: if a row is damaged, or a newer version wrote it.
    """
    found: dict[str, Row] = {}
    with ThreadPoolExecutor(READERS) as pool:
        for ledger in ledgers:
            keys = [key for _, key in list_file_systems(ledger, since)]
            for row, _ in pool.map(partial(_read_tagged, ledger.storage), keys):
                if row is not None:  # or retention has just taken it away
                    _keep_later(found, row)
    return sorted(found.values(), key=lambda row: (row["started"], row["file_system"]))


def _keep_later(found: dict[str, Row], row: Row) -> None:
    """One that is in two ledgers was written while the first could not be: the one that knows of its end counts."""
    other = found.get(row["file_system"], row)
    earlier, later = sorted((other, row), key=lambda each: each["ended"] or "")
    found[row["file_system"]] = {**later, **_whose(earlier)}


def _whose(row: Row) -> Row:
    """What an earlier row says of whose it is: who deletes what another run has left knows no more than its tags."""
    return {name: row[name] for name in WHOSE if row[name]}


def _read_tagged(storage: Storage, key: str) -> tuple[Row | None, str | None]:
    try:
        data, etag = storage.get_tagged(key)
    except NotFoundError:
        return None, None
    return row_of_file(data, storage.url_of(key)), etag


def row_of_file(data: bytes, place: str) -> Row:
    """The row that a file has.

    :param place: where it is, for the message.
    :raises LedgerError: if it is damaged, or a newer version wrote it.
    """
    known = file_systems_table()
    try:
        raw = json.loads(data)
        version = raw.pop("version")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LedgerError(damaged(place, error)) from error
    check_version(version, place, known.version)
    try:
        known.check(raw)
    except ValueError as error:
        raise LedgerError(damaged(place, error)) from error
    if not raw.get("file_system") or not raw.get("started"):
        raise LedgerError(damaged(place, ValueError("it does not say which file system, or since when")))
    return known.fit(raw)


def _day_of(row: Row) -> str:
    return datetime.fromisoformat(row["started"]).astimezone(UTC).date().isoformat()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
