"""Memory limits, by the kernel and by the watch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.embedded import TIMEOUT_S, Account, wait_for

from platerunner.local.host import limits, processes
from platerunner_unit.contract.processes import find_tree

GREEDY = "import time; x = bytearray(200 * 1024**2); time.sleep(600)"
CHILD = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {GREEDY!r}]).returncode + 100)"


def test_a_job_over_its_memory_is_killed(aws: Account) -> None:
    job = aws.run([sys.executable, "-c", GREEDY])
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_the_tool_is_killed_and_its_runner_tells(aws: Account) -> None:
    job = aws.run([sys.executable, "-c", CHILD])
    assert job["container"]["exitCode"] == 100 - 9
    assert job["container"]["reason"].startswith("OutOfMemoryError")


def test_a_job_within_its_memory_is_left_alone(aws: Account) -> None:
    job = aws.run([sys.executable, "-c", "x = bytearray(20 * 1024**2)"])
    assert job["status"] == "SUCCEEDED"


def test_the_watch_kills_the_largest_process_of_a_tree_over_its_limit() -> None:
    parent = subprocess.Popen([sys.executable, "-c", CHILD])
    try:
        wait_for(lambda: _resident(parent.pid) > 200 * 1024**2)
        tree = find_tree(processes.process_table(), parent.pid)
        assert len(tree) == 2
        assert not limits.enforce(tree, 400 * 1024**2)
        assert limits.enforce(tree, 100 * 1024**2)
        assert parent.wait(TIMEOUT_S) == 100 - 9
    finally:
        parent.kill()
        parent.wait()


def _resident(pid: int) -> int:
    return sum(process.resident for process in find_tree(processes.process_table(), pid))


def test_a_process_that_has_gone_is_no_tree() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert find_tree(processes.process_table(), gone.pid) == []
    assert not limits.enforce([processes.Process(gone.pid, 1, 1, 10)], 5)


def _cgroups(root: Path, own: str, version: int) -> limits.Groups:
    (root / "self").mkdir()
    (root / "self" / "cgroup").write_text(own)
    groups = limits.find_groups(root, root)
    assert groups.version == version
    return groups


def test_version_1_puts_groups_under_its_own(tmp_path: Path) -> None:
    own = tmp_path / "memory" / "mine"
    own.mkdir(parents=True)
    (own / "cgroup.procs").touch()
    groups = _cgroups(tmp_path, "4:memory:/mine\n0::/\n", 1)
    assert groups.parent == own
    group = groups.make(1 << 30)
    assert group is not None
    assert (group.path / "memory.limit_in_bytes").read_text() == str(1 << 30)
    group.enter()
    assert (group.path / "cgroup.procs").read_text() == str(os.getpid())
    (group.path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 10\n")
    (group.path / "memory.max_usage_in_bytes").write_text("123\n")
    assert group.killed()
    assert group.peak() == 123
    assert not group.remove()


def test_version_2_puts_groups_beside_its_own(tmp_path: Path) -> None:
    own = tmp_path / "user" / "terminal"
    own.mkdir(parents=True)
    for folder in (own, own.parent):
        (folder / "cgroup.procs").touch()
    (own / "cgroup.subtree_control").write_text("\n")
    (own.parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    groups = _cgroups(tmp_path, "0::/user/terminal\n", 2)
    assert groups.parent == own.parent
    group = groups.make(5000)
    assert group is not None
    assert (group.path / "memory.max").read_text() == "5000"
    assert not group.killed()
    assert group.peak() is None
    (group.path / "memory.events").write_text("max 3\noom 1\noom_kill 0\n")
    assert not group.killed()


@pytest.mark.parametrize("own", ["", "0::/\n", "4:cpu:/\n0::/nowhere\n"])
def test_without_memory_cgroups_there_are_none(tmp_path: Path, own: str) -> None:
    groups = _cgroups(tmp_path, own, 2)
    assert groups.make(1000) is None


def test_what_cannot_be_limited_is_not_tried_again(tmp_path: Path) -> None:
    groups = limits.Groups(tmp_path / "missing", 1)
    assert groups.make(1000) is None
    assert groups.parent is None
