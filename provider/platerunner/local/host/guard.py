"""Ends what a process started when that process is killed and can end nothing any more.

A process of its own, which reads the process groups to end, one a line, a minus before those that have ended.
The end of its input tells it that the process is gone, however that went.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

__all__ = ["Guard"]

PATIENCE_S = 20.0
LOOK_S = 0.2


class Guard:
    """A running guard; it has nothing to do as long as its groups are dropped or ended before :meth:`close`.

    :param patience: seconds between asking and killing.
    """

    def __init__(self, patience: float = PATIENCE_S) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(patience)], stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def keep(self, group: int) -> None:
        """End a process group, too, when this process dies."""
        self._tell(f"{group}\n")

    def drop(self, group: int) -> None:
        """Leave a group alone from now on: it has ended, and its number may become another's."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End what is left of the groups, then the guard."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # somebody killed the guard: all goes on, unguarded
            self._process.stdin.write(line)
            self._process.stdin.flush()


def _end(groups: Iterable[int], patience: float) -> None:
    left = _signalled(groups, signal.SIGINT)
    deadline = time.monotonic() + patience
    while left and time.monotonic() < deadline:
        time.sleep(LOOK_S)
        left = _signalled(left, 0)
    _signalled(groups, signal.SIGKILL)


def _signalled(groups: Iterable[int], number: int) -> list[int]:
    """Send a signal to groups; returns those that exist."""
    there = []
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
            there.append(group)
    return there


def _main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line)
        groups = groups | {group} if group > 0 else groups - {-group}
    _end(groups, float(sys.argv[1]))


if __name__ == "__main__":
    _main()
