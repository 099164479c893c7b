"""The cloud's side of the agent: starts it, tells it what to run, hears how it went."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

Listener = Callable[[dict[str, Any]], None]
STOP_S = 15.0
"""How long the agent may take to end its jobs and itself."""
LOCALE = ("LC_", "LANG")
"""Beginnings of the variables of a locale."""
RESTART_S = 0.2
"""Between the death of an agent and the start of the next."""


class Host:
    """A running agent.

    :param listener: called in the host's own thread for each event of the agent, and with ``{"event": "lost"}`` if the
        agent dies by itself.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self._stopping = False
        self._start()

    def _start(self) -> None:
        # A session of its own: Ctrl-C reaches the cloud, which then ends the jobs in order.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "platerunner.local.host.agent"],
            env=agent_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._listen, args=(self.process,), name="platerunner-host", daemon=True)
        self._thread.start()

    def start(
        self, key: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path, memory: int | None
    ) -> None:
        """Start a command; the agent's events ``started`` and ``ended``, or ``failed``, follow.

        :param key: names it in the events.
        :param memory: limit in bytes; None for none.
        """
        command = {"argv": list(argv), "env": dict(env), "cwd": str(cwd), "log": str(log), "memory": memory}
        self._tell({"do": "start", "key": key, **command})

    def stop(self, key: str, grace: float) -> None:
        """End a command: TERM to its process group, KILL after a grace period; 0 kills at once.

        :param grace: seconds.
        """
        self._tell({"do": "stop", "key": key, "grace": grace})

    def close(self) -> None:
        """End all commands and the agent, and wait for that."""
        self._stopping = True
        with self._lock:
            self._input.close()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(STOP_S)

    @property
    def _input(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    def _tell(self, command: dict[str, Any]) -> None:
        with self._lock:
            try:
                self._input.write(json.dumps(command).encode() + b"\n")
                self._input.flush()
            except (BrokenPipeError, ValueError):
                return  # it died or is being closed; the listening thread reports the jobs' ends

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as events:
            for line in events:
                self._listener(json.loads(line))
        if not self._stopping:
            process.wait()
            time.sleep(RESTART_S)
            with self._lock:
                self._start()
            self._listener({"event": "lost"})


def agent_environment() -> dict[str, str]:
    """The agent's: all of the cloud's but what decides how a process starts, and jobs have otherwise."""
    base = base_environment()
    return {name: value for name, value in os.environ.items() if name in base or not name.startswith(LOCALE)}


def base_environment() -> dict[str, str]:
    """What a job inherits of the cloud's own environment: where programs, the home and the locale are, no secrets."""
    names = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "JAVA_HOME", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in names if name in os.environ}
