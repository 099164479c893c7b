"""Takes away what is due: written down first, so that what is gone is on record, whatever dies in between."""

import gzip
import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import batched

from platerunner.engine.ledger.files import Ledger
from platerunner.engine.periods import Retention
from platerunner.engine.retention.due import Due, due_in_ledger, due_in_workspace
from platerunner_unit.contract.keys import retention_prefix
from platerunner_unit.contract.storage import Storage

log = logging.getLogger(__name__)
AT_ONCE = 10_000
"""Objects that are written down, and then taken away, together."""
THREADS = 32
FORMAT = 1


@dataclass(slots=True)
class Cleared:
    """What was taken away, or would be.

    :param counts: kind to objects.
    :param records: keys of the records that name them.
    """

    counts: Counter[str] = field(default_factory=Counter)
    size: int = 0
    records: list[str] = field(default_factory=list)

    def add(self, due: Iterable[Due]) -> None:
        """Count what is due."""
        for each in due:
            self.counts[each.kind] += 1
            self.size += each.size

    @property
    def sentence(self) -> str:
        """``12 logs, 3 outcomes, 0.1 MB``."""
        parts = [f"{count:,} of {kind}" for kind, count in sorted(self.counts.items())]
        return ", ".join([*parts, f"{self.size / 1e6:,.1f} MB"]) if parts else "nothing"


def clear_workspace(workspace: Storage, retention: Retention, now: datetime, *, dry_run: bool) -> Cleared:
    """Take away logs, outcomes and records of runs of a pipeline that are due.

    :param dry_run: only count them.
    """
    return _clear(workspace, retention_prefix(), due_in_workspace(workspace, retention, now), now, dry_run=dry_run)


def clear_ledger(
    ledger: Ledger, retention: Retention, now: datetime, held: Collection[str] = (), *, dry_run: bool
) -> Cleared:
    """Take away the days of a ledger that are due.

    :param held: pipelines that are kept whole.
    """
    due = due_in_ledger(ledger, retention, now, held)
    return _clear(ledger.storage, f"{ledger.prefix}retention/", due, now, dry_run=dry_run)


def _clear(storage: Storage, records: str, due: Iterable[Due], now: datetime, *, dry_run: bool) -> Cleared:
    cleared = Cleared()
    for number, part in enumerate(batched(due, AT_ONCE)):
        cleared.add(part)
        if dry_run:
            continue
        cleared.records.append(_write_down(storage, f"{records}{now:%Y-%m-%dT%H%M%S.%f}-{number:04}", part))
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda each: storage.delete(each.key), part))
    return cleared


def _write_down(storage: Storage, name: str, due: Iterable[Due]) -> str:
    """A line per object, before any of them goes; the key of the record."""
    lines = [json.dumps({"format": FORMAT, **asdict(each)}, ensure_ascii=False) for each in due]
    data = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
    key, copy = f"{name}.jsonl.gz", 0
    while storage.put_if(key, data, None) is None:  # two at the same microsecond
        copy += 1
        key = f"{name}-{copy}.jsonl.gz"
    return key
