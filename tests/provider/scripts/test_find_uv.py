"""Which `uv` the Makefile and the scripts take: one that runs, not one that merely exists."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PYENV = "#!/bin/sh\necho 'pyenv: uv: command not found' >&2\nexit 127\n"
WORKS = "#!/bin/sh\necho 'uv 0.9.9'\n"


def program(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "uv"
    path.write_text(text)
    path.chmod(0o755)
    return path


def environment(*folders: Path, uv: str = "") -> dict[str, str]:
    path = ":".join([*map(str, folders), "/usr/bin", "/bin"])
    return {**{k: v for k, v in os.environ.items() if k not in ("UV", "MAKEFLAGS")}, "PATH": path} | (
        {"UV": uv} if uv else {}
    )


def found(env: dict[str, str]) -> str:
    argv = ["sh", str(ROOT / "scripts/find_uv.sh")]
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("broken", [PYENV, "no program at all\n", "#!/no/such/interpreter\n"])
def test_one_that_fails_is_passed_over(tmp_path: Path, broken: str) -> None:
    program(tmp_path / "shims", broken)
    works = program(tmp_path / "a folder with blanks", WORKS)
    assert found(environment(tmp_path / "shims", works.parent)) == str(works)


def test_the_environments_own_comes_first_if_it_runs(tmp_path: Path) -> None:
    own, other = program(tmp_path / "own", WORKS), program(tmp_path / "other", WORKS)
    assert found(environment(other.parent, uv=str(own))) == str(own)
    program(own.parent, PYENV)
    assert found(environment(other.parent, uv=str(own))) == str(other)


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_takes_its_own_rather_than_one_that_fails(tmp_path: Path) -> None:
    program(tmp_path, PYENV)
    if found(environment()):
        pytest.skip("this machine has a uv in /usr/bin")
    argv = ["make", "--dry-run", "demo"]
    said = subprocess.run(argv, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, check=True).stdout
    assert ".tools/bin/uv run --frozen platerunner demo" in said
