"""Launches: runs that an uploaded file asks for, from its arrival to the run's end; and the files that were refused."""

import enum
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from platerunner.engine.records.codec import Kind, decode, encode, read, read_at_once
from platerunner_unit.contract.keys import launch_file_key, launch_key, launches_prefix, refused_key
from platerunner_unit.contract.storage import NotFoundError, Storage

LAUNCH = Kind("a record of a launch", remedy="delete it, and upload the launch's file again")
REFUSED = Kind("a record of a launch that was refused", remedy="delete it; it only tells what was wrong with a file")
RUN = "launch-"
"""What the id of a launch's run has before the launch's own."""
TRIES = 20
"""Times that a change is tried if others change the record at once."""


class LaunchState(enum.StrEnum):
    """How far a launch is."""

    RECEIVED = "RECEIVED"
    WAITING = "WAITING"
    READY = "READY"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


_BEFORE_JOBS = frozenset({LaunchState.RECEIVED, LaunchState.WAITING, LaunchState.READY})


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch as it is recorded.

    :param file: address of the file that asked for it.
    :param digest: of all that it asks for.
    :param params: of its run.
    :param at: when it came to its state, ISO 8601.
    :param log_group: of CloudWatch, where its jobs write.
    :param streams: of jobs that failed.
    :param cause: why it failed, or what it waits for.
    :param past: state and time, of the states before.
    """

    id: str
    pipeline: str
    file: str
    digest: str
    params: Mapping[str, Any]
    state: LaunchState = LaunchState.RECEIVED
    at: str = ""
    log_group: str = ""
    streams: tuple[str, ...] = ()
    cause: str = ""
    past: tuple[tuple[str, str], ...] = ()

    @property
    def run(self) -> str:
        """Id of its run."""
        return f"{RUN}{self.id}"

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_json`."""
        known = {name: raw[name] for name in cls.__slots__ if name in raw}
        past = tuple((str(state), str(at)) for state, at in raw.get("past", ()))
        return cls(**{**known, "state": LaunchState(raw["state"]), "past": past, "streams": tuple(raw["streams"])})

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {**asdict(self), "state": str(self.state), "run": self.run}

    def moved(self, state: LaunchState, **told: Any) -> "Launch":
        """The launch in another state, or the same one with more about it.

        :param told: other fields.
        """
        if state is self.state:
            return replace(self, **told)
        past = (*self.past, (str(self.state), self.at))
        return replace(self, state=state, at=_now(), past=past, **{"cause": "", **told})


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that starts nothing.

    :param name: of the file beside it that says why, without its ending.
    :param launch: id that it asks for, where it can be read.
    :param error: the kind: ``MissingRequiredParametersError`` or ``InvalidLaunchError``.
    :param missing: keys and params that every launch has to give, and this one does not.
    :param problems: line, column, message and remedy of all that is wrong.
    """

    name: str
    file: str
    launch: str
    error: str
    missing: tuple[str, ...]
    problems: tuple[Mapping[str, Any], ...]
    at: str = ""

    @property
    def sentence(self) -> str:
        """The first problem, and how many there are."""
        first, more = self.problems[0], len(self.problems) - 1
        return f"line {first['line']}: {first['message']}. {first['remedy']}" + (f" ({more} more)" if more else "")


def launch_of(run_id: str) -> str:
    """The launch that started a run; empty if no launch did."""
    return run_id.removeprefix(RUN) if run_id.startswith(RUN) else ""


class Launches:
    """The launches of a pipeline.

    :param workspace: the pipeline's.
    """

    def __init__(self, workspace: Storage) -> None:
        self._workspace = workspace

    def begin(self, launch: Launch) -> Launch:
        """Record a launch, unless there is one of this id; the one that there is then."""
        made = replace(launch, at=_now())
        while self._workspace.put_if(launch_key(launch.id), encode(LAUNCH, made.to_json(), indent=1), None) is None:
            if (found := self.load(launch.id)) is not None:
                return found
        return made

    def load(self, launch: str) -> Launch | None:
        """A launch; None if there is none of this id."""
        try:
            return Launch.from_json(read(LAUNCH, self._workspace, launch_key(launch))[1])
        except NotFoundError:
            return None

    def note(self, launch: str, state: LaunchState, **told: Any) -> None:
        """Let a launch come to a state: what waits after jobs have begun still runs, and a state is come to once.

        :param told: ``cause``, ``streams``, ``log_group``.
        """
        key = launch_key(launch)
        for _ in range(TRIES):
            try:
                content, etag = self._workspace.get_tagged(key)
            except NotFoundError:
                return
            before = Launch.from_json(decode(LAUNCH, content, self._workspace.url_of(key))[1])
            if state in _BEFORE_JOBS and before.state not in _BEFORE_JOBS:
                return
            after = before.moved(state, **told)
            if after == before or self._workspace.put_if(key, encode(LAUNCH, after.to_json(), indent=1), etag):
                return

    def tell(self, launch: str, cause: str) -> None:
        """Note why a launch's run is about to fail; the state stays until it has."""
        if (found := self.load(launch)) is not None:
            self.note(launch, found.state, cause=cause)

    def refuse(self, refused: Refused) -> Refused:
        """Record a file that starts nothing."""
        made = replace(refused, at=_now())
        self._workspace.put(refused_key(refused.name), encode(REFUSED, asdict(made), indent=1))
        return made

    def forget_refused(self, name: str) -> None:
        """Take the record of a file away that is good now."""
        self._workspace.delete(refused_key(name))

    def all(self) -> list[Launch]:
        """Every launch, that which moved last first."""
        found = [Launch.from_json(raw) for raw in self._read(LAUNCH, launches_prefix())]
        return sorted(found, key=lambda launch: (launch.at, launch.id), reverse=True)

    def all_refused(self) -> list[Refused]:
        """Every refused file, the newest first."""
        raws = self._read(REFUSED, refused_key("").removesuffix(".json"))
        found = [Refused(**{**raw, **{n: tuple(raw[n]) for n in ("missing", "problems")}}) for raw in raws]
        return sorted(found, key=lambda refused: (refused.at, refused.name), reverse=True)

    def seen(self) -> set[str]:
        """Keys of the records of files that were looked at."""
        return {found.key for found in self._workspace.list(launch_file_key("", "").rpartition("/")[0] + "/")}

    def see(self, file: str, etag: str) -> None:
        """Record that a file was looked at, as it is."""
        self._workspace.put(launch_file_key(file, etag), b"")

    def _read(self, kind: Kind, prefix: str) -> list[Mapping[str, Any]]:
        """What is kept directly in a folder."""
        _, objects = self._workspace.folders(prefix)
        keys: Sequence[str] = [found.key for found in objects if found.key.endswith(".json")]
        return read_at_once(lambda key: read(kind, self._workspace, key)[1], keys)


def digest_of(content: str) -> str:
    """What tells two launches apart that have one id."""
    return hashlib.sha256(content.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
