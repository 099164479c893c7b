"""The queue between the threads that report and the one that exports: bounded, and adding to it hardly waits."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from platerunner_unit.contract.outcome import Outcome

LIMIT_BYTES = 64 * 1024 * 1024
"""Tool output that may wait for the collector: 500,000 lines of 120 bytes, five times the burst promised."""
LIMIT_SPANS = 200_000
"""A module of each of 10,000 image sets in a pipeline of 20 modules."""
TAKE_BYTES = 512 * 1024
TAKE_SPANS = 512
_CHUNK_OVERHEAD = 128  # what a small bytes object costs in the queue beyond its text


@dataclass(frozen=True)
class Part:
    """A finished part of the unit, which becomes a span.

    :param error: why it failed; None if it did not.
    """

    name: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    error: Optional[str] = None


@dataclass(frozen=True)
class Result:
    """The unit's end: what closes its span and becomes the metrics.

    :param bytes_in: size of the unit's inputs, as listed.
    :param submitted_at: when its job was submitted, in seconds since 1970; None if that is not known.
    """

    outcome: Outcome
    end_ns: int
    bytes_in: int = 0
    submitted_at: Optional[float] = None


@dataclass
class Taken:
    """What the exporting thread takes at once.

    :param chunks: tool output with the time at which it was read, in nanoseconds since 1970.
    :param gap: whether output before the first chunk was dropped, so that a line begun before it has lost its end.
    :param closing: whether nothing comes after what is still in the buffer.
    """

    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    result: Optional[Result] = None
    gap: bool = False
    closing: bool = False

    @property
    def last(self) -> bool:
        """Whether the buffer is empty and closed."""
        return self.closing and not (self.chunks or self.parts or self.result)


class Buffer:
    """What waits for export, with counts of all that was put in, for the account at the end.

    :param limit_bytes: tool output beyond it pushes the oldest out, because the last lines say why a unit failed.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.lines_put = self.lines_dropped = self.parts_put = 0
        self._limit = limit_bytes
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._parts: deque[Part] = deque()
        self._result: Optional[Result] = None
        self._gap = self._closing = self._open_line = False
        self._changed = threading.Condition()

    def put_chunk(self, chunk: bytes) -> None:
        """Add tool output."""
        if not chunk:
            return
        with self._changed:
            self._chunks.append((time.time_ns(), chunk))
            self.lines_put += chunk.count(b"\n")
            self._open_line = not chunk.endswith(b"\n")
            self._size += len(chunk) + _CHUNK_OVERHEAD
            while self._size > self._limit and len(self._chunks) > 1:
                self._drop_oldest()
            if self._size >= TAKE_BYTES:
                self._changed.notify()

    def put_part(self, part: Part) -> None:
        """Add a span."""
        with self._changed:
            self.parts_put += 1
            if len(self._parts) >= LIMIT_SPANS:
                return
            self._parts.append(part)
            if len(self._parts) >= TAKE_SPANS:
                self._changed.notify()

    def put_result(self, result: Result) -> None:
        """Add the unit's end."""
        with self._changed:
            self._result = result
            self._changed.notify()

    def finish(self) -> None:
        """Say that nothing more will be added."""
        with self._changed:
            self._closing = True
            self.lines_put += self._open_line
            self._changed.notify()

    def take(self, wait_s: float) -> Taken:
        """Wait until there is enough for an export, or for the time given, and take it.

        :param wait_s: seconds to wait at most, so that lines arrive soon.
        """
        with self._changed:
            self._changed.wait_for(self._worth_taking, wait_s)
            taken = Taken(self._take_chunks(), list(self._parts), self._result, self._gap, self._closing)
            self._parts.clear()
            self._result = None
            self._gap = False
            return taken

    def _worth_taking(self) -> bool:
        enough = self._size >= TAKE_BYTES or len(self._parts) >= TAKE_SPANS
        return enough or self._closing or self._result is not None

    def _take_chunks(self) -> list[tuple[int, bytes]]:
        chunks, size = [], 0
        while self._chunks and size < TAKE_BYTES:
            chunks.append(self._chunks.popleft())
            size += len(chunks[-1][1]) + _CHUNK_OVERHEAD
        self._size -= size
        return chunks

    def _drop_oldest(self) -> None:
        _, chunk = self._chunks.popleft()
        self._size -= len(chunk) + _CHUNK_OVERHEAD
        self.lines_dropped += chunk.count(b"\n")
        self._gap = True
