"""One Airflow, with the embedded cloud, for all DAG runs of this folder."""

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
    """An Airflow of its own, as a process that runs DAGs."""

    home: Path
    process: subprocess.Popen[str]
    answers: IO[str]
    said: Path

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
        assert self.process.stdin is not None
        print(json.dumps(wanted), file=self.process.stdin, flush=True)
        told = self.answers.readline()
        log = self.said.read_bytes()[before:].decode()
        assert told, f"the process ended: {log[-3000:]}"
        return int(not json.loads(told)["succeeded"]), log


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
    answers, theirs = os.pipe()
    argv = [sys.executable, "-m", "tests.airflow.dag_runs", str(theirs)]
    with (
        said.open("w") as out,
        os.fdopen(answers) as told,
        subprocess.Popen(
            argv, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=out, text=True, pass_fds=[theirs]
        ) as process,
    ):
        os.close(theirs)
        yield Airflow(home.folder, process, told, said)
        assert process.stdin is not None
        process.stdin.close()
