"""`platerunner run` killed in the middle of a step: the next run loses nothing and repeats only what was cut off."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
from tests.e2e.conftest import COMMAND, Result

SPEC = Path(__file__).with_name("specs") / "slow.yaml"
WELLS = 12


def test_kill_9_in_the_middle_of_a_step(platerunner: Callable[..., Result], airflow_home: Path, tmp_path: Path) -> None:
    data, results = tmp_path / "data", tmp_path / "results"
    data.mkdir()
    for number in range(WELLS):
        (data / f"A{number + 1:02}.txt").write_text(f"well {number}")
    args = ["run", str(SPEC), "--local", "--data-root", str(data), "--workspace-root", str(results)]

    process = subprocess.Popen(
        [str(COMMAND), *args], cwd=airflow_home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    children: list[psutil.Process] = []
    deadline = time.monotonic() + 300
    while len(finished(results)) < 4:
        assert time.monotonic() < deadline
        assert process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=240)
    assert not alive, "a job or the engine outlived the command"
    before = finished(results)
    assert before == {"A01", "A02", "A03", "A04"}

    (tmp_path / "starts.txt.go").touch()
    again = platerunner(*args)
    assert again.code == 0, again.out + again.err
    assert again.step("copy")["done_before"] == len(before)
    assert again.step("copy")["succeeded"] == WELLS - len(before)
    starts = Counter((tmp_path / "starts.txt").read_text().split())
    assert len(starts) == WELLS
    assert all(starts[well] == 1 for well in before), "a finished unit ran again"
    assert len(list((results / "slow" / "copies").iterdir())) == WELLS


def finished(results: Path) -> set[str]:
    """Wells with a succeeded outcome."""
    found = (results / "slow" / "_platerunner" / "outcomes" / "copy").glob("*/*.succeeded.*.json")
    return {path.parent.name.removeprefix("well=") for path in found}
