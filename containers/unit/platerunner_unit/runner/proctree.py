"""What the kernel says of a process and all that it started, from ``/proc``; empty where there is none (macOS)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessStat:
    """A line of ``/proc/<pid>/stat``, as far as it is needed here.

    :param cpu_s: user and system seconds, of ended and reaped children too.
    :param rss: resident bytes; pages shared with others count in each.
    """

    pid: int
    name: str
    state: str
    parent: int
    cpu_s: float
    rss: int


def pids() -> set[int]:
    """Those of all processes that can be seen."""
    return {int(entry.name) for entry in os.scandir(_PROC) if entry.name.isdigit()} if _PROC.is_dir() else set()


def descendants(pid: int) -> list[int]:
    """The living processes below one, without itself; zombies are not among them.

    :param pid: of the uppermost.
    """
    return [stat.pid for stat in tree(pid) if stat.pid != pid and stat.state not in "ZX"]


def tree(pid: int) -> list[ProcessStat]:
    """A process and everything below it; empty if it is gone."""
    known = {stat.pid: stat for stat in _all()}
    children: dict[int, list[int]] = {}
    for stat in known.values():
        children.setdefault(stat.parent, []).append(stat.pid)
    found, waiting = [], [pid] if pid in known else []
    while waiting:
        current = waiting.pop()
        found.append(known[current])
        waiting.extend(children.get(current, ()))
    return found


def ancestors(pid: int) -> set[int]:
    """A process and all above it."""
    found: set[int] = set()
    while pid not in found and (stat := _read(_PROC / str(pid))) is not None:
        found.add(pid)
        pid = stat.parent
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    if _PROC.is_dir():
        stat = _read(_PROC / str(pid))
        return stat is not None and stat.state not in "ZX"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def stacks(pid: int) -> Iterator[str]:
    """Where each thread of a tree is waiting in the kernel, a line each."""
    for stat in tree(pid):
        for task in sorted((_PROC / str(stat.pid) / "task").glob("*")):
            states = [
                line.split(None, 1)[1] for line in _text(task / "status").splitlines() if line.startswith("State:")
            ]
            calls = [line.split()[-1] for line in _text(task / "stack").splitlines()]
            where = " < ".join(calls) or _text(task / "wchan") or "?"
            thread = f"thread {task.name} ({_text(task / 'comm')})"
            yield f"pid {stat.pid} ({stat.name}) {thread}: {' '.join(states)}, in {where}"


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal.

    :param number: of the signal.
    """
    for line in _text(_PROC / str(pid) / "status").splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def _all() -> Iterator[ProcessStat]:
    for pid in pids():
        stat = _read(_PROC / str(pid))
        if stat is not None:
            yield stat


def _read(folder: Path) -> Optional[ProcessStat]:
    # The name stands in brackets and may hold brackets and blanks itself: cut at the last one. Fields: man 5 proc.
    text = _text(folder / "stat")
    if ")" not in text:
        return None
    head, _, rest = text.rpartition(")")
    fields = rest.split()
    cpu = sum(int(ticks) for ticks in fields[11:15]) / _TICK
    name = head.partition("(")[2]
    return ProcessStat(int(folder.name), name, fields[0], int(fields[1]), cpu, int(fields[21]) * _PAGE)


def _text(path: Path) -> str:
    """A file of ``/proc``; empty if the process is gone or not ours."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
