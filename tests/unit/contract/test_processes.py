"""What is known of real processes, and where alone it is looked up."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from platerunner_unit.contract import processes
from platerunner_unit.contract.processes import (
    catches_signal,
    count_threads,
    find_ancestors,
    find_descendants,
    is_alive,
    list_cgroups,
    list_descriptors,
    path_of_descriptor,
    read_environment,
    read_folder,
    read_own_memory,
    read_stat,
    read_tree,
    trace_stacks,
)

ROOT = Path(__file__).parents[3]
SOURCES = ("provider/platerunner", "plugins/platerunner_pages", "containers/unit/platerunner_unit")


def test_no_other_module_reads_the_process_table() -> None:
    files = [path for source in SOURCES for path in (ROOT / source).rglob("*.py")]
    assert len(files) > 300
    found = [path for path in files if re.search(r"/proc\b", path.read_text())]
    assert found == [Path(processes.__file__)]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[int]:
    process = subprocess.Popen(["sleep", "300"], cwd=tmp_path, env={"ONE": "1=2", "NO_NEWS": ""})
    # Popen returns while exec still makes the process anew.
    while not Path(f"/proc/{process.pid}/environ").read_bytes():
        time.sleep(0.01)
    yield process.pid
    process.kill()
    process.wait()


def test_the_tree_of_a_process(sleeper: int) -> None:
    stat = read_stat(sleeper)
    assert stat is not None
    assert (stat.pid, stat.name, stat.parent, stat.session) == (sleeper, "sleep", os.getpid(), os.getsid(0))
    assert stat.rss >= read_own_memory(sleeper) > 0
    assert sleeper in find_descendants(os.getpid())
    assert os.getpid() in find_ancestors(sleeper)
    assert is_alive(sleeper)
    assert not catches_signal(sleeper, 3)
    assert any(f"pid {sleeper} (sleep)" in line for line in trace_stacks(sleeper))


def test_a_process_that_is_gone() -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(process.pid)  # a zombie
    process.wait()
    assert not is_alive(process.pid)
    assert read_tree(process.pid) == []
    assert read_stat(process.pid) is None
    assert read_own_memory(process.pid) == 0
    assert read_environment(process.pid) == {}
    assert read_folder(process.pid) == ""
    assert list_cgroups(process.pid) == []
    assert list(trace_stacks(process.pid)) == []


def test_what_a_process_was_started_with(sleeper: int, tmp_path: Path) -> None:
    assert read_environment(sleeper) == {"ONE": "1=2", "NO_NEWS": ""}
    assert read_folder(sleeper) == str(tmp_path)
    assert list_cgroups(sleeper) == list_cgroups()


def test_what_this_process_has() -> None:
    before, over = count_threads(), threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    assert count_threads() == before + 1
    over.set()
    thread.join()
    source, target = os.pipe()
    assert {source, target} <= set(list_descriptors())
    again = os.open(path_of_descriptor(target), os.O_WRONLY)
    os.write(again, b"x")
    assert os.read(source, 1) == b"x"
    for fd in (source, target, again):
        os.close(fd)
    assert target not in list_descriptors()


def test_without_a_process_table_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "missing")
    assert (count_threads(), list_descriptors(), read_environment(os.getpid())) == (0, [], {})
    assert is_alive(os.getpid()), "then the kernel is asked"
