"""The process table: who is below whom, however processes come and go."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.embedded import wait_for

from platerunner.local.host.processes import Below, Process, process_table
from platerunner_unit.contract.processes import PAGE, find_tree

FIRST, ROOT = 1, 2
"""The system's first process, and the one that takes in the orphans below it."""
REST = "0 -1 4194304" + " 0" * 45
"""What else the kernel says in a process's line."""


class FakeProc:
    """A process table on disk, in which processes start and end by the kernel's rules."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parents: dict[int, int] = {}
        self._put(FIRST, 0)
        self._put(ROOT, FIRST)

    def fork(self, parent: int) -> None:
        free = next(pid for pid in range(1, 1000) if pid not in self.parents)  # a number comes again at once
        self._put(free, parent)

    def end(self, pid: int) -> None:
        below = {process.pid for process in find_tree(process_table(self.folder), ROOT)}
        for child in [child for child, parent in self.parents.items() if parent == pid]:
            self._put(child, ROOT if pid in below else FIRST)
        del self.parents[pid]
        for name in ("stat", "statm"):
            (self.folder / str(pid) / name).unlink()
        (self.folder / str(pid)).rmdir()

    def _put(self, pid: int, parent: int) -> None:
        self.parents[pid] = parent
        (self.folder / str(pid)).mkdir(exist_ok=True)
        (self.folder / str(pid) / "stat").write_text(f"{pid} (x) S {parent} {pid} {pid} {REST}\n")
        (self.folder / str(pid) / "statm").write_text("9 5 1 1 0 1 0\n")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["fork", "end", "look"]), st.integers(0, 50)), max_size=30))
def test_looking_again_finds_what_a_whole_look_would(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    proc = FakeProc(tmp_path_factory.mktemp("proc"))
    below = Below(ROOT, proc.folder)
    for what, number in steps:
        pids = sorted(proc.parents)
        pid = pids[number % len(pids)]
        if what == "fork":
            proc.fork(pid)
        elif what == "end" and pid not in (FIRST, ROOT):
            proc.end(pid)
            below.look()  # before its number is given to another
        else:
            assert below.look().keys() == {each.pid for each in find_tree(process_table(proc.folder), ROOT)} - {ROOT}


def test_real_processes_are_found_and_forgotten() -> None:
    below = Below(os.getpid())
    with subprocess.Popen(["sh", "-c", "sleep 300 & wait"]) as process:
        wait_for(lambda: len(find_tree(below.look(), process.pid)) == 2)
        for each in find_tree(below.look(), process.pid):
            os.kill(each.pid, 9)
    assert process.pid not in below.look()


def test_no_process_table_means_no_processes(tmp_path: Path) -> None:
    assert process_table(tmp_path / "missing") == {}


@given(st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=15))
def test_any_process_name_can_be_read(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    proc = tmp_path_factory.mktemp("proc")
    (proc / "7").mkdir()
    (proc / "7" / "stat").write_text(f"7 ({name}) S 3 7 5 {REST}\n")
    (proc / "7" / "statm").write_text("900 100 40 1 0 1 0\n")
    assert process_table(proc) == {7: Process(7, 3, 5, 60 * PAGE)}
