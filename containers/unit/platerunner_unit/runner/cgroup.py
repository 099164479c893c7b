"""Memory of the runner's own control group, if it has one to itself: in a container, or where a launcher made one.

Version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory ; version 1: .../cgroup-v1/memory.html
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.processes import find_ancestors, list_cgroups, list_pids

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
        """Bytes that processes hold now, without the page cache: a limit is no reason to call read files a need."""
        stat = _pairs(self.folder / "memory.stat")
        names = ("anon", "shmem") if self.version == 2 else ("total_rss", "total_shmem")
        return sum(stat.get(name, 0) for name in names) if stat else None

    @property
    def limit(self) -> Optional[int]:
        """Bytes; None for no limit."""
        limit = _number(self.folder / ("memory.max" if self.version == 2 else "memory.limit_in_bytes"))
        return limit if limit is not None and limit < _UNLIMITED else None

    @property
    def oom_kills(self) -> Optional[int]:
        """Processes that the kernel killed for memory so far; None if it does not say."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        return _pairs(self.folder / name).get("oom_kill")


def own() -> Optional[Cgroup]:
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


def _number(path: Path) -> Optional[int]:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
