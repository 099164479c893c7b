"""`airflow standalone` as a child: started, waited for, asked for its login, ended whole."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from platerunner.cli.run.watching import PartLostError, Watch
from platerunner.local.host.guard import Guard

START_LIMIT_S = 300.0
STOP_LIMIT_S = 20.0
LAST_LINES = 8
"""Lines of the log that a message repeats."""
DEFAULTS = {
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    # Each task is a process that imports Airflow, seconds of CPU; a step that waits for its jobs is not. With 32, as
    # Airflow has it, a pipeline of many plates would leave the pages no time.
    "AIRFLOW__CORE__PARALLELISM": str(max(4, 2 * (os.cpu_count() or 1))),
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
    # Reading all specs takes a second or two of CPU. `Changes` reports a changed one at once; this is for what a spec
    # names outside its folder.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
    # After 50 s, which a busy machine takes, Airflow kills the process that reads the specs, and with it the messages
    # about runs that this process was to send: nobody sends those again.
    "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "600",
}
"""Settings that suit one machine; a variable that is set already wins."""
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class StandaloneError(Exception):
    """Airflow did not start, or ended by itself; the message says where its log is."""


@dataclass
class Standalone:
    """Scheduler, DAG processor, triggerer and API server of one Airflow home.

    :param home: AIRFLOW_HOME.
    :param port: of the API server, on 127.0.0.1.
    :param log: file for everything they print.
    """

    home: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None
    _guard: Guard | None = None
    _environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it in a process group of its own.

        :param environment: variables on top of this process's.
        :raises StandaloneError: if the port is taken.
        """
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise StandaloneError(f"Port {self.port} is taken: choose another with --port.") from error
        self.log.parent.mkdir(parents=True, exist_ok=True)
        env = self._environment = {**DEFAULTS, **os.environ, **environment, **self._settings()}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._guard = Guard()  # without the embedded cloud, which dies with this process, Airflow is of no use
        self._guard.keep(self.process.pid)

    def _settings(self) -> dict[str, str]:
        return {
            # `airflow standalone` starts its parts by name.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.address,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
        }

    def wait_until_healthy(self, stop: threading.Event) -> None:
        """Return when all components answer, or when ``stop`` is set.

        :raises StandaloneError: if it ends, or is not healthy within five minutes.
        """
        waited = 0.0
        while not stop.wait(1.0) and (ailing := self._ailing()):
            waited += 1.0
            self._check_alive()
            if waited > START_LIMIT_S:
                names = " and ".join(name.replace("_", " ") for name in ailing)
                message = (
                    f"Airflow's {names} {'is' if len(ailing) == 1 else 'are'} not healthy after {START_LIMIT_S:.0f} s"
                )
                raise StandaloneError(message + self._last_words(ailing))

    def _ailing(self) -> list[str]:
        """The components that do not say that they are healthy; the API server alone if it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.address}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
                health = json.load(answer)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return ["api_server"]
        return [name for name in COMPONENTS if (health.get(name) or {}).get("status") != "healthy"]

    def _last_words(self, components: Sequence[str] = ()) -> str:
        """What the log ends with, as the end of a message: of these components, if they have said anything.

        `airflow standalone` begins each line with the part that it is from: `triggerer  | ...`.
        """
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        names = tuple(name.replace("_", "-") for name in components)
        own = [line for line in lines if line.startswith(names)] if names else []
        shown = "".join(f"\n  {line}" for line in (own or lines)[-LAST_LINES:])
        return f". Its log, {self.log}, ends with:{shown}" if shown else f", and {self.log} is empty."

    def wait(self, stop: threading.Event, say: Callable[[str], None], each_second: Callable[[], None]) -> None:
        """Return when ``stop`` is set; until then a part that dies is started again.

        :param say: takes a sentence about that.
        :param each_second: what else is to be looked after.
        :raises StandaloneError: if Airflow ends by itself before, or a part of it again and again.
        """
        assert self.process is not None
        watch = Watch(self.process.pid, self._environment, self.log, say, guard=self._guard)
        try:
            while not stop.wait(1.0):
                self._check_alive()
                watch.look()
                each_second()
        except PartLostError as error:
            raise StandaloneError(str(error)) from error
        finally:
            watch.stop()

    def _check_alive(self) -> None:
        assert self.process is not None
        if self.process.poll() is not None:
            code = self.process.returncode
            raise StandaloneError(f"Airflow ended by itself (exit {code}){self._last_words()}")

    def login(self) -> tuple[str, str]:
        """User and password that Airflow's simple auth manager made up."""
        file = self.home / "simple_auth_manager_passwords.json.generated"
        passwords: dict[str, str] = json.loads(file.read_text())
        return next(iter(passwords.items()))

    def stop(self) -> None:
        """End it and everything that it started."""
        if self.process is None:
            return
        self._signal(signal.SIGINT)
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGTERM)
        self._signal(signal.SIGKILL)  # what is left of the group, workers in the middle of a task included
        self.process.wait()
        if self._guard is not None:
            self._guard.drop(self.process.pid)
            self._guard.close()

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
