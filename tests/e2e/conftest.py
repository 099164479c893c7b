"""End to end: the `platerunner` command as a person types it, in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.live.scene import BRISK_JAVA

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("platerunner")


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str
    summary: dict[str, Any]

    def step(self, name: str) -> dict[str, Any]:
        return self.summary["steps"][name]

    def counts(self, name: str) -> dict[str, Any]:
        """What became of a step's units, without what the step had to say."""
        return {key: value for key, value in self.step(name).items() if key not in ("notes", "absent")}


@pytest.fixture(scope="session")
def cellprofiler(cellprofiler: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The real program, whose Java compiles less: a run of seconds gains a tenth of its CPU."""
    real = Path(str(shutil.which(cellprofiler))).absolute()
    brisk = tmp_path_factory.mktemp("cellprofiler")
    (brisk / "bin").mkdir()
    (brisk / "lib").symlink_to(real.resolve().parents[1] / "lib")  # what is beside it says its version
    program = brisk / "bin" / "cellprofiler"
    java = f'JAVA_TOOL_OPTIONS="$JAVA_TOOL_OPTIONS {BRISK_JAVA}"'
    program.write_text(f'#!/bin/sh\n{java}\nexport JAVA_TOOL_OPTIONS\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    return str(program)


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the private Airflow of all tests: its migration takes longer than most of them."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def platerunner(airflow_home: Path) -> Callable[..., Result]:
    """Run `platerunner ARGS...` and read its summary."""

    def run(*args: str | Path, timeout: float = 500) -> Result:
        summary = airflow_home / "summary.json"
        summary.unlink(missing_ok=True)
        argv = [str(COMMAND), *map(str, args)]
        if args[0] == "run":
            argv += ["--summary", str(summary)]
        done = subprocess.run(
            argv, cwd=airflow_home, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        found = json.loads(summary.read_text()) if summary.exists() else {}
        return Result(done.returncode, done.stdout, done.stderr, found)

    return run
