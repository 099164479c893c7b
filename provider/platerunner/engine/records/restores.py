"""What a step of a run has asked S3 to bring back from its archives: nobody asks for it twice.

A few lines tell since when is waited; the objects are in files of their own, each written once. So a million of them
are no more to write than they are, and of what is read again only a number each is kept in memory.
"""

import gzip
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from platerunner.engine.records.codec import Kind, encode, read, read_at_once
from platerunner_unit.contract.keys import restore_key, restored_prefix
from platerunner_unit.contract.storage import NotFoundError, Storage

RESTORE = Kind("a record of what was asked to be restored", 2, remedy="delete it; the step looks at the objects again")
"""Format 1 had all addresses in it."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What was asked for; ``url in requests`` says whether an object was.

    :param since: the first time, in seconds of the epoch.
    :param tier: of the restore.
    :param marks: of the objects, sorted.
    """

    since: float = 0.0
    tier: str = ""
    marks: Sequence[int] = field(default_factory=lambda: array("Q"))

    def __contains__(self, url: str) -> bool:
        mark = _mark(url)
        at = bisect_left(self.marks, mark)
        return at < len(self.marks) and self.marks[at] == mark

    def __len__(self) -> int:
        return len(self.marks)


class RestoreFile:
    """Where a step of a run keeps it.

    :param branch: key of the branch whose step it is; empty if there are none.
    """

    def __init__(self, workspace: Storage, run_id: str, step: str, branch: str = "") -> None:
        self._workspace = workspace
        self._key = restore_key(run_id, step, branch)
        self._parts = restored_prefix(run_id, step, branch)

    def load(self) -> Requests:
        """What was asked for; nothing if nothing ever was."""
        try:
            _, raw = read(RESTORE, self._workspace, self._key)
        except NotFoundError:
            return Requests()
        keys = [stored.key for stored in self._workspace.list(self._parts)]
        marks = array("Q", map(_mark, raw.get("urls", ())))
        for part in read_at_once(self._marks, keys):
            marks.extend(part)
        return Requests(float(raw["since"]), raw["tier"], array("Q", sorted(set(marks))))

    def begin(self, tier: str) -> None:
        """Keep since when is waited, unless it is kept."""
        content = encode(RESTORE, {"since": time.time(), "tier": tier}, indent=1)
        self._workspace.put_if(self._key, content, None)

    def add(self, urls: Iterable[str]) -> None:
        """Keep that objects were asked for."""
        data = gzip.compress("".join(f"{url}\n" for url in urls).encode(), mtime=0)
        self._workspace.put(f"{self._parts}{blake2b(data, digest_size=8).hexdigest()}.txt.gz", data)

    def forget(self) -> None:
        """Let a task that is cleared ask again, and wait as long again."""
        for stored in list(self._workspace.list(self._parts)):
            self._workspace.delete(stored.key)
        self._workspace.delete(self._key)

    def _marks(self, key: str) -> array[int]:
        return array("Q", map(_mark, _lines(gzip.decompress(self._workspace.get(key)))))


def _lines(data: bytes) -> Iterator[str]:
    return (line for line in data.decode().split("\n") if line)


def _mark(url: str) -> int:
    """A number for an address; of a million, two share one in one of thirty million records."""
    return int.from_bytes(blake2b(url.encode(), digest_size=8).digest())
