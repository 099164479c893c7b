"""Ports for servers that open them later, in a process of their own."""

import random
import socket
from pathlib import Path

OF_THE_KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 10_000


def free_port() -> int:
    """A port that nobody has, and that the kernel gives nobody: it is below those for whoever asks for any.

    One of the kernel's choice, by binding port 0 and letting go, is another's before the server opens it: each
    connection that anyone here makes takes one.
    """
    end = int(OF_THE_KERNEL.read_text().split()[0]) if OF_THE_KERNEL.exists() else 49_152  # RFC 6335
    while True:
        port = random.randrange(LOWEST, end)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
