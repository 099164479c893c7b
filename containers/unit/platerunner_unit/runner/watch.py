"""Looks at the running tool once a second: how much memory it takes, whether it works, whether it hangs when done."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from platerunner_unit.contract.processes import read_tree
from platerunner_unit.runner.cgroup import Cgroup

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
        self._children_before = resource.getrusage(resource.RUSAGE_CHILDREN)
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

    def usage(self) -> Usage:
        """What was taken in all; asked after the tool was reaped."""
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        before = self._children_before
        # The largest single process, as the kernel counted it, may have lived between two samples. (macOS says bytes.)
        largest = (
            after.ru_maxrss * (1 if sys.platform == "darwin" else 1024) if after.ru_maxrss > before.ru_maxrss else 0
        )
        return Usage(
            peak_memory=max(self._peak, largest) or None,
            memory_limit=self._group.limit if self._group else None,
            oom_kills=self._oom_kills(),
            cpu_s=round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3),
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
    """Bytes that a process of ours can still write where a path lies; None if it cannot be said."""
    try:
        stat = os.statvfs(path)
    except OSError:
        return None
    return stat.f_bavail * stat.f_frsize
