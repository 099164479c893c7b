"""A running `platerunner up` for benchmarks: Airflow's scheduler, triggerer, API server and DAG processor."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

START_S = 600.0


@dataclass(frozen=True)
class Site:
    """A running `platerunner up`."""

    api: httpx.Client
    folder: Path
    process: psutil.Process

    @property
    def results(self) -> Path:
        """The workspace root."""
        return self.folder / "work"

    @property
    def database(self) -> Path:
        """Airflow's."""
        return self.folder / ".platerunner/airflow/airflow.db"

    def cpu(self) -> float:
        """CPU seconds so far, of all its processes and those that they have seen end."""
        total = 0.0
        for process in [self.process, *self.process.children(recursive=True)]:
            try:
                used = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += used.user + used.system + used.children_user + used.children_system
        return total


@contextmanager
def serving(folder: Path, spec: str, files: Mapping[str, bytes]) -> Iterator[Site]:
    """`platerunner up` on free ports, ended by Ctrl-C.

    :param folder: of its own.
    :param spec: the only pipeline.
    :param files: raw files by their keys.
    """
    (folder / "specs").mkdir()
    (folder / "specs/bench.yaml").write_text(spec)
    for key, content in files.items():
        path = folder / "data" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    port = _free_port()
    ports = {f"AIRFLOW__LOGGING__{name}_LOG_SERVER_PORT": str(_free_port()) for name in ("WORKER", "TRIGGER")}
    argv = [str(Path(sys.executable).with_name("platerunner")), "up", "--specs", "specs", "--port", str(port)]
    argv += ["--data-root", "data", "--workspace-root", "work"]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1", **ports}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with (folder / "up.txt").open("w") as out:
        process = subprocess.Popen(argv, cwd=folder, env=environ, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        yield Site(_logged_in(folder, port, process), folder, psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _logged_in(folder: Path, port: int, process: "subprocess.Popen[bytes]") -> httpx.Client:
    said = folder / "up.txt"
    until(lambda: "Ctrl-C ends" in said.read_text() or process.poll() is not None, START_S)
    login = re.search(r"Login: +(\S+) / (\S+)", said.read_text())
    if login is None:
        sys.exit(said.read_text())
    address = f"http://127.0.0.1:{port}"
    answer = httpx.post(f"{address}/auth/token", json={"username": login[1], "password": login[2]}, timeout=300)
    token = answer.raise_for_status().json()["access_token"]
    return httpx.Client(base_url=f"{address}/api/v2/", timeout=300, headers={"Authorization": f"Bearer {token}"})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], limit: float, pause: float = 0.2) -> Any:
    """The condition's first true value."""
    deadline = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > deadline:
            sys.exit("waited too long")
        time.sleep(pause)
    return value
