"""From the tool's output to our stdout, unchanged and in order, with a copy to the gzipped log and one to the detector.

One thread reads and writes. A reader of our stdout that is slow makes the tool wait, as a plain pipe would; one that
does not read at all for :data:`PATIENCE_S`, or that is gone, is given up, and only the log goes on.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import sys
import threading
import time
import traceback
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Optional

from platerunner_unit.contract.processes import path_of_descriptor

CHUNK = 256 * 1024
PENDING_LIMIT = 8 * 1024 * 1024
PATIENCE_S = 60.0
TAIL_LINES = 100
_TAIL_BYTES = 256 * 1024
_LINE_LIMIT = 2000
_GZIP = 31  # zlib's window bits for a gzip header
_GZIP_PART = 64 * 1024
_F_SETPIPE_SZ = 1031  # fcntl.F_SETPIPE_SZ has a name from Python 3.10 on

Feed = Callable[[bytes], None]


class LogFile:
    """A gzipped log that survives a full disk: what cannot be written is dropped, and the error kept.

    :param path: of the file, overwritten.
    """

    def __init__(self, path: Path) -> None:
        self.error: Optional[OSError] = None
        self._lock = threading.Lock()
        self._compressor = _compressor()
        self._pending: list[bytes] = []
        self._size = 0
        self._file: BinaryIO = path.open("wb")

    def write(self, data: bytes) -> None:
        """Add bytes as they are; dropped once the log is closed."""
        with self._lock:
            if self._file.closed:
                return
            self._pending.append(data)
            self._size += len(data)
            if self._size >= _GZIP_PART:
                self._flush()

    def say(self, line: str) -> None:
        """Add a line of the runner's own, marked as such."""
        self.write(f"platerunner: {line}\n".encode(errors="replace"))

    def close(self) -> None:
        """Finish the gzip stream."""
        with self._lock:
            if not self._file.closed:
                self._flush()
                self._put(self._compressor.flush())
                self._file.close()

    def _flush(self) -> None:
        self._put(self._compressor.compress(b"".join(self._pending)))
        self._pending.clear()
        self._size = 0

    def _put(self, data: bytes) -> None:
        if self.error is None:
            try:
                self._file.write(data)
                self._file.flush()
            except OSError as error:
                self.error = error


def _compressor() -> Any:
    """For a gzip stream; igzip, where it is installed, takes a quarter of zlib's time at the same size."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return isal_zlib.compressobj(1, isal_zlib.DEFLATED, _GZIP)


class Pump:
    """Reads a pipe in a thread of its own until its end; see the module.

    :param log: gets every byte.
    :param feed: gets every byte, in chunks of any size; one that raises is not called again.
    :param stdout: file descriptor to copy to.
    :param patience_s: seconds without any progress on stdout after which it is given up.
    """

    def __init__(self, log: LogFile, feed: Feed, stdout: int = 1, patience_s: float = PATIENCE_S) -> None:
        self._source, self.input = _pipe()
        self.last_output = time.monotonic()
        self.feed_error = ""
        self._log, self._feed, self._patience = log, feed, patience_s
        self._given_stdout = stdout
        self._stdout, self._most = _writable(stdout)
        self._pending: deque[memoryview] = deque()
        self._pending_size = 0
        self._progress = time.monotonic()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._open = True
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)

    def start(self) -> None:
        """Begin; the caller has given :attr:`input` to the tool and needs it no more."""
        os.close(self.input)
        self._thread.start()

    def finish(self, timeout_s: float) -> bool:
        """Wait until everything is copied.

        :param timeout_s: seconds; a process that kept the pipe open is not waited for any longer.
        :returns: whether the end of the output was reached.
        """
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines, at most 100 of at most 2,000 characters."""
        lines = b"".join(self._tail).decode(errors="replace").splitlines()
        return tuple(line[:_LINE_LIMIT] for line in lines[-TAIL_LINES:])

    @property
    def open_line(self) -> bool:
        """Whether the output ended, or began to wait, in the middle of a line."""
        return bool(self._tail) and not self._tail[-1].endswith(b"\n")

    def _run(self) -> None:
        reading = True
        while reading or self._pending:
            ready = self._wait(reading=reading and self._pending_size < PENDING_LIMIT)
            if self._source in ready:
                reading = self._read()
            if self._stdout in ready:
                self._write()
            elif self._pending and time.monotonic() - self._progress > self._patience:
                self._give_up("nobody read stdout")
        os.close(self._source)
        if self._stdout != self._given_stdout:
            os.close(self._stdout)

    def _wait(self, *, reading: bool) -> set[int]:
        """What can be read or written without blocking; nothing after a second in which nothing could."""
        poll = select.poll()
        if reading:
            poll.register(self._source, select.POLLIN)
        if self._pending:
            poll.register(self._stdout, select.POLLOUT)
        return {fd for fd, _ in poll.poll(1000)}

    def _read(self) -> bool:
        data = os.read(self._source, CHUNK)
        if data:
            self._take(data)
        return bool(data)

    def _take(self, data: bytes) -> None:
        self.last_output = time.monotonic()
        self._log.write(data)
        self._remember(data)
        if not self.feed_error:
            try:
                self._feed(data)
            except Exception:  # a fault in a detector rule must not cost the tool's output
                self.feed_error = traceback.format_exc()
        if self._open:
            self._progress = self._progress if self._pending else time.monotonic()
            self._pending.append(memoryview(data))
            self._pending_size += len(data)

    def _remember(self, data: bytes) -> None:
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) >= _TAIL_BYTES:
            self._tail_size -= len(self._tail.popleft())

    def _write(self) -> None:
        view = self._pending[0]
        try:
            written = os.write(self._stdout, view[: self._most])
        except BlockingIOError:  # others write to the same pipe, and were first
            return
        except OSError as error:
            self._give_up(f"stdout: {error.strerror}")
            return
        self._progress = time.monotonic()
        self._pending_size -= written
        if written < len(view):
            self._pending[0] = view[written:]
        else:
            self._pending.popleft()

    def _give_up(self, why: str) -> None:
        self._log.say(f"{why}; the tool's output goes to the log alone from here on")
        self._open = False
        self._pending.clear()
        self._pending_size = 0


def _writable(fd: int) -> tuple[int, int]:
    """A descriptor to write to, and how much it takes at once without blocking once it is writable.

    A pipe is opened a second time, because a flag on ours would be set for the whole shell that shares it. What cannot
    be opened takes :data:`select.PIPE_BUF` by POSIX's promise.
    """
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISREG(mode):
            return fd, CHUNK
        if stat.S_ISFIFO(mode):
            return os.open(path_of_descriptor(fd), os.O_WRONLY | os.O_NONBLOCK), CHUNK
    except OSError:  # no such path (macOS), or nobody reads: the first write will say so
        return fd, select.PIPE_BUF
    return fd, select.PIPE_BUF


def _pipe() -> tuple[int, int]:
    """A pipe as large as the system lets everybody have (Linux: 1 MiB), so that a read is worth its call."""
    source, target = os.pipe()
    if sys.platform == "linux":
        try:
            fcntl.fcntl(target, _F_SETPIPE_SZ, 1024 * 1024)
        except OSError:  # a user's share of pipe buffers is used up: the usual 64 KiB do as well
            return source, target
    return source, target
