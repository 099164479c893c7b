"""Keeps the parts of a local Airflow alive: restarts those that die, and says so."""

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from platerunner.local.host.guard import Guard

PARTS = ("scheduler", "dag-processor", "api-server", "triggerer")
"""What `airflow standalone` starts; it starts none of them again."""
MOST = 5
"""Times that a part is started again; one that dies as often does not die by chance."""

STOP_LIMIT_S = 10.0


class PartLostError(Exception):
    """A part dies again and again; the message says which."""


@dataclass
class Watch:
    """Looks after the parts of one Airflow.

    :param leader: the process that started them.
    :param environment: their variables.
    :param log: where they print.
    :param say: takes a sentence for the person at the terminal.
    :param program: what starts a part, given its name.
    :param guard: ends what was started here, too, if this process is killed.
    """

    leader: int
    environment: Mapping[str, str]
    log: Path
    say: Callable[[str], None]
    program: Sequence[str] = (sys.executable, "-m", "airflow")
    guard: Guard | None = None
    _seen: set[str] = field(default_factory=set)
    _own: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _starts: Counter[str] = field(default_factory=Counter)

    def look(self) -> None:
        """Start again what was there at an earlier look and is not now.

        :raises PartLostError: if a part has died too often.
        """
        there = self._children() | {part for part, child in self._own.items() if child.poll() is None}
        for part in sorted(self._seen - there):
            self._start(part)
        self._seen |= there

    def stop(self) -> None:
        """End what was started here, with all that it started in turn."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for child in self._own.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, number)
            for child in self._own.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(STOP_LIMIT_S)

    def _children(self) -> set[str]:
        """The parts that the leader's own children are."""
        import psutil  # slow to import, and no other command needs it

        found = set()
        with contextlib.suppress(psutil.NoSuchProcess):  # the leader's parent says that it has ended
            for child in psutil.Process(self.leader).children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if child.status() != psutil.STATUS_ZOMBIE:
                        found |= _parts_in(child.cmdline())
        return found

    def _start(self, part: str) -> None:
        self._starts[part] += 1
        if self._starts[part] > MOST:
            raise PartLostError(f"Airflow's {part} ended {self._starts[part]} times by itself: see {self.log}")
        self._sweep(part)
        with self.log.open("ab") as log:
            self._own[part] = subprocess.Popen(
                [*self.program, part],
                env=dict(self.environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        if self.guard is not None:
            self.guard.keep(self._own[part].pid)
        self.say(f"Airflow's {part} ended by itself and was started again; see {self.log}.")

    def _sweep(self, part: str) -> None:
        """End what a part that was started here and died has left behind, such as a scheduler's workers."""
        if (dead := self._own.pop(part, None)) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(dead.pid, signal.SIGKILL)
            if self.guard is not None:
                self.guard.drop(dead.pid)


def _parts_in(words: Sequence[str]) -> set[str]:
    """The part that a process is by its command line, which Airflow changes: `airflow api_server -- host:...`."""
    text = " ".join(words).replace("_", "-").split()
    return {next(word for word in text if word in PARTS)} if set(text) & set(PARTS) else set()
