"""The tool's process: a session of its own, signals forwarded to all of it, nothing left behind.

The runner is PID 1 in a container: it reaps every orphan, and it is made the subreaper elsewhere so that it can.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.processes import find_descendants

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
LEFTOVER_GRACE_S = 2.0


class ToolMissingError(Exception):
    """The tool cannot be started at all; the message is a clause for people.

    :param too_long: whether that is because its command line is longer than the system takes.
    """

    def __init__(self, clause: str, *, too_long: bool = False) -> None:
        super().__init__(clause)
        self.too_long = too_long


@dataclass(frozen=True)
class Spent:
    """What a tool and all that it started took, once it has been reaped.

    :param cpu_s: user and system seconds.
    :param largest: bytes of the largest single process, as the kernel counted it; 0 if that is not known.
    """

    cpu_s: float
    largest: int


class ToolProcess:
    """A started tool.

    :param argv: program and arguments.
    :param environ: its whole environment.
    :param cwd: its working folder.
    :param output: file descriptor for its stdout and stderr, merged so that their order is kept.
    :raises ToolMissingError: if the program is missing or cannot be executed.
    """

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], cwd: Path, output: int) -> None:
        become_reaper()
        self._before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            self._popen = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environ),
                cwd=cwd,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolMissingError(_why_not(argv[0], error), too_long=error.errno == errno.E2BIG) from error
        self.pid = self._popen.pid
        self.started = time.monotonic()
        self._kill_at: Optional[float] = None

    @property
    def exit_code(self) -> Optional[int]:
        """As ``Popen.returncode``: negative for a signal; None while it runs."""
        return self._popen.returncode

    @property
    def news(self) -> Optional[int]:
        """A file descriptor that becomes readable at its end; None where a signal comes instead."""
        return None

    def poll(self) -> Optional[int]:
        """Reap whatever has ended, the tool or an orphan of it, and KILL what outlived its grace.

        :returns: the tool's exit code, None while it runs.
        """
        for pid, code in reap():
            if pid == self.pid:
                self._popen.returncode = code
        self._kill_if_late()
        return self.exit_code

    def spent(self) -> Spent:
        """What was taken in all; asked after the tool was reaped."""
        after, before = resource.getrusage(resource.RUSAGE_CHILDREN), self._before
        # The largest single process may have lived between two looks. (macOS says bytes.)
        unit = 1 if sys.platform == "darwin" else 1024
        largest = after.ru_maxrss * unit if after.ru_maxrss > before.ru_maxrss else 0
        return Spent(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, largest)

    def signal(self, number: int) -> None:
        """Send a signal to the tool's whole group; KILL also to what left the group but not the tree."""
        if self.exit_code is None:
            send(os.killpg, self.pid, number)
        if number == signal.SIGKILL:
            self._signal_tree(number)

    def stop(self, number: int, grace_s: float) -> None:
        """Ask the tool to end; :meth:`poll` makes it end when the grace period is over.

        :param number: the signal to ask with.
        :param grace_s: seconds; a second call never lengthens them.
        """
        deadline = time.monotonic() + grace_s
        self._kill_at = deadline if self._kill_at is None else min(self._kill_at, deadline)
        self.signal(number)

    def clear(self, grace_s: float = LEFTOVER_GRACE_S) -> None:
        """End what the tool left running, after the tool itself has ended: TERM, then KILL.

        :param grace_s: seconds between the two, and for the kernel to clear away what was killed.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + grace_s
            if _has_children():  # orphans become our children: without a child no process is left
                self._signal_tree(number)
            while _has_children() and time.monotonic() < deadline:
                time.sleep(0.02)

    def _kill_if_late(self) -> None:
        if self.exit_code is None and self._kill_at is not None and time.monotonic() >= self._kill_at:
            self.signal(signal.SIGKILL)

    def _signal_tree(self, number: int) -> None:
        for pid in find_descendants(os.getpid()):
            send(os.kill, pid, number)


def become_reaper() -> None:
    """Make orphans of the tool our children (Linux), and keep large core files off the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux" and os.getpid() != 1:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap() -> list[tuple[int, int]]:
    """Collect every child that has ended, as (pid, exit code)."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, os.waitstatus_to_exitcode(status)))


def _has_children() -> bool:
    """Whether any child is left, once all that have ended are collected."""
    reap()
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def send(kill: Callable[[int, int], None], target: int, number: int) -> None:
    """Send a signal to what may have ended in between.

    :param kill: ``os.kill`` or ``os.killpg``.
    """
    try:
        kill(target, number)
    except (ProcessLookupError, PermissionError):  # it ended in between, or (macOS) only zombies are left of it
        return


def _why_not(program: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"`{program}` is not installed in this image, or not on its PATH"
    if isinstance(error, PermissionError):
        return f"`{program}` cannot be executed: permission denied"
    if error.errno == errno.E2BIG:
        return f"`{program}` cannot be started: its command line is longer than the system takes ({error.strerror})"
    if error.errno != errno.ENOEXEC:
        return f"`{program}` cannot be started: {error.strerror or error}"
    return f"`{program}` cannot be started: {error.strerror or error} (is the image built for this processor?)"
