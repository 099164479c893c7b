"""Requests of the agent and its child processes to the Linux kernel."""

import ctypes
import os
import signal
import sys
from typing import Any

LINUX = sys.platform == "linux"
_LIBC: Any = ctypes.CDLL(None, use_errno=True) if LINUX else None
PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36


def call_prctl(option: int, value: int | bytes) -> None:
    """Make one request; does nothing on other systems."""
    if LINUX:
        _LIBC.prctl(option, value, 0, 0, 0)


def end_with(agent: int) -> None:
    """Let the kernel end the calling process when the agent dies, or at once if that has died.

    :param agent: its pid, the calling process's parent.
    """
    if LINUX:
        call_prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != agent:  # it died before the line above
            os._exit(1)
