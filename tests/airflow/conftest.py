"""One Airflow, with the embedded cloud, for all DAG runs of this folder."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from tests.embedded import Account, embedded
from tests.lab import lab

from platerunner.cli.run.home import AirflowHome

__all__ = ["lab"]
ROOT = Path(__file__).parents[2]


@dataclass
class Airflow:
    """An Airflow of its own: a process that runs DAGs, and another one if that has ended."""

    home: Path
    environment: dict[str, str]
    said: Path
    process: subprocess.Popen[str] | None = None
    answers: IO[str] | None = None

    def run(self, spec: Path, when: str, folder: Path, answer: tuple[str, ...] = (), **conf: Any) -> tuple[int, str]:
        """Exit code, as a command would have it, and log of a run.

        :param spec: where it lies in a folder ``specs``, Airflow knows the others there, too.
        :param folder: holds ``data`` and ``workspace``.
        :param answer: to the gate, and its comment; empty leaves it unanswered.
        """
        environment = {
            "PLATERUNNER_DAG_SPECS": str(spec.parent if spec.parent.name == "specs" else spec),
            "PLATERUNNER_DATA_ROOT": str(folder / "data"),
            "PLATERUNNER_WORKSPACE_ROOT": str(folder / "workspace"),
        }
        wanted = {"spec": str(spec), "when": when, "environment": environment, "conf": conf, "answer": answer}
        before = self.said.stat().st_size
        questions, answers = self._pipes()
        print(json.dumps(wanted), file=questions, flush=True)
        told = answers.readline()
        log = self.said.read_bytes()[before:].decode()
        if not told:
            where = log.rfind("Timeout (")  # where a run that hangs says what each thread does
            pytest.fail(f"the process ended: {log[where if where > 0 else -3000 :]}")
        return int(not json.loads(told)["succeeded"]), log

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        if self.process is None or self.process.poll() is not None:
            self.end()
            self._start()
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.answers is not None
        return self.process.stdin, self.answers

    def _start(self) -> None:
        answers, theirs = os.pipe()
        argv = [sys.executable, "-m", "tests.airflow.dag_runs", str(theirs)]
        with self.said.open("a") as out:
            self.process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                text=True,
                pass_fds=[theirs],
            )
        os.close(theirs)
        self.answers = os.fdopen(answers)

    def end(self) -> None:
        if self.process is None or self.answers is None:
            return
        with self.answers, contextlib.suppress(BrokenPipeError):
            self.process.communicate()


@pytest.fixture(scope="session")
def aws() -> Iterator[Account]:
    with embedded() as account:
        yield account


@pytest.fixture(scope="session")
def airflow(aws: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    folder = tmp_path_factory.mktemp("airflow")
    home = AirflowHome(folder / "home")
    home.prepare()
    environment = {
        **os.environ,
        **aws.cloud.environment(),
        **home.environment(ROOT / "dag_specs", aws.cloud.connection()),
        "PLATERUNNER_FIRST_POLL": "0.3",
    }
    said = folder / "said.txt"
    said.touch()
    airflow = Airflow(home.folder, environment, said)
    yield airflow
    airflow.end()
