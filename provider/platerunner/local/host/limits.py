"""Memory limits of the embedded cloud's jobs: a cgroup's where one can be made, else a watch over the process tree."""

import os
import signal
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
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


def find_groups(root: Path = CGROUP_ROOT, own: Path = Path("/proc/self/cgroup")) -> Groups:
    """Where memory cgroups can be made on this machine.

    :param root: mount point of the cgroup file systems.
    :param own: which cgroups the process is in.
    """
    for line in _lines(own):
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return _writable([root / "memory" / path.strip("/")], 1)
        if controllers == "":
            here = root / path.strip("/")
            # Processes and limited children exclude each other in version 2, so a sibling is the usual place.
            places = [p for p in (here, here.parent) if "memory" in _words(p / "cgroup.subtree_control")]
            if places:
                return _writable(places, 2)
    return Groups(None, 2)


def group_of(pid: int, root: Path = CGROUP_ROOT, proc: Path = Path("/proc")) -> Group | None:
    """The memory cgroup that a process is in; None if it is gone or nobody limits its memory.

    :param root: mount point of the cgroup file systems.
    :param proc: where the process table is mounted.
    """
    for line in _lines(proc / str(pid) / "cgroup"):
        _, controllers, path = line.split(":", 2)
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


@dataclass(frozen=True, slots=True)
class Process:
    """A line of the process table.

    :param resident: bytes of memory of its own, without what it shares with files.
    """

    pid: int
    parent: int
    session: int
    resident: int


def process_table(proc: Path = Path("/proc")) -> dict[int, Process]:
    """All processes by pid; empty where there is no ``/proc``.

    :param proc: where it is mounted.
    """
    table = {}
    for entry in os.scandir(proc) if proc.is_dir() else ():
        if entry.name.isdigit() and (process := _process(proc, entry.name)) is not None:
            table[process.pid] = process
    return table


def _process(proc: Path, pid: str) -> Process | None:
    try:
        with open(f"{proc}/{pid}/stat", "rb") as file:  # noqa: PTH123  (hundreds a second)
            stat = file.read()
        with open(f"{proc}/{pid}/statm", "rb") as file:  # noqa: PTH123
            memory = file.read().split()
    except OSError:  # it ended meanwhile
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()  # the name before it may hold anything, spaces too
    return Process(int(pid), int(fields[1]), int(fields[3]), (int(memory[1]) - int(memory[2])) * PAGE)


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
