"""A lab's first day: `platerunner new lab`, and the checks that it comes with, by its own Makefile."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_new_repository_passes_its_own_checks(tmp_path: Path) -> None:
    programs = Path(sys.executable).parent
    subprocess.run([programs / "platerunner", "new", "lab", tmp_path / "lab"], check=True, timeout=300)
    done = subprocess.run(
        ["make", "check", f"BIN={programs}"],
        cwd=tmp_path / "lab",
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_commit_with_a_broken_spec_is_refused_by_our_hook_in_another_repository(tmp_path: Path) -> None:
    programs = Path(sys.executable).parent
    folder = tmp_path / "lab"
    subprocess.run([programs / "platerunner", "new", "lab", folder], check=True, timeout=300)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PRE_COMMIT_HOME": str(tmp_path / "kept")}
    environment["PLATERUNNER_CATALOG"] = str(folder / "dag_specs/catalog")

    def try_hook() -> "subprocess.CompletedProcess[str]":
        subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
        words = [programs / "pre-commit", "try-repo", ROOT, "platerunner-validate", "--all-files"]
        return subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
        )

    subprocess.run(["git", "init"], cwd=folder, check=True)
    good = try_hook()
    assert good.returncode == 0, good.stdout + good.stderr
    spec = folder / "dag_specs/hello.yaml"
    spec.write_text(spec.read_text().replace("segment-measure", "segment-measur"))
    bad = try_hook()
    assert bad.returncode == 1
    assert "dag_specs/hello.yaml:24:13: no module is called `imaging.segment-measur`" in bad.stdout
