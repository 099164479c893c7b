"""What Linux says about processes. This module alone reads ``/proc``; where there is none (macOS), it finds nothing.

The runner watches its tool with it, the embedded cloud its jobs. The fields of each file: ``man 5 proc``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Optional, Protocol, TypeVar, Union

PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


class ProcessStat(NamedTuple):
    """The line ``/proc/<pid>/stat`` of a process, as far as it is needed here.

    :param cpu_s: user and system seconds, of ended and reaped children too.
    :param rss: resident bytes; pages shared with others count in each.
    """

    pid: int
    name: str
    state: str
    parent: int
    session: int
    cpu_s: float
    rss: int


class Child(Protocol):
    """A process that knows its parent."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def parent(self) -> int:
        """The number of the process above it."""


Each = TypeVar("Each", bound=Child)


def list_pids(proc: Path = PROC) -> set[int]:
    """The numbers of all processes that can be seen.

    :param proc: where the process table is mounted.
    """
    return {int(entry.name) for entry in os.scandir(proc) if entry.name.isdigit()} if proc.is_dir() else set()


def read_stat(pid: int, proc: Path = PROC) -> Optional[ProcessStat]:
    """A process; None if it is gone.

    :param proc: where the process table is mounted.
    """
    stat = _bytes(f"{proc}/{pid}/stat")
    # The name stands in brackets and may hold anything, brackets and blanks too: cut at the last bracket.
    head, bracket, rest = stat.rpartition(b")")
    if not bracket:
        return None
    fields = rest.split()
    return ProcessStat(
        pid=pid,
        name=head.partition(b"(")[2].decode(errors="replace"),
        state=fields[0].decode(),
        parent=int(fields[1]),
        session=int(fields[3]),
        cpu_s=sum(map(int, fields[11:15])) / _TICK,
        rss=int(fields[21]) * PAGE,
    )


def read_own_memory(pid: int, proc: Path = PROC) -> int:
    """The resident bytes of a process without what it shares with files; 0 if it is gone.

    :param proc: where the process table is mounted.
    """
    pages = _bytes(f"{proc}/{pid}/statm").split()
    return (int(pages[1]) - int(pages[2])) * PAGE if pages else 0


def find_tree(table: Mapping[int, Each], root: int) -> list[Each]:
    """A process and everything below it; empty if it is not in the table.

    :param table: processes by pid.
    :param root: pid of the uppermost.
    """
    children: dict[int, list[Each]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process)
    found, waiting = [], [table[root]] if root in table else []
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting.extend(children.get(process.pid, ()))
    return found


def read_tree(pid: int) -> list[ProcessStat]:
    """A process and everything below it as they are now; empty if it is gone."""
    stats = (read_stat(each) for each in list_pids())
    return find_tree({stat.pid: stat for stat in stats if stat is not None}, pid)


def find_descendants(pid: int) -> list[int]:
    """The living processes below one, without itself; zombies are not among them.

    :param pid: of the uppermost.
    """
    return [stat.pid for stat in read_tree(pid) if stat.pid != pid and stat.state not in "ZX"]


def find_ancestors(pid: int) -> set[int]:
    """A process and all above it."""
    found: set[int] = set()
    while pid not in found and (stat := read_stat(pid)) is not None:
        found.add(pid)
        pid = stat.parent
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    if PROC.is_dir():
        stat = read_stat(pid)
        return stat is not None and stat.state not in "ZX"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def trace_stacks(pid: int) -> Iterator[str]:
    """Where each thread of a tree is waiting in the kernel, a line each."""
    for stat in read_tree(pid):
        for task in sorted((PROC / str(stat.pid) / "task").glob("*")):
            states = [
                line.split(None, 1)[1] for line in _text(task / "status").splitlines() if line.startswith("State:")
            ]
            calls = [line.split()[-1] for line in _text(task / "stack").splitlines()]
            where = " < ".join(calls) or _text(task / "wchan") or "?"
            thread = f"thread {task.name} ({_text(task / 'comm')})"
            yield f"pid {stat.pid} ({stat.name}) {thread}: {' '.join(states)}, in {where}"


def catches_signal(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal.

    :param number: of the signal.
    """
    for line in _text(PROC / str(pid) / "status").splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def list_cgroups(pid: Union[int, str] = "self", proc: Path = PROC) -> list[tuple[str, str, str]]:
    """The control groups that a process is in: number of the hierarchy, controllers, path; empty if it is gone.

    The hierarchy ``0`` without controllers is the unified one of version 2.

    :param pid: of a process; ``self`` for this one.
    :param proc: where the process table is mounted.
    """
    lines = (line.split(":", 2) for line in _text(proc / str(pid) / "cgroup").splitlines())
    return [(number, controllers, path) for number, controllers, path in lines]


def read_environment(pid: int) -> dict[str, str]:
    """The variables that a process was started with; empty if it is gone or another user's."""
    variables = _bytes(f"{PROC}/{pid}/environ").decode(errors="replace").split("\0")
    return {name: value for name, equals, value in (each.partition("=") for each in variables) if equals}


def read_folder(pid: int) -> str:
    """The working folder of a process; empty if it is gone or another user's."""
    try:
        return str((PROC / str(pid) / "cwd").readlink())
    except OSError:
        return ""


def count_threads() -> int:
    """Those of this process; 0 where nothing tells."""
    return len(_names(PROC / "self" / "task"))


def list_descriptors() -> list[int]:
    """What this process has open, and for a moment the listing itself."""
    return [int(name) for name in _names(PROC / "self" / "fd")]


def path_of_descriptor(fd: int) -> str:
    """A path under which this process may open once more what it has open."""
    return f"{PROC}/self/fd/{fd}"


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()] if folder.is_dir() else []


def _text(path: Path) -> str:
    return _bytes(str(path)).decode(errors="replace").strip()


def _bytes(path: str) -> bytes:
    """A file of ``/proc``; empty if the process is gone or not ours."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (hundreds a second)
            return file.read()
    except OSError:
        return b""
