"""Memory limits of the embedded cloud's jobs: a cgroup's where one can be made, else a watch over the process tree."""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from platerunner.local.host.processes import Process
from platerunner_unit.contract.processes import PROC, list_cgroups

CGROUP_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Group:
    """A memory cgroup of one job: the kernel itself kills what goes over the limit, as under Docker.

    :param path: its folder.
    :param version: 1 or 2, which name their files differently.
    """

    path: Path
    version: int

    def limit(self, memory: int) -> None:
        """Set the limit, swap included, so that a job cannot escape into swap.

        :param memory: bytes.
        """
        if self.version == 1:
            (self.path / "memory.limit_in_bytes").write_text(str(memory))
            _write_if_there(self.path / "memory.memsw.limit_in_bytes", str(memory))
        else:
            (self.path / "memory.max").write_text(str(memory))
            _write_if_there(self.path / "memory.swap.max", "0")

    def enter(self) -> None:
        """Move the calling process in; everything that it starts stays in."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def killed(self) -> bool:
        """Whether the kernel killed a process in it for memory."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        return any(
            line.split() > ["oom_kill", "0"] for line in _lines(self.path / name) if line.startswith("oom_kill ")
        )

    def peak(self) -> int | None:
        """The most memory that was in use at once, in bytes; None where the kernel does not say."""
        name = "memory.max_usage_in_bytes" if self.version == 1 else "memory.peak"
        return next((int(line) for line in _lines(self.path / name)), None)

    def remove(self) -> bool:
        """Remove it.

        :returns: False while a process is still in it.
        """
        try:
            self.path.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


class Groups:
    """Makes cgroups under the process's own one.

    :param parent: where they can be made; None if nowhere.
    """

    def __init__(self, parent: Path | None, version: int) -> None:
        self.parent = parent
        self.version = version
        self._count = 0

    def make(self, memory: int) -> Group | None:
        """A new group with a limit; None if the system has no memory cgroups that this user may make.

        :param memory: bytes.
        """
        if self.parent is None:
            return None
        self._count += 1
        group = Group(self.parent / f"platerunner-{os.getpid()}-{self._count}", self.version)
        try:
            group.path.mkdir()
            group.limit(memory)
        except OSError:
            group.remove()
            self.parent = None  # what fails once (read-only, no controller) fails always: the watch takes over
            return None
        return group


def find_groups(root: Path = CGROUP_ROOT, proc: Path = PROC) -> Groups:
    """Where memory cgroups can be made on this machine.

    :param root: mount point of the cgroup file systems.
    :param proc: where the process table is mounted.
    """
    for _, controllers, path in list_cgroups(proc=proc):
        if controllers == "memory":
            return _writable([root / "memory" / path.strip("/")], 1)
        if controllers == "":
            here = root / path.strip("/")
            # Processes and limited children exclude each other in version 2, so a sibling is the usual place.
            places = [p for p in (here, here.parent) if "memory" in _words(p / "cgroup.subtree_control")]
            if places:
                return _writable(places, 2)
    return Groups(None, 2)


def group_of(pid: int, root: Path = CGROUP_ROOT, proc: Path = PROC) -> Group | None:
    """The memory cgroup that a process is in; None if it is gone or nobody limits its memory.

    :param root: mount point of the cgroup file systems.
    :param proc: where the process table is mounted.
    """
    for _, controllers, path in list_cgroups(pid, proc):
        if controllers in ("memory", "") and path.strip("/"):
            version = 1 if controllers else 2
            return Group((root / "memory" if version == 1 else root) / path.strip("/"), version)
    return None


def _writable(places: Iterable[Path], version: int) -> Groups:
    return Groups(next((place for place in places if os.access(place / "cgroup.procs", os.W_OK)), None), version)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    return [word for line in _lines(path) for word in line.split()]


def _write_if_there(path: Path, text: str) -> None:
    if path.exists():
        path.write_text(text)


def enforce(processes: list[Process], limit: int) -> bool:
    """What the kernel does to a cgroup: kill the largest process if together they are over the limit.

    :param processes: of one job.
    :param limit: bytes.
    :returns: whether one was killed.
    """
    if sum(process.resident for process in processes) <= limit:
        return False
    try:
        os.kill(max(processes, key=lambda process: process.resident).pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
