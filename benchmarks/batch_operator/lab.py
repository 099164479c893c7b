"""What both sides share: a cloud, a plate of small files, a pipeline of one step, and processes that are measured."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import boto3

from platerunner.batch.calls import client_config

ROOT = Path(__file__).resolve().parents[2]
SPEC = """
version: 1
pipeline: bench
title: Wells that do nothing
owner: benchmarks
workspace: "{{{{ workspace_root }}}}"
dataset:
  root: "{{{{ data_root }}}}"
  files: {{raw: "{{plate}}/{{well}}.txt"}}
steps:
  work:
    module: command
    image: {image}
    foreach: [plate, well]
    inputs: {{raw: dataset.raw}}
    with: {{argv: [cp, "{{inputs.raw}}", "{{outputs.made}}"]}}
    outputs: {{made: "made/{{plate}}/{{well}}.txt"}}
    resources: {{memory: 128 MiB, timeout: 30 min, capacity: spot}}
"""


class Lab:
    """A folder with everything, and the embedded cloud as a process of its own.

    :param cores: jobs that run at the same time.
    """

    def __init__(self, cores: int) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="platerunner-bench-")
        self.folder = Path(self._temporary.name)
        argv = [sys.executable, "-m", "benchmarks.batch_operator.cloud", str(self.folder / "cloud"), f"--cores={cores}"]
        self._cloud = subprocess.Popen(argv, cwd=ROOT)
        state = self.folder / "cloud" / "cloud.json"
        while not state.exists():
            if self._cloud.poll() is not None:
                raise RuntimeError("the embedded cloud did not start")
            time.sleep(0.1)
        self.found: dict[str, Any] = json.loads(state.read_text())

    def close(self) -> None:
        """End the cloud and everything in it."""
        self._cloud.terminate()
        self._cloud.wait()
        self._temporary.cleanup()

    def calls(self) -> Counter[str]:
        """How often each API was called until now."""
        with urllib.request.urlopen(f"{self.found['endpoint']}/_platerunner/calls") as answer:
            return Counter(json.load(answer))

    def client(self, service: Literal["batch", "s3"] = "batch") -> Any:
        """A client that talks to the cloud."""
        session = boto3.Session("testing", "testing", region_name="us-east-1")
        return session.client(service, endpoint_url=self.found["endpoint"], config=client_config())

    @property
    def queue(self) -> str:
        """Where jobs go."""
        return str(self.found["connection"]["queues"]["spot"])

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process that is measured."""
        connection = {"conn_type": "platerunner", "extra": self.found["connection"]}
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AIRFLOW_", "OTEL_"))},
            **self.found["environment"],
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "AIRFLOW_CONN_PLATERUNNER": json.dumps(connection),
            "PLATERUNNER_DATA_ROOT": str(self.folder / "data"),
            "PLATERUNNER_WORKSPACE_ROOT": str(self.folder / "workspace"),
        }

    def plate(self, units: int, image: str = "noop:1") -> Path:
        """A plate of as many wells, nothing done yet.

        :returns: the spec.
        """
        for name in ("data", "workspace"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        plate = self.folder / "data" / "P1"
        plate.mkdir(parents=True)
        for n in range(units):
            (plate / f"W{n:05}.txt").write_text("raw\n")
        spec = self.folder / "bench.yaml"
        spec.write_text(SPEC.format(image=image))
        return spec

    def outcomes(self) -> int:
        """Units that are done."""
        return sum(1 for _ in (self.folder / "workspace").glob("_platerunner/outcomes/work/*/*/*.succeeded.*json"))

    def forget(self) -> None:
        """Leave the manifest, but nothing done."""
        shutil.rmtree(self.folder / "workspace" / "_platerunner" / "outcomes")

    def run(self, module: str, *arguments: object, **variables: str) -> dict[str, Any]:
        """Run one part in a fresh process, and return what it found."""
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        argv = [sys.executable, "-m", f"benchmarks.batch_operator.{module}", str(answer), *map(str, arguments)]
        with (self.folder / "log.txt").open("wb") as log:
            code = subprocess.run(
                argv, cwd=ROOT, env={**self.environment, **variables}, stdout=log, stderr=log, check=False
            ).returncode
        if code:
            raise RuntimeError(f"{module} {arguments}:\n{(self.folder / 'log.txt').read_text()[-3000:]}")
        found: dict[str, Any] = json.loads(answer.read_text())
        return found
