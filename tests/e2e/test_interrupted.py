"""Ctrl-C or a kill in the middle of a run: it leaves no process, and the next run goes on at once."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.conftest import COMMAND, ROOT, Result
from tests.embedded import wait_for

SPEC = ROOT / "tests/e2e/specs/scripts.yaml"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_run_after_one_that_was_ended_goes_on(
    platerunner: Callable[..., Result], airflow_home: Path, tmp_path: Path, how: signal.Signals
) -> None:
    data, fixed = tmp_path / "data", tmp_path / "fixed"
    data.mkdir()
    (data / "A01.sh").write_text(f"echo started >> {tmp_path}/quick\necho done > $1\n")
    (data / "A02.sh").write_text(f"touch {tmp_path}/slow\n[ -e {fixed} ] || sleep 1000\necho done > $1\n")
    argv = ("run", str(SPEC), "--local", "--data-root", str(data), "--workspace-root", str(tmp_path / "results"))
    run = subprocess.Popen(
        [str(COMMAND), *argv], cwd=airflow_home, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    outcomes = tmp_path / "results/scripts/_platerunner/outcomes"
    wait_for(lambda: (tmp_path / "slow").exists() and any(outcomes.rglob("*.succeeded.*.json")), 240)
    if how == signal.SIGINT:
        os.killpg(run.pid, how)
        _, err = run.communicate(timeout=300)
        assert run.returncode == 130
        assert "Interrupted. What is done stays done: the same command goes on from there." in err
        assert "Traceback" not in err
        assert not _left(run.pid), "nothing is left"
    else:
        run.kill()
        run.communicate(timeout=300)
        wait_for(lambda: not _left(run.pid))

    fixed.touch()
    second = platerunner(*argv)
    assert second.code == 0, second.out + second.err
    assert (second.step("work")["done_before"], second.step("work")["succeeded"]) == (1, 1)
    assert (tmp_path / "quick").read_text() == "started\n"
    log = max((airflow_home / ".platerunner/logs").glob("*.log")).read_text()
    assert "waiting for its jobs" not in log, "a process of this machine that is dead has no jobs in its cloud"


def _left(session: int) -> list[Path]:
    return [pid for pid in Path("/proc").glob("[0-9]*") if _in_session(pid, session)]


def _in_session(process: Path, session: int) -> bool:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[3]) == session
    except (FileNotFoundError, ProcessLookupError):
        return False
