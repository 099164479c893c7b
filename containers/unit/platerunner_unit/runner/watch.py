"""Looks at the running tool once a second: how much memory it takes, whether it works, whether it hangs when done.

Memory is that of the runner's own control group, if it has one to itself: in a container, or where a launcher made one.
Version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory ; version 1: .../cgroup-v1/memory.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.processes import find_ancestors, list_cgroups, list_pids, read_tree
from platerunner_unit.runner.process import Spent

_ROOT = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60  # version 1 says "no limit" with a number near 2^63


@dataclass(frozen=True)
class Cgroup:
    """A control group's memory files.

    :param folder: where they are.
    :param version: 1 or 2.
    """

    folder: Path
    version: int

    @property
    def in_use(self) -> Optional[int]:
        """Bytes that processes hold now, without the page cache: a limit is not a reason to call read files a need."""
        stat = _pairs(self.folder / "memory.stat")
        names = ("anon", "shmem") if self.version == 2 else ("total_rss", "total_shmem")
        return sum(stat.get(name, 0) for name in names) if stat else None

    @property
    def limit(self) -> Optional[int]:
        """Bytes; None for no limit."""
        path = self.folder / ("memory.max" if self.version == 2 else "memory.limit_in_bytes")
        text = _text(path).strip()
        limit = int(text) if text.isdigit() else None
        return limit if limit is not None and limit < _UNLIMITED else None

    @property
    def oom_kills(self) -> Optional[int]:
        """Processes that the kernel killed for memory so far; None if it does not say."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        return _pairs(self.folder / name).get("oom_kill")


def own_cgroup() -> Optional[Cgroup]:
    """The control group of this process if it has it to itself; else None. Asked before the tool is started.

    That is so if nobody else is in it, or if nobody else is there at all but our ancestors: in a container. (On a
    laptop our ancestors alone would prove nothing: the next unit that they start joins the same group.)
    """
    group, me = _current(), os.getpid()
    if group is None:
        return None
    members = {int(pid) for pid in _text(group.folder / "cgroup.procs").split()}
    alone = members == {me} or (bool(members) and list_pids() <= find_ancestors(me))
    return group if alone else None


def _current() -> Optional[Cgroup]:
    for number, controllers, path in list_cgroups():
        if number == "0" or "memory" in controllers.split(","):
            version = 2 if number == "0" else 1
            root = _ROOT if version == 2 else _ROOT / "memory"
            # A container sees its own group at the root, whatever path the host gave it.
            for folder in (root / path.strip("/"), root):
                if (folder / ("memory.max" if version == 2 else "memory.limit_in_bytes")).is_file():
                    return Cgroup(folder, version)
    return None


def _pairs(path: Path) -> dict[str, int]:
    lines = (line.split() for line in _text(path).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdigit()}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


# An idle JVM inside CellProfiler uses 0.2 % of a core; a tool that works uses far more than 1 %.
_IDLE_SHARE = 0.01


@dataclass(frozen=True)
class Usage:
    """What the tool took.

    :param peak_memory: bytes; None if it cannot be known here.
    :param memory_limit: bytes; None for none or not known.
    :param oom_kills: processes of this unit that the kernel killed for memory; None if not known.
    :param cpu_s: user and system seconds of the tool and all that it started.
    """

    peak_memory: Optional[int]
    memory_limit: Optional[int]
    oom_kills: Optional[int]
    cpu_s: float


class Watch:
    """The eyes on one tool.

    :param pid: of the tool.
    :param stall_s: seconds without output and without CPU after which it counts as stalled.
    :param linger_s: seconds that it may live on after it said that it is complete.
    :param complete: asked whether it said so.
    :param group: the runner's control group, if it has one to itself.
    :param clock: seconds; monotonic.
    """

    def __init__(
        self,
        pid: int,
        stall_s: float,
        linger_s: float,
        complete: Callable[[], bool],
        group: Optional[Cgroup] = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pid, self._stall_s, self._linger_s, self._complete, self._clock = pid, stall_s, linger_s, complete, clock
        self._group = group
        self._oom_kills_before = self._group.oom_kills if self._group else None
        self._peak = 0
        self._mark, self._cpu_mark = clock(), 0.0
        self._complete_since: Optional[float] = None

    def look(self, last_output: float) -> Optional[str]:
        """Take a sample.

        :param last_output: when the tool last wrote something, on the same clock.
        :returns: why it has to be ended, ``stall`` or ``after_complete``; None if it may go on.
        """
        tree = read_tree(self._pid)
        in_use = self._group.in_use if self._group else None
        self._peak = max(self._peak, in_use if in_use is not None else sum(stat.rss for stat in tree))
        if self._lingers():
            return "after_complete"
        return "stall" if self._stalls(sum(stat.cpu_s for stat in tree), last_output) else None

    def usage(self, spent: Spent) -> Usage:
        """What was taken in all.

        :param spent: as the kernel counted it at the end.
        """
        return Usage(
            peak_memory=max(self._peak, spent.largest) or None,
            memory_limit=self._group.limit if self._group else None,
            oom_kills=self._oom_kills(),
            cpu_s=round(spent.cpu_s, 3),
        )

    def _oom_kills(self) -> Optional[int]:
        now = self._group.oom_kills if self._group else None
        return None if now is None or self._oom_kills_before is None else now - self._oom_kills_before

    def _lingers(self) -> bool:
        if self._complete_since is None and self._complete():
            self._complete_since = self._clock()
        return self._complete_since is not None and self._clock() - self._complete_since >= self._linger_s

    def _stalls(self, cpu_s: float, last_output: float) -> bool:
        worked = abs(cpu_s - self._cpu_mark) >= _IDLE_SHARE * self._stall_s
        if last_output > self._mark or worked:
            self._mark, self._cpu_mark = max(last_output, self._clock() if worked else 0.0), cpu_s
        return self._clock() - self._mark >= self._stall_s


def disk_free(path: str) -> Optional[int]:
    """Bytes that a process of ours can still write where a path lies; None if the system does not say."""
    try:
        stat = os.statvfs(path)
    except OSError:
        return None
    return stat.f_bavail * stat.f_frsize
