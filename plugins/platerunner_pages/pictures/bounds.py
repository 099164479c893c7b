"""What every worker does around its work: bounds of its own, and one line on stderr where it fails."""

import resource
import sys
from collections.abc import Callable

PIXELS = 150_000_000
"""Pixels of an image that is decoded; its header says how many it has."""
MEMORY = 2 * 1024**3
CPU_S = 20


class RefusedError(Exception):
    """An image that is not decoded; the message says why."""


def work(make: Callable[[bytes, list[str]], bytes]) -> int:
    """Make something of stdin, and write it to stdout.

    :param make: is given stdin and the arguments.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    try:
        sys.stdout.buffer.write(make(sys.stdin.buffer.read(), sys.argv[1:]))
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}: {error}".splitlines()[0][:300])
        return 1
    return 0
