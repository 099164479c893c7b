"""The files of a ledger: new rows as lines of JSON, a file per collected submission; old ones merged into Parquet.

    attempts/new/date=2026-11-30/pipeline=demo/<job id>.jsonl.gz       written by a step, once
    attempts/merged/date=2026-11-30/pipeline=demo/<n>-<hash>.parquet   made of them by a compaction; n files are in it

No file is ever changed. A merged file names those that are in it, by which a reader leaves out what it has already,
whatever a compaction that died has left behind.
"""

import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from platerunner.batch.model import Submission
from platerunner.engine.ledger.columns import LedgerError, Row, check_version, damaged, table
from platerunner.engine.ledger.merged import Merged
from platerunner_unit.contract.storage import NotFoundError, Storage

NEW = "attempts/new/"
MERGED = "attempts/merged/"
LOOKS = 5
"""Times that a section is listed again while compactions take away what was listed."""
_SECTION = re.compile(r"(date=(\d{4}-\d{2}-\d{2})/pipeline=([^/]+)/)([^/]+)")


@dataclass(frozen=True, slots=True, order=True)
class Section:
    """A day of a pipeline.

    :param day: on which the submission was made, in UTC.
    """

    day: date
    pipeline: str

    @property
    def folder(self) -> str:
        """Its part of keys, with a slash at the end."""
        return f"date={self.day.isoformat()}/pipeline={self.pipeline}/"


@dataclass(slots=True)
class Found:
    """Keys of a section, as listed."""

    new: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Content:
    """What stands of a section: each row of it once.

    :param merged: key to content of the merged files that are in no other.
    :param new: key to content of the new files that are in none of these.
    :param inside: names of the files that are in a merged one.
    :param hidden: keys of those of them that are still there, or there again.
    """

    merged: Mapping[str, Merged]
    new: Mapping[str, bytes]
    inside: frozenset[str]
    hidden: tuple[str, ...]


