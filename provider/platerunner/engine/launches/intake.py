"""Looks at the files that ask for launches: each is recorded as a launch, or refused with a file beside it.

It lists the folder and goes by what was looked at before, so that the message that wakes it need not name every file:
none is forgotten if messages get lost, and none is taken twice if they come twice.
"""

import logging
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from platerunner.documents.problems import Problem
from platerunner.documents.reader import MAX_BYTES
from platerunner.engine.launches.config import INVALID, InvalidLaunchError, read_config
from platerunner.engine.records.codec import RecordError, encode
from platerunner.engine.records.launches import REFUSED, Launch, Launches, Refused
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.keys import launch_file_key
from platerunner_unit.contract.storage import NotFoundError, Storage, StorageError, StoredObject

log = logging.getLogger(__name__)
REFUSAL = ".rejected.json"
READERS = 16
LONGEST_NAME = 100


@dataclass(frozen=True, eq=False, slots=True)
class Taken:
    """A file that was looked at.

    :param what: the launch, or why there is none.
    :param key: of the file.
    :param etag: of its content.
    """

    what: Launch | Refused
    key: str
    etag: str


@dataclass(frozen=True, slots=True)
class Untaken:
    """A file that cannot be judged now; the next look tries again.

    :param url: of the file.
    :param why: what the storage says, or what is wrong with the record of its launch.
    """

    url: str
    why: str


class Intake:
    """Takes in files of one pipeline.

    :param pipeline: that they start.
    :param files: the folder that they are uploaded to.
    :param workspace: the pipeline's.
    :param pools: names of the connection's queues.
    """

    def __init__(self, pipeline: Pipeline, files: Storage, workspace: Storage, pools: Collection[str]) -> None:
        self._pipeline = pipeline
        self._files = files
        self._launches = Launches(workspace)
        self._pools = pools
        self._refused_before: frozenset[str] = frozenset()

    def look(self) -> Iterator[Taken | Untaken]:
        """Take in what is new; each has to be :meth:`settled <settle>` when all is done about it.

        What cannot be read holds up no other file.
        """
        self._refused_before = frozenset(refused.name for refused in self._launches.all_refused())
        with ThreadPoolExecutor(READERS) as pool:
            yield from (taken for taken in pool.map(self._try_to_take, self._new()) if taken is not None)

    def settle(self, taken: Taken) -> None:
        """Let a file never be looked at again, as it is."""
        self._launches.see(self._files.url_of(taken.key), taken.etag)

    def _new(self) -> list[StoredObject]:
        seen = self._launches.seen()
        found = (each for each in self._files.list() if not each.key.endswith((REFUSAL, "/")))
        return [each for each in found if launch_file_key(self._files.url_of(each.key), each.etag) not in seen]

    def _try_to_take(self, file: StoredObject) -> Taken | Untaken | None:
        try:
            return self._take(file)
        except (StorageError, RecordError) as error:
            return Untaken(self._files.url_of(file.key), str(error))

    def _take(self, file: StoredObject) -> Taken | None:
        """What becomes of a file; None if it is gone."""
        if file.size > MAX_BYTES:
            size = f"{file.size:,} bytes, and a launch has at most {MAX_BYTES >> 20} MiB"
            remedy = "Name the data by its address; a launch is a few lines."
            problem = Problem(Path(file.key), 1, 1, size, remedy, "too-large")
            return self._refused(file.key, file.etag, InvalidLaunchError("", (), (problem,)))
        try:
            content, etag = self._files.get_tagged(file.key)  # one that was replaced since is taken as it is now
        except NotFoundError:
            return None
        try:
            config = read_config(content, file.key.rpartition("/")[2], self._pipeline, self._pools)
            url = self._files.url_of(file.key)
            asked = Launch(config.launch, self._pipeline.name, url, config.digest, config.params)
            launch = self._launches.begin(asked)
            if launch.digest != config.digest:
                raise _used(launch, file.key)
        except InvalidLaunchError as error:
            return self._refused(file.key, etag, error)
        self._accept(file.key, config.launch)
        return Taken(launch, file.key, etag)

    def _accept(self, key: str, launch: str) -> None:
        """Delete the record of an earlier refusal of the file."""
        for name in {launch, _stem(key)} & self._refused_before:
            self._files.delete(_beside(key, name))
            self._launches.forget_refused(name)

    def _refused(self, key: str, etag: str, error: InvalidLaunchError) -> Taken:
        problems = tuple(_told(problem) for problem in error.problems)
        name = error.launch or _stem(key)
        refused = self._launches.refuse(
            Refused(name, self._files.url_of(key), error.launch, error.kind, error.missing, problems)
        )
        self._files.put(_beside(key, name), encode(REFUSED, asdict(refused), indent=1))
        return Taken(refused, key, etag)


def _used(launch: Launch, key: str) -> InvalidLaunchError:
    message = f"`{launch.id}` is the name of a launch that {launch.file} asked for, with other params"
    remedy = "Choose another name: a launch is one run."
    problem = Problem(Path(key.rpartition("/")[2]), 1, 1, message, remedy, INVALID)
    return InvalidLaunchError(launch.id, (), (problem,))


def _stem(key: str) -> str:
    """The name of a file without its ending, short enough for a further one."""
    return key.rpartition("/")[2].rpartition(".")[0][:LONGEST_NAME] or key.rpartition("/")[2][:LONGEST_NAME]


def _beside(key: str, name: str) -> str:
    folder, slash, _ = key.rpartition("/")
    return f"{folder}{slash}{name}{REFUSAL}"


def _told(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("line", "column", "message", "remedy", "code")}
