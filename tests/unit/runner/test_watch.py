"""Watching a process: stall, lingering, memory, and a real OOM kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.bench import Bench, folder_bench

from platerunner_unit.runner import watch
from platerunner_unit.runner.watch import Watch, disk_free

MIB = 1024 * 1024


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def sleeper() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "300"])
    yield process.pid
    process.kill()
    process.wait()


def test_silence_and_idleness_for_the_whole_time_are_a_stall(sleeper: int) -> None:
    clock = Clock()
    watch = Watch(sleeper, stall_s=60, linger_s=60, complete=lambda: False, clock=clock)
    assert watch.look(1000.0) is None
    clock.now = 1050.0
    assert watch.look(1040.0) is None  # a line came at 1040
    clock.now = 1099.0
    assert watch.look(1040.0) is None
    clock.now = 1101.0
    assert watch.look(1040.0) == "stall"


def work_on(pid: int, ticks: int = 10) -> None:
    """Until a process has computed for 100 ms more, which is twice 1 % of 5 s."""
    computed = read_ticks(pid)
    while read_ticks(pid) < computed + ticks:
        time.sleep(0.01)


def read_ticks(pid: int) -> int:
    """Hundredths of seconds that a process has computed, in the interpreter and in the kernel."""
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))


def test_work_without_a_word_is_no_stall() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    clock = Clock()
    watch = Watch(process.pid, stall_s=5, linger_s=60, complete=lambda: False, clock=clock)
    try:
        for _ in range(4):
            work_on(process.pid)
            clock.now += 4
            assert watch.look(1000.0) is None
    finally:
        process.kill()
        process.wait()


def test_a_tool_that_is_complete_may_linger_for_a_while_only(sleeper: int) -> None:
    clock, said = Clock(), [False]
    watch = Watch(sleeper, stall_s=1e6, linger_s=60, complete=lambda: said[0], clock=clock)
    assert watch.look(1000.0) is None
    said[0] = True
    assert watch.look(1000.0) is None
    clock.now += 59
    assert watch.look(1000.0) is None
    clock.now += 2
    assert watch.look(1000.0) == "after_complete"


@pytest.mark.slow
def test_memory_of_grandchildren_counts(tmp_path: Path) -> None:
    """A shell's child, as CellProfiler's workers are."""
    bench = folder_bench(tmp_path)
    big = f'{sys.executable} -c \'import time; x = bytearray(150 << 20); time.sleep(1.5)\' ; touch "$1"; echo x >"$1"'
    ran = bench.run(bench.step(("sh", "-c", big, "sh", "{outputs.o}")), bench.unit(["a"]))
    assert ran.outcome is not None
    assert ran.category == "succeeded", ran.sentence
    assert 150 * MIB < ran.outcome.usage["peak_memory"] < 400 * MIB


def test_disk_free(tmp_path: Path) -> None:
    free = disk_free(str(tmp_path))
    assert free is not None
    assert free > 0
    assert disk_free(str(tmp_path / "nowhere")) is None


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Path]:
    """A memory control group of 128 MiB."""
    group = watch._current()
    if group is None:
        pytest.skip("no memory control group here")
    folder = group.folder / f"platerunner-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / ("memory.max" if group.version == 2 else "memory.limit_in_bytes")).write_text(str(128 * MIB))
    except OSError as error:
        if folder.is_dir():
            folder.rmdir()
        pytest.skip(f"may not make control groups here: {error}")
    yield folder
    folder.rmdir()


def test_a_kill_for_memory_is_told_from_any_other(tmp_path: Path, limited: Path) -> None:
    bench: Bench = folder_bench(tmp_path)
    join = tmp_path / "python"
    join.write_text(f'#!/bin/sh\necho $$ >"{limited}/cgroup.procs"\nexec "{sys.executable}" "$@"\n')
    join.chmod(0o755)
    bench.python = str(join)
    hungry = (sys.executable, "-c", "x = [bytearray(10 << 20) for _ in range(100)]")
    ran = bench.run(bench.step(hungry), bench.unit(["a"]))
    assert ran.outcome is not None, ran.stderr
    assert ran.category == "out_of_memory", ran.sentence
    assert ran.outcome.evidence["oom_kills"] == 1
    assert ran.outcome.evidence["memory_limit"] == 128 * MIB
    ran = bench.run(bench.step(("sh", "-c", "kill -9 $$")), bench.unit(["a"], fingerprint="f2"))
    assert ran.outcome is not None
    assert ran.outcome.evidence["oom_kills"] == 0
