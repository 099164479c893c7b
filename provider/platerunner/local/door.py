"""Lets a server start with the first call: until then nobody but a sleeping thread waits at its port."""

import contextlib
import os
import select
import socket
import sys
import threading
from collections.abc import Callable


class Door:
    """A thread that starts a server when a client connects; the client waits as long.

    :param listening: a bound and listening socket.
    :param open_up: starts the server, which takes the socket over.
    """

    def __init__(self, listening: socket.socket, open_up: Callable[[], None]) -> None:
        self._listening = listening
        self._open_up = open_up
        self._closing, self._close = os.pipe()
        self._opened = False
        self._thread = threading.Thread(target=self._wait, name="platerunner-door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait no longer; if the server is just starting, until it has started."""
        with contextlib.suppress(OSError):
            os.write(self._close, b"x")
        self._thread.join()
        os.close(self._close)
        os.close(self._closing)
        if not self._opened:
            self._listening.close()

    def _wait(self) -> None:
        ready, _, _ = select.select([self._listening.fileno(), self._closing], [], [])
        if self._closing in ready:
            return
        try:
            self._open_up()
            self._opened = True
        except Exception as error:  # the client sees its connection end, and the person here
            print(f"The embedded cloud could not start: {error}", file=sys.stderr)
            self._listening.close()
