"""An RO-Crate of a plate that CellProfiler measured, before a validator that is not ours."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.e2e.conftest import ROOT

RECORDED = ROOT / "tests/data/workspaces_of_029ab36/demo_cellprofiler.tar.xz"
UV = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
VALIDATOR = [UV, "tool", "run", "--from", "roc-validator==0.13.0", "--with", "rocrate==0.16.0", "python"]


def issues(crate: Path) -> list[str]:
    """What the validator says, and last how many checks it made."""
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    argv = [*VALIDATOR, ROOT / "tests/validate_crate.py", crate]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(
    not Path(UV).exists() and "CI" not in os.environ, reason="uv, which fetches the validator, is missing"
)
def test_a_recorded_plate_as_a_crate(platerunner, tmp_path):
    with tarfile.open(RECORDED) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / "demo_cellprofiler"
    args = ("--data-root", folder / "screens/data", "--workspace-root", folder / "screens/workspace")
    crate = tmp_path / "crate"
    made = platerunner(
        "lineage", "crate", folder / "demo.yaml", *args, "-P", "engine=cellprofiler",
        "--license", "https://spdx.org/licenses/CC0-1.0", "--to", crate,
    )  # fmt: skip
    assert made.code == 0, made.err
    *found, checks = issues(crate)
    assert found == []
    assert int(checks.split()[0]) > 20
    (crate / "demo.yaml").rename(crate / "another.yaml")
    assert len(issues(crate)) > 1  # the validator tells a whole crate from one that lacks its workflow
