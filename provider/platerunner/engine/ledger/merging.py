"""Merges a day's small files into one, while steps write and others read and merge.

A merge first records what it will do, and one process at a time can write that record. A process that finds an
unfinished merge finishes it: every part can be done twice. Files are deleted only after the merged one was read back.
"""

import hashlib
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.files import MERGED, Content, Ledger, Section, name_of, rows_of_new
from platerunner.engine.ledger.merged import Merged, encode_merged
from platerunner_unit.contract.storage import NotFoundError

log = logging.getLogger(__name__)
INTENTS = "attempts/merging/"


@dataclass(frozen=True, slots=True)
class Merge:
    """What is merged into what.

    :param target: key of the merged file.
    :param sources: keys of the files that are merged.
    :param done: whether the sources are deleted.
    """

    target: str
    sources: tuple[str, ...]
    done: bool = False

    def to_json(self) -> bytes:
        """The stored form."""
        return json.dumps({"target": self.target, "sources": self.sources, "done": self.done}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Merge":
        """Read the stored form."""
        raw: Mapping[str, Any] = json.loads(data)
        return cls(raw["target"], tuple(raw["sources"]), raw["done"])


def merge_before(ledger: Ledger, day: date) -> dict[Section, int]:
    """Merge all days before one; what is written later is merged next time.

    :param day: the first that is left alone: its steps go on writing.
    :returns: how many files were merged, of sections that had any.
    :raises LedgerError: after all others are merged, if a file is damaged.
    """
    counts: dict[Section, int] = {}
    problems = []
    for part in [part for part, found in ledger.sections().items() if part.day < day and found.new]:
        try:
            counts[part] = merge(ledger, part)
        except LedgerError as error:  # or one torn file would keep all days back forever
            problems.append(str(error))
    if problems:
        raise LedgerError("\n".join(dict.fromkeys(problems)))
    return {part: count for part, count in counts.items() if count}


def merge(ledger: Ledger, section: Section) -> int:
    """Merge what a section has.

    :returns: how many files were merged; 0 if there is no new one, or if another process merges them.
    """
    key = f"{ledger.prefix}{INTENTS}{section.folder.rstrip('/')}.json"
    before, etag = _read(ledger, key)
    if before is not None and not before.done:
        _carry_out(ledger, section, before)
    content = ledger.load(section)
    for left in content.hidden:  # by a process that died, or was away for long
        ledger.storage.delete(left)
    if not content.new:
        return 0
    intent = _intent(ledger, section, content)
    if (etag := ledger.storage.put_if(key, intent.to_json(), etag)) is None:
        return 0
    _carry_out(ledger, section, intent)
    ledger.storage.put_if(key, Merge(intent.target, intent.sources, done=True).to_json(), etag)
    return len(intent.sources)


def _intent(ledger: Ledger, section: Section, content: Content) -> Merge:
    """The merge to do now. The target's name follows from its sources and sorts after theirs."""
    sources = sorted([*content.merged, *content.new])
    inside = {*map(name_of, sources), *content.inside}
    name = f"{len(inside):08}-{hashlib.sha256('/'.join(sorted(inside)).encode()).hexdigest()[:16]}.parquet"
    return Merge(f"{ledger.prefix}{MERGED}{section.folder}{name}", tuple(sources))


def _carry_out(ledger: Ledger, section: Section, intent: Merge) -> None:
    """Write the merged file, unless it exists or was merged again, and delete its sources."""
    content = ledger.load(section)
    if not ledger.storage.exists(intent.target) and name_of(intent.target) not in content.inside:
        if lacking := set(intent.sources) - {*content.merged, *content.new}:
            _say_lacking(ledger, intent, lacking)
            return
        _write(ledger, intent, content)
    for source in intent.sources:
        ledger.storage.delete(source)


def _say_lacking(ledger: Ledger, intent: Merge, lacking: Collection[str]) -> None:
    """The sources are gone: merged by another process, or deleted by hand. The next merge takes what is there then."""
    if not ledger.storage.exists(intent.target):
        log.warning("%s is not merged: %s is gone", intent.target, min(lacking))


def _write(ledger: Ledger, intent: Merge, content: Content) -> None:
    """Write a merged file, and read it back.

    :raises LedgerError: if a source is damaged, or what was written does not have all rows.
    """
    merged = [content.merged[key] for key in intent.sources if key in content.merged]
    new = [key for key in intent.sources if key in content.new]
    rows = [row for each in merged for row in each.rows()]
    rows += [row for key in new for row in rows_of_new(content.new[key], ledger.storage.url_of(key))]
    inside = {*map(name_of, intent.sources)}.union(*(each.sources for each in merged))
    ledger.storage.put(intent.target, encode_merged(rows, sorted(inside)))
    place = ledger.storage.url_of(intent.target)
    written = Merged.of(ledger.storage.get(intent.target), place).content.num_rows
    if written != len(rows):
        raise LedgerError(f"{place} has {written} rows in place of {len(rows)}: delete it, and merge again")


def _read(ledger: Ledger, key: str) -> tuple[Merge | None, str | None]:
    try:
        data, etag = ledger.storage.get_tagged(key)
    except NotFoundError:
        return None, None
    try:
        return Merge.from_json(data), etag
    except (ValueError, KeyError, TypeError) as error:
        place = ledger.storage.url_of(key)
        raise LedgerError(
            f"{place} cannot be read ({error}): delete it; what it says follows from the files"
        ) from error
