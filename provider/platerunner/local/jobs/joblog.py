"""The file in which the agent keeps a job's output."""

import time
from pathlib import Path
from typing import BinaryIO

CHUNK = 256 * 1024
"""Bytes of a piece of output, and of CloudWatch's largest event."""


class Log:
    """A job's output in a file, each line behind the milliseconds since 1970 at which it came, and a tab.

    :param path: of the file; made when the first line comes.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Take a piece of output, lines cut anywhere."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > CHUNK:  # CloudWatch's largest event
            lines, self._rest = [*lines, self._rest], b""
        self._put(lines)

    def close(self) -> None:
        """Write what has no newline, and close the file."""
        self._put([self._rest] if self._rest else [])
        if self._file is not None:
            self._file.close()

    def _put(self, lines: list[bytes]) -> None:
        if not lines:
            return
        if self._file is None:
            self._file = Path(self.path).open("ab")  # noqa: SIM115  (closed by close)
        stamp = str(time.time_ns() // 1_000_000).encode() + b"\t"
        self._file.write(b"".join(stamp + line + b"\n" for line in lines))
        self._file.flush()