class Ledger:
    """A ledger: in a workspace, or one that all pipelines share.

    :param storage: that has it.
    :param prefix: where in there; empty or with a slash at the end.
    """

    def __init__(self, storage: Storage, prefix: str = "") -> None:
        self.storage = storage
        self.prefix = prefix

    @property
    def url(self) -> str:
        """Where it is, for people."""
        return self.storage.url_of(self.prefix).rstrip("/")

    def find(self, pipeline: str, submission: Submission) -> list[Row] | None:
        """The rows of a submission, if they are written and not merged yet; else None.

        :raises LedgerError: if they are damaged, or a newer version wrote them.
        """
        key = self._key(pipeline, submission)
        try:
            return rows_of_new(self.storage.get(key), self.storage.url_of(key))
        except NotFoundError:
            return None

    def write(self, pipeline: str, submission: Submission, rows: Sequence[Row]) -> bool:
        """Write the rows of a submission that has ended, unless somebody has.

        The name follows from the submission alone: who collects it again after a process died finds its rows there.

        :returns: whether it was written.
        """
        lines = [json.dumps({"version": table().version, **row}, ensure_ascii=False) for row in rows]
        data = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
        return self.storage.put_if(self._key(pipeline, submission), data, None) is not None

    def _key(self, pipeline: str, submission: Submission) -> str:
        section = Section(_day_of(submission.submitted_at), pipeline)
        return f"{self.prefix}{NEW}{section.folder}{submission.job_id}.jsonl.gz"

    def sections(self, since: date | None = None, pipelines: Collection[str] = ()) -> dict[Section, Found]:
        """What there is, by day and pipeline, oldest first; foreign objects are passed over.

        :param since: first day that matters.
        :param pipelines: that matter; empty for all.
        """
        found: dict[Section, Found] = defaultdict(Found)
        for kind, keys in self._listed(""):
            for key in keys:
                if (section := self._section_of(key, kind)) is None:
                    continue
                if (since is None or section.day >= since) and (not pipelines or section.pipeline in pipelines):
                    place = found[section]
                    (place.new if kind == NEW else place.merged).append(key)
        return dict(sorted(found.items()))

    def rows(self, since: date | None = None, pipelines: Collection[str] = ()) -> Iterator[Row]:
        """All rows, each once, also while steps write and compactions merge.

        :raises LedgerError: if a file is damaged, or a newer version wrote it.
        """
        for section, found in self.sections(since, pipelines).items():
            yield from self.rows_of(section, found)

    def rows_of(self, section: Section, found: Found | None = None) -> Iterator[Row]:
        """The rows of one section, once all its files are at hand.

        :param found: what was listed of it; None to list it.
        """
        content = self.load(section, found)
        for merged in content.merged.values():
            yield from merged.rows()
        for key, data in content.new.items():
            yield from rows_of_new(data, self.storage.url_of(key))

    def load(self, section: Section, found: Found | None = None) -> "Content":
        """The files of a section that are in no other.

        :raises LedgerError: if one is damaged, or a newer version wrote it.
        """
        for _ in range(LOOKS):
            try:
                return self._load(found or self.look(section))
            except NotFoundError:  # merged since it was listed
                found = None
        raise LedgerError(f"{self.url}: {section.folder} is being merged all the time; try again later")

    def _load(self, found: Found) -> "Content":
        merged = {key: Merged.of(self.storage.get(key), self.storage.url_of(key)) for key in found.merged}
        inside = frozenset[str]().union(*(each.sources for each in merged.values()))
        new = {key: self.storage.get(key) for key in found.new if name_of(key) not in inside}
        standing = {key: each for key, each in merged.items() if name_of(key) not in inside}
        hidden = tuple(key for key in [*found.new, *found.merged] if name_of(key) in inside)
        return Content(standing, new, inside, hidden)

    def look(self, section: Section) -> Found:
        """The objects of a section that are there now."""
        listed = self._listed(section.folder)
        return Found(*([key for key in keys if self._section_of(key, kind) is not None] for kind, keys in listed))

    def _listed(self, folder: str) -> Iterator[tuple[str, list[str]]]:
        """Keys of new and of merged files.

        New ones first: what is merged meanwhile is seen in both, never in none. Merged ones until two looks agree: a
        file that takes the place of another while a folder is read may be seen no more than that one.
        """
        yield NEW, [each.key for each in self.storage.list(f"{self.prefix}{NEW}{folder}")]
        before: list[str] | None = None
        while (now := sorted(each.key for each in self.storage.list(f"{self.prefix}{MERGED}{folder}"))) != before:
            before = now
        yield MERGED, now

    def _section_of(self, key: str, kind: str) -> Section | None:
        match = _SECTION.fullmatch(key.removeprefix(f"{self.prefix}{kind}"))
        if match is None or not match[4].endswith(".jsonl.gz" if kind == NEW else ".parquet"):
            return None
        try:
            return Section(date.fromisoformat(match[2]), match[3])
        except ValueError:
            return None


def rows_of_new(data: bytes, place: str) -> list[Row]:
    """The rows that a step wrote.

    :param place: where they are, for the message.
    :raises LedgerError: if they are damaged, or a newer version wrote them.
    """
    try:
        if not data:
            raise EOFError("it is empty")  # noqa: TRY301
        raw = [json.loads(line) for line in gzip.decompress(data).splitlines()]
        versions = [row.pop("version") for row in raw]
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, zlib.error) as error:
        raise LedgerError(damaged(place, error)) from error
    for version in versions:
        check_version(version, place)
    try:
        for row in raw:
            table().check(row)
    except ValueError as error:
        raise LedgerError(damaged(place, error)) from error
    return [table().fit(row) for row in raw]


def name_of(key: str) -> str:
    """The name of a file, by which merged files know what is in them."""
    return key.rpartition("/")[2]


def _day_of(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(UTC).date()
