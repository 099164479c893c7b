"""The process table, as far as the embedded cloud needs it: whose child is who, what it takes, whose job it is."""

import contextlib
import os
import signal
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from platerunner_unit.contract.processes import (
    PROC,
    find_tree,
    list_pids,
    read_environment,
    read_folder,
    read_own_memory,
    read_stat,
)


@dataclass(frozen=True, slots=True)
class Process:
    """A line of the process table.

    :param resident: bytes of memory of its own, without what it shares with files.
    """

    pid: int
    parent: int
    session: int
    resident: int


def process_table(proc: Path = PROC) -> dict[int, Process]:
    """All processes by pid; empty where there is no process table.

    :param proc: where it is mounted.
    """
    return _read(proc, list_pids(proc))


class Below:
    """The processes below one, looked at again and again: what once was not below it never will be, and is not read.

    A process changes its parent only when that ends, and then it goes to another that is above it.

    :param root: pid of a process that takes orphans below it in.
    :param proc: where the process table is mounted.
    """

    def __init__(self, root: int, proc: Path = PROC) -> None:
        self._root = root
        self._proc = proc
        self._others: set[int] = set()

    def look(self) -> dict[int, Process]:
        """Those that are alive now, by pid, without the root."""
        pids = list_pids(self._proc)
        self._others &= pids
        found = _read(self._proc, pids - self._others - {self._root})
        while others := self._above_or_beside(found):
            found = {pid: process for pid, process in found.items() if pid not in others}
            self._others |= others
        # The parent of such a process began or ended meanwhile, or it is below the root: the next look tells.
        below = find_tree({**found, self._root: Process(self._root, 0, 0, 0)}, self._root)
        return {process.pid: process for process in below if process.pid != self._root}

    def _above_or_beside(self, found: dict[int, Process]) -> set[int]:
        """Those whose parent is known not to be below the root; the kernel's first processes have none."""
        known = self._others | {0}
        return {pid for pid, process in found.items() if process.parent in known}


def _read(proc: Path, pids: set[int]) -> dict[int, Process]:
    stats = (stat for pid in pids if (stat := read_stat(pid, proc)) is not None)
    return {stat.pid: Process(stat.pid, stat.parent, stat.session, read_own_memory(stat.pid, proc)) for stat in stats}


def job_of(pid: int) -> str:
    """``<job id>#<attempt>`` of the job that a process belongs to, by its environment; ``#`` if it belongs to none.

    :param pid: of a process; one that is gone or another user's belongs to none.
    """
    variables = read_environment(pid)
    return f"{variables.get('AWS_BATCH_JOB_ID', '')}#{variables.get('AWS_BATCH_JOB_ATTEMPT', '')}"


def end_processes(keys: Container[str]) -> None:
    """Kill all processes of some jobs, wherever they are: an agent may die before it has reported one that it started.

    A fork is recognised by its working folder, named after its job: its environment shows as the agent's.

    :param keys: ``<job id>#<attempt>``.
    """
    found = [pid for pid in list_pids() if job_of(pid) in keys or Path(read_folder(pid)).name in keys]
    # All stand still first: a runner that saw its tool die would report that as the tool's own end.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
