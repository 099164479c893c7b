"""A workspace with one step, and the runner as a process on it: what a container sees, without the container."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platerunner_unit.contract import manifest
from platerunner_unit.contract.manifest import InputFile, OutputFile, StepTask, UnitTask
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import outcomes_prefix

RUN = "_platerunner/runs/r1"
PATIENCE_S = 240
"""For a runner that should end: only a test that fails waits for it."""


@dataclass
class Bench:
    """Roots, environment and manifest of one step.

    :param python: the interpreter that runs the runner.
    :param wrap: a command in front of it, ending where its own begins.
    """

    data: str
    workspace: str
    work: Path
    environ: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    wrap: tuple[str, ...] = ()

    @property
    def store(self) -> Storage:
        return Storage(self.workspace)

    def step(self, argv: Sequence[str] = (), **fields: Any) -> StepTask:
        roots = {"data": self.data, "workspace": self.workspace}
        own: dict[str, Any] = {"tool": "command", "argv": tuple(argv), "roots": roots, **fields}
        return StepTask(pipeline="p", run_id="r1", step="s", submission=1, module="m", **own)

    def unit(self, written: Sequence[str] = (), read: Sequence[InputFile] = (), **fields: Any) -> UnitTask:
        own: dict[str, Any] = {
            "unit": "plate=P1/well=A01",
            "values": {"plate": "P1", "well": "A01"},
            "fingerprint": "f1",
            "inputs": {"i": tuple(read)},
            "outputs": {"o": tuple(OutputFile(key) for key in written)},
        }
        return UnitTask(**{**own, **fields})

    def start(self, step: StepTask, *units: UnitTask, **popen: Any) -> subprocess.Popen[bytes]:
        line = manifest.write(self.store, f"{RUN}/s/1", step, units)
        told = {manifest.LINE_VARIABLE: str(line)} if line else {}
        environ = {**os.environ, "PLATERUNNER_WORK": str(self.work), **told, **self.environ}
        argv = [*self.wrap, self.python, "-m", "platerunner_unit", "run", f"{self.store.url}/{RUN}/s/1"]
        return subprocess.Popen(argv, env=environ, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **popen})

    def run(self, step: StepTask, *units: UnitTask) -> Ran:
        process = self.start(step, *units)
        stdout, stderr = process.communicate(timeout=120)
        return Ran(process.returncode, stdout, stderr.decode(), self.outcome())

    def outcome(self) -> Outcome | None:
        """The newest outcome."""
        keys = [stored.key for stored in self.store.list(outcomes_prefix("s"))]
        outcomes = [Outcome.from_json(self.store.get(key)) for key in keys]
        return max(outcomes, key=lambda outcome: outcome.timing["ended"], default=None)

    def log(self, outcome: Outcome) -> bytes:
        return gzip.decompress(self.store.get(outcome.log))


@dataclass
class Ran:
    """What a runner left."""

    code: int
    stdout: bytes
    stderr: str
    outcome: Outcome | None

    @property
    def category(self) -> str:
        assert self.outcome is not None, self.stderr
        return self.outcome.verdict.category

    @property
    def sentence(self) -> str:
        assert self.outcome is not None, self.stderr
        return self.outcome.verdict.sentence


def folder_bench(tmp_path: Path, **environ: str) -> Bench:
    """Roots in folders."""
    for name in ("data", "ws"):
        (tmp_path / name).mkdir()
    return Bench(str(tmp_path / "data"), str(tmp_path / "ws"), tmp_path / "work", dict(environ))


def data_file(bench: Bench, key: str, content: bytes = b"hello", **fields: Any) -> InputFile:
    """Put a file into the data root and describe it as planning would."""
    Storage(bench.data).put(key, content)
    stored = Storage(bench.data).head(key)
    return InputFile(key, "data", stored.size, stored.etag, **fields)
