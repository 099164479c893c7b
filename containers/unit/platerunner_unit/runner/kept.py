"""A tool's program that is loaded once for the units of a batch: most of a small well's time is CellProfiler's start.

The program stays itself: the interpreter that it starts imports what it needs, waits, and forks for each unit
(:mod:`platerunner_unit.runner.loaded.sitecustomize`). Each unit so has a process of its own, with its own arguments,
output, exit code and memory: what proves its work, or its failure, is what would have proven it alone. A program that
is not a Python program, or does not get ready, is started again for each unit.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.contract.processes import find_descendants
from platerunner_unit.runner.process import LEFTOVER_GRACE_S, Spent, ToolProcess, reap, send

LOADED = Path(__file__).parent / "loaded"
_CHANNEL, _MODULES = "PLATERUNNER_LOADED_CHANNEL", "PLATERUNNER_LOADED_MODULES"
_READY_S = 120.0
_LOOK_S = 0.2
_CLOSE_S = 2.0


class Kept:
    """A program that is loaded at the first unit that starts it.

    :param modules: what its interpreter imports beforehand, such as ``cellprofiler.__main__``; see :class:`Tool`.
    :param folder: for its own output and temporary files; outlives the units.
    :param say: takes a remark for people.
    :param stopped: whether somebody asked the units to end.
    """

    def __init__(
        self, modules: Sequence[str], folder: Path, say: Callable[[str], None], stopped: Callable[[], bool]
    ) -> None:
        self._modules, self._folder, self._say, self._stopped = modules, folder, say, stopped
        self._server: Optional[subprocess.Popen[bytes]] = None
        self._channel: Optional[socket.socket] = None
        self._tried = False

    def start(self, argv: Sequence[str], environ: Mapping[str, str], cwd: Path, output: int) -> ToolProcess:
        """Start the program for a unit, as :class:`ToolProcess` does.

        :raises ToolMissingError: if the program is missing or cannot be executed.
        """
        if not self._tried:
            self._tried = True
            self._load(argv[0], environ)
        if self._channel is not None and self._server is not None:
            try:
                return LoadedProcess(self._channel, self._server.pid, argv, environ, cwd, output)
            except (OSError, ValueError) as error:
                self._say(f"the loaded program is gone ({error}); each unit starts it anew")
                self.close()
        return ToolProcess(argv, environ, cwd, output)

    def close(self) -> None:
        """End the program."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._server is not None:
            deadline = time.monotonic() + _CLOSE_S
            while self._server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            if self._server.poll() is None:
                send(os.killpg, self._server.pid, signal.SIGKILL)
                self._server.wait()
            self._server = None

    def _load(self, program: str, environ: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        log = self._folder / "loaded.log"
        with theirs, log.open("wb") as file:
            variables = {
                **environ,
                **self._own(environ),
                _CHANNEL: str(theirs.fileno()),
                _MODULES: " ".join(self._modules),
            }
            try:
                self._server = subprocess.Popen(
                    [program, "--version"],
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    env=variables,
                    cwd=self._folder,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            except OSError:  # the unit's own start says why, as evidence
                ours.close()
                return
        self._channel = ours
        if not self._is_ready():
            self.close()
            said = log.read_text(errors="replace").strip().splitlines()
            because = f": {said[-1]}" if said else ""
            self._say(f"`{program}` cannot be kept loaded for a batch, so each unit starts it anew{because}")

    def _own(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Variables of the program while it waits: no folder of a unit, since these go."""
        path = os.pathsep.join(part for part in (str(LOADED), environ.get("PYTHONPATH", "")) if part)
        own = {"TMPDIR": str(self._folder), "PYTHONPATH": path}
        return own if environ.get("HOME") == os.environ.get("HOME") else {**own, "HOME": str(self._folder)}

    def _is_ready(self) -> bool:
        assert self._channel is not None
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline and not self._stopped():
            if select.select([self._channel], [], [], _LOOK_S)[0]:
                return b"ready" in _received(self._channel)
        return False


class LoadedProcess(ToolProcess):
    """A unit's fork of a loaded program.

    :param channel: to the process that forks.
    :param server: its pid.
    :raises OSError: if that process is gone.
    """

    def __init__(
        self,
        channel: socket.socket,
        server: int,
        argv: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        output: int,
    ) -> None:
        self._channel, self._server = channel, server
        self._code: Optional[int] = None
        self._unread, self._lost = b"", False
        self._spent = Spent(0.0, 0)
        request = {"arguments": list(argv[1:]), "environ": dict(environ), "cwd": str(cwd)}
        data = json.dumps(request).encode() + b"\n"
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [output]))]
        sent = channel.sendmsg([data], rights)
        channel.sendall(data[sent:])
        self.pid = int(self._next(wait=True)["pid"])
        self.started = time.monotonic()
        self._kill_at = None

    @property
    def exit_code(self) -> Optional[int]:
        """As ``Popen.returncode``: negative for a signal; None while it runs."""
        return self._code

    @property
    def news(self) -> Optional[int]:
        """The channel, on which the process that forked reports the end; None once it is gone."""
        return None if self._lost else self._channel.fileno()

    def poll(self) -> Optional[int]:
        """As :meth:`ToolProcess.poll`; the process that forked tells the end."""
        if self._code is None and not self._lost:
            self._read_end()
        for pid, code in reap():
            if pid == self.pid:  # who forked it is gone, so that it became our own child
                self._code = code
        self._kill_if_late()
        return self._code

    def spent(self) -> Spent:
        """What it took, as the kernel reported to the process that forked it."""
        return self._spent

    def clear(self, grace_s: float = LEFTOVER_GRACE_S) -> None:
        """As :meth:`ToolProcess.clear`, except for the process that waits for the next unit."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + grace_s
            self._signal_tree(number)
            while reap() or (self._left() and time.monotonic() < deadline):
                time.sleep(0.02)

    def _signal_tree(self, number: int) -> None:
        for pid in self._left():
            send(os.kill, pid, number)

    def _left(self) -> list[int]:
        return [pid for pid in find_descendants(os.getpid()) if pid != self._server]

    def _read_end(self) -> None:
        try:
            told = self._next(wait=False)
        except OSError:
            self._lost = True  # it ends as our own child
            return
        if told:
            self._code = os.waitstatus_to_exitcode(int(told["status"]))
            self._spent = Spent(float(told["cpu_s"]), int(told["largest"]) * 1024)

    def _next(self, *, wait: bool) -> dict[str, Any]:
        """The next message; an empty one if there is none yet."""
        while b"\n" not in self._unread:
            if not wait and not select.select([self._channel], [], [], 0)[0]:
                return {}
            part = _received(self._channel)
            if not part:
                raise ConnectionError("it ended")
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found


def _received(channel: socket.socket) -> bytes:
    try:
        return channel.recv(1 << 16)
    except ConnectionError:
        return b""
