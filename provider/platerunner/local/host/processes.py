"""The process table, as far as the embedded cloud needs it: whose child is who, what it takes, whose job it is."""

import os
import signal
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


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
    """All processes by pid; empty where there is no ``/proc``.

    :param proc: where it is mounted.
    """
    return _read(proc, _pids(proc))


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
        """Those that there are now, by pid, without the root."""
        pids = _pids(self._proc)
        self._others &= pids
        found = _read(self._proc, pids - self._others - {self._root})
        while others := self._above_or_beside(found):
            found = {pid: process for pid, process in found.items() if pid not in others}
            self._others |= others
        # What is left over has a parent that began or ended meanwhile, or is below the root: the next look tells.
        below = tree({**found, self._root: Process(self._root, 0, 0, 0)}, self._root)
        return {process.pid: process for process in below if process.pid != self._root}

    def _above_or_beside(self, found: dict[int, Process]) -> set[int]:
        """Those whose parent is known not to be below the root; the kernel's first processes have none."""
        known = self._others | {0}
        return {pid for pid, process in found.items() if process.parent in known}


def _pids(proc: Path) -> set[int]:
    return {int(entry.name) for entry in os.scandir(proc) if entry.name.isdigit()} if proc.is_dir() else set()


def _read(proc: Path, pids: set[int]) -> dict[int, Process]:
    return {pid: process for pid in pids if (process := _process(proc, pid)) is not None}


def _process(proc: Path, pid: int) -> Process | None:
    try:
        with open(f"{proc}/{pid}/stat", "rb") as file:  # noqa: PTH123  (hundreds a second)
            stat = file.read()
        with open(f"{proc}/{pid}/statm", "rb") as file:  # noqa: PTH123
            memory = file.read().split()
    except OSError:  # it ended meanwhile
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()  # the name before it may hold anything, spaces too
    return Process(pid, int(fields[1]), int(fields[3]), (int(memory[1]) - int(memory[2])) * PAGE)


def job_of(pid: int) -> str:
    """``<job id>#<attempt>`` of the job that a process belongs to, by its environment; ``#`` if it is none's.

    :param pid: of a process; empty if it is gone or another user's.
    """
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    values = dict(variable.partition(b"=")[::2] for variable in variables)
    return f"{values.get(b'AWS_BATCH_JOB_ID', b'').decode()}#{values.get(b'AWS_BATCH_JOB_ATTEMPT', b'').decode()}"


def _folder_of(pid: int) -> str:
    """The name of a process's working folder, which is its job's: a fork's environment shows as the agent's."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")).name  # noqa: PTH115  (the text alone)
    except OSError:
        return ""


def end_processes(keys: Container[str]) -> None:
    """Kill all processes of some jobs, wherever they are: an agent may die before it has told of one that it started.

    :param keys: ``<job id>#<attempt>``.
    """
    for pid in process_table():
        if job_of(pid) in keys or _folder_of(pid) in keys:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def tree(table: dict[int, Process], root: int) -> list[Process]:
    """A process and all its descendants.

    :param table: of :func:`process_table`.
    :param root: pid.
    """
    children: dict[int, list[Process]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process)
    found, todo = [], [table[root]] if root in table else []
    while todo:
        process = todo.pop()
        found.append(process)
        todo.extend(children.get(process.pid, ()))
    return found
