"""Log streams of the embedded cloud: CloudWatch's calls read the files that the agent writes, as they grow."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.utils import utcnow
from moto.logs.models import LogGroup, LogsBackend, LogStream


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a log; moto keeps every event of its own class forever, so this is another class.

    :param timestamp: milliseconds since 1970.
    """

    timestamp: int
    message: str

    def to_response_dict(self) -> dict[str, Any]:
        """As GetLogEvents shows it."""
        return {"timestamp": self.timestamp, "message": self.message, "ingestionTime": self.timestamp}

    def to_filter_dict(self) -> dict[str, Any]:
        """As FilterLogEvents shows it."""
        return {**self.to_response_dict(), "eventId": f"{self.timestamp}{abs(hash(self.message))}"}


class FileEvents:
    """The events of a stream, read from its file whenever somebody asks: nothing is kept in memory.

    :param path: lines of milliseconds, tab, message; need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __bool__(self) -> bool:
        return self._path.exists()

    def __iter__(self) -> Iterator[Event]:
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for line in file:
                if line.endswith("\n"):
                    yield _event(line[:-1])


def _event(line: str) -> Event:
    stamp, _, message = line.partition("\t")
    return Event(int(stamp), message)


def open_stream(backend: LogsBackend, group: str, stream: str, path: Path) -> None:
    """Make a stream whose events are those of a file.

    :param backend: of the region.
    :param group: log group; made if it is not there, as the awslogs driver can.
    :param path: the file.
    """
    backend.ensure_log_group(group)
    groups: dict[str, LogGroup] = backend.groups
    log: Any = LogStream(groups[group], stream)
    log.events = FileEvents(path)
    log.last_ingestion_time = utcnow()
    groups[group].streams[stream] = log
