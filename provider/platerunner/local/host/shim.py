"""Stands between the agent and podman for one container: ``python -m platerunner.local.host.shim FOLDER podman ...``.

The agent starts, signals and kills processes; a container is not its child, since podman hands it to a monitor
that leaves the session. This process takes the monitor in, so that whatever ends the one ends the other, and it looks
for kills for memory while the control group is still there: podman does not report them under version 1, and removes
the group at the end.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from platerunner.local.host import limits
from platerunner.local.host.prctl import PR_SET_CHILD_SUBREAPER, call_prctl

LOOK_S = 0.05
OOM_MARK = "oom"
"""File in the attempt's folder that says that the kernel killed a process of it for memory."""


def main(folder: Path, argv: list[str]) -> int:
    """Run the container to its end.

    :param folder: holds the pid file that podman writes; gets the mark.
    :param argv: podman's command line.
    :returns: the container's exit code, 128 and the signal's number if one ended it.
    """
    call_prctl(PR_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # podman is in the same process group and hands it on
    with subprocess.Popen(argv, preexec_fn=_heed_signals) as process:
        group = None
        while process.poll() is None:
            group = group or _group(folder / "pid")
            if group is not None and group.killed():
                (folder / OOM_MARK).touch()
            time.sleep(LOOK_S)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _heed_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _group(pid_file: Path) -> limits.Group | None:
    """The container's memory group; None until it runs."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return None
    return limits.group_of(pid)


if __name__ == "__main__":
    code = main(Path(sys.argv[1]), sys.argv[2:])
    sys.stdout.flush()
    os._exit(code)
