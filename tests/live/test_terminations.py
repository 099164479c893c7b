"""TERM in mid-run, in all kinds of places: never a hang, never a half output."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable

import pytest
from tests.live.scene import Scene

pytestmark = pytest.mark.cellprofiler
GRACE_S = 120.0
"""Long: only a run that TERM does not end waits for it, and its exit code shows that."""
# Which of CellProfiler's lines to wait for, and how long to go on after it, in seconds.
LINES = (b"Picked up", b"Times reported", b"Image # 1,", b"Image # 2,", b"Image # 4,")
PLACES = [(line, delay) for line in LINES for delay in (0.0, 0.3)]


def term_at(line: bytes, delay: float) -> Callable[[subprocess.Popen[bytes]], None]:
    def wait_and_send(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while line not in (read := process.stdout.readline()):
            assert read, f"CellProfiler ended before it said {line!r}"
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)

    return wait_and_send


@pytest.mark.parametrize(("line", "delay"), PLACES)
def test_term_ends_it(scene: Scene, line: bytes, delay: float, record_property: Callable[[str, object], None]) -> None:
    # A module that takes its time, half of it in the interpreter, and never ends on the last image set: the run is not
    # over before the signal comes, however late that is.
    scene.plugin(
        "def run(self, workspace):\n    sum(range(3_000_000))\n"
        "    time.sleep(600 if workspace.measurements.image_set_number == 4 else 0.2)"
    )
    scene.bench.environ["PLATERUNNER_GRACE"] = str(GRACE_S)
    scene.during = term_at(line, delay)
    played = scene.play()
    record_property("group", f"SIGTERM in mid-run, in {len(PLACES)} places")
    record_property("result", f"`{played.outcome.verdict.category}`, ended by TERM")
    assert (played.word, played.outcome.verdict.category) == ("failed", "stopped_by_user")
    by_term = {-signal.SIGTERM, 128 + signal.SIGTERM}
    assert played.outcome.evidence["exit_code"] in by_term, "it took KILL to end it"
    assert not any(scene.bench.store.exists(key) for key in scene.outputs)
