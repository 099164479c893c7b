"""A person's way into an attempt that runs on this machine: beside its tool, or into its container."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from platerunner.local.host import containers
from platerunner_unit.contract.processes import PROC, list_pids, read_environment, read_folder

ENTER = 'cd "$(dirname "$(grep -lx "$0" "${TMPDIR:-/tmp}"/*/fingerprint)")"; exec "$(command -v bash || command -v sh)"'
"""What leads a shell in a container into the work folder of the unit whose fingerprint follows."""


class NotHereError(Exception):
    """There is no way in; the message is a clause for people."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """How a shell is started.

    :param variables: its whole environment; None for this process's.
    :param folder: where it begins; None for this process's.
    :param beside: what it is beside, for people.
    """

    argv: tuple[str, ...]
    variables: Mapping[str, str] | None
    folder: Path | None
    beside: str


def find_way_in(job_id: str, fingerprint: str) -> WayIn:
    """The way into a unit.

    :param job_id: of the embedded cloud.
    :param fingerprint: of the unit; its work folder is named after it.
    :raises NotHereError: if the job does not run on this machine, or the unit's tool does not at this moment.
    """
    if not PROC.is_dir():
        raise NotHereError(f"{sys.platform} tells nobody which processes are whose")
    folder = next(_folders(job_id), None)
    if folder is None:
        raise NotHereError("its job does not run on this machine, as this user")
    if (folder / "pid").is_file():
        return _into_container(folder, fingerprint)
    for mark in folder.glob("*/fingerprint"):
        if mark.read_text() == fingerprint and (pid := _tool_in(mark.parent)) is not None:
            return _beside(pid, mark.parent)
    raise NotHereError("its tool does not run at this moment, before or after which files are copied")


def _folders(job_id: str) -> Iterator[Path]:
    """The folders of a job's attempts in which processes are."""
    for pid in list_pids():
        folder = Path(read_folder(pid))
        if folder.name.startswith(f"{job_id}#"):
            yield folder


def _tool_in(root: Path) -> int | None:
    """The first process that works in a unit's folder; whose children come after it."""
    found = (pid for pid in list_pids() if Path(read_folder(pid)).is_relative_to(root) or _uses(pid, root))
    return min(found, default=None)


def _uses(pid: int, root: Path) -> bool:
    """Whether a process was started for a unit, although it works elsewhere."""
    return read_environment(pid).get("TMPDIR") == str(root / "tmp")


def _beside(pid: int, root: Path) -> WayIn:
    variables = {**read_environment(pid), "TMPDIR": str(root / "tmp"), "TERM": os.environ.get("TERM", "dumb")}
    return WayIn((os.environ.get("SHELL") or "/bin/sh",), variables, Path(read_folder(pid)), f"process {pid}")


def _into_container(folder: Path, fingerprint: str) -> WayIn:
    name = containers.container_name(folder.name)
    terminal = ["--tty"] if sys.stdin.isatty() else []
    argv = (containers.PODMAN, "exec", "--interactive", *terminal, name, "sh", "-c", ENTER, fingerprint)
    return WayIn(argv, None, None, f"container {name}")
