"""Cuts tool output into lines, whatever its chunks."""

from __future__ import annotations

from dataclasses import dataclass

LINE_LIMIT = 1024 * 1024
"""Bytes of a line that go out: a collector takes 4 MiB a request by gRPC's default."""


@dataclass(frozen=True)
class Line:
    """A line of tool output.

    :param time_ns: when it was read, in nanoseconds since 1970; one more for each line of a chunk, to keep the order.
    :param text: without its end; at most :data:`LINE_LIMIT` bytes of it.
    :param count: lines of which it is made: a traceback is one record.
    """

    time_ns: int
    text: str
    count: int = 1


class LineCutter:
    """Keeps what is left of the last chunk until its line is complete."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._time = 0

    def cut(self, time_ns: int, chunk: bytes) -> list[Line]:
        """The lines that a chunk completes.

        :param time_ns: when it was read.
        """
        first, newline, others = chunk.partition(b"\n")
        self._keep(first)
        if not newline:
            return []
        *whole, rest = others.split(b"\n")
        lines = [self._line(time_ns, text) for text in (self._pop(), *whole)]
        self._keep(rest)
        return lines

    def end(self, time_ns: int) -> list[Line]:
        """The last line, if it has no end."""
        return [self._line(time_ns, self._pop())] if self._rest_size else []

    def forget(self) -> None:
        """Drop the line that was begun: its end is lost."""
        self._pop()

    def _line(self, time_ns: int, text: bytes) -> Line:
        self._time = max(time_ns, self._time + 1)
        return Line(self._time, text[:LINE_LIMIT].decode(errors="replace").rstrip("\r"))

    def _keep(self, part: bytes) -> None:
        # A tool that never ends its line must not fill the memory with it.
        room = LINE_LIMIT - self._rest_size
        if part and room > 0:
            self._rest.append(part[:room])
            self._rest_size += min(len(part), room)

    def _pop(self) -> bytes:
        text = b"".join(self._rest)
        self._rest.clear()
        self._rest_size = 0
        return text
