"""A lab whose wells are shell scripts: what a unit does is what its raw file says."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.embedded import Account, embedded

from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.records.step_state import UnitFailure
from platerunner.engine.steps.digest import StepResult
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.loader import load_text

SPEC = """
version: 1
pipeline: lab
title: Wells that do what their files say
owner: tests
workspace: "{{{{ workspace_root }}}}"
dataset:
  root: "{{{{ data_root }}}}"
  files: {{raw: "{{plate}}/{{well}}.sh"}}
steps:
  work:
    module: command
    image: base:latest
    foreach: [plate, well]
    inputs: {{raw: dataset.raw}}
    with: {{argv: [sh, "{{inputs.raw}}", "{{outputs.made}}"]}}
    outputs: {{made: "made/{{plate}}/{{well}}.txt"}}
    resources: {{memory: 256 MiB, timeout: 5 min, capacity: spot}}
    {options}
"""
GOOD = 'echo "$0" > "$1"\n'


@dataclass
class Lab:
    """A data folder, a workspace and a cloud.

    :param asked: the params of every run: ``only``, ``rerun``, ``resources``, ``dry_run``.
    """

    aws: Account
    folder: Path
    options: str = "retry: {attempts: 3, memory: x2, on_demand_after: 1}"
    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def started(self) -> Path:
        return self.folder / "started"

    def write(self, **wells: str) -> None:
        """Write wells; each notes its start first, so that tests can count."""
        (self.folder / "data/P1").mkdir(parents=True, exist_ok=True)
        for well, script in wells.items():
            (self.folder / f"data/P1/{well}.sh").write_text(f"echo {well} >> {self.started}\n{script}")

    def starts(self) -> dict[str, int]:
        """How often each well's tool was started since the last time this was asked."""
        lines = self.started.read_text().split() if self.started.exists() else []
        self.started.unlink(missing_ok=True)
        return {well: lines.count(well) for well in sorted(set(lines))}

    def run(self, run_id: str = "run-1", step: str = "work") -> StepRun:
        """A fresh object, as every process of a task makes its own."""
        pipeline = load_text(SPEC.format(options=self.options), self.folder / "lab.yaml")
        roots = {"data_root": str(self.folder / "data"), "workspace_root": str(self.folder / "workspace")}
        options = RunOptions.of(self.asked, pipeline)
        hook = PlaterunnerHook()
        hook.session = self.aws.session
        return StepRun(hook, pipeline, step, RunContext({}, **roots, run_id=run_id, options=options))

    def to_the_end(self, run_id: str = "run-1", timeout: float = 200) -> tuple[StepResult, list[UnitFailure]]:
        """What a task does, with polling instead of parking."""
        self.run(run_id).start()
        return self.collect(run_id, timeout)

    def collect(self, run_id: str = "run-1", timeout: float = 200) -> tuple[StepResult, list[UnitFailure]]:
        deadline = time.monotonic() + timeout
        while True:
            waiting = self.run(run_id)
            while waiting.waiting_for():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            if not self.run(run_id).collect():
                return self.run(run_id).finish()

    def state(self, run_id: str = "run-1") -> Any:
        return self.run(run_id).scope.state_file.load()

    def stored(self, run_id: str = "run-1") -> Mapping[str, Any]:
        path = self.folder / f"workspace/_platerunner/runs/{run_id}/work/result.json"
        return json.loads(path.read_text())


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with embedded() as account:
        yield account


@pytest.fixture
def lab(aws: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    connection = {"conn_type": "platerunner", "extra": aws.cloud.connection()}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
    return Lab(aws, tmp_path)
