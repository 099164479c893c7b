"""What `up` started and died is started again: with real processes, as `airflow standalone` starts them."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from tests.embedded import wait_for

from platerunner.cli.run.watching import MOST, PartLostError, Watch

PART = "import time; time.sleep(600)"
LEADER = f"""
import subprocess, sys
children = [subprocess.Popen([sys.executable, "-c", {PART!r}, part]) for part in ("triggerer", "api-server", "other")]
print("ready", flush=True)
for child in children:
    child.wait()
"""


@pytest.fixture
def leader():
    process = subprocess.Popen(
        [sys.executable, "-c", LEADER], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def said():
    return []


@pytest.fixture
def watch(leader, said, tmp_path):
    program = (sys.executable, "-c", PART)
    found = Watch(leader.pid, os.environ, tmp_path / "up.log", said.append, program)
    found.look()
    yield found
    found.stop()


def kill(leader, part):
    """Kill the part that runs now, of the leader's children or of this process's."""
    child = wait_for(lambda: running(leader, part))  # one that was just started may not have its name yet
    child.kill()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def running(leader, part):
    parents = (psutil.Process(leader.pid), psutil.Process())
    children = (child for parent in parents for child in parent.children())
    alive = (child for child in children if child.status() != psutil.STATUS_ZOMBIE)
    return next((child for child in alive if child.cmdline()[-1:] == [part]), None)


def test_nothing_is_started_while_all_live(watch, said):
    watch.look()
    assert said == []


def test_a_part_that_dies_is_started_again_and_ends_with_the_watch(watch, leader, said, tmp_path):
    kill(leader, "triggerer")
    watch.look()
    watch.look()
    assert said == [f"Airflow's triggerer ended by itself and was started again; see {tmp_path}/up.log."]
    living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    [new] = [child for child in living if child.cmdline()[-1:] == ["triggerer"]]
    watch.stop()
    assert not new.is_running()


def test_one_that_was_started_again_is_watched_too_but_not_for_ever(watch, leader, said):
    for _ in range(MOST):
        kill(leader, "api-server")
        watch.look()
    assert len(said) == MOST
    kill(leader, "api-server")
    with pytest.raises(PartLostError, match=r"api-server ended 6 times by itself: see .*up\.log"):
        watch.look()


def test_what_a_part_that_was_started_again_leaves_behind_ends_before_the_next(leader, said, tmp_path):
    """As Airflow's scheduler leaves its workers, each of which would wait forever."""
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {PART!r}, 'worker']); {PART}"
    watch = Watch(leader.pid, os.environ, tmp_path / "up.log", said.append, (sys.executable, "-c", parent))
    watch.look()
    kill(leader, "triggerer")
    watch.look()
    own = wait_for(lambda: running(leader, "triggerer"))
    [worker] = wait_for(own.children)
    own.kill()
    wait_for(lambda: own.status() == psutil.STATUS_ZOMBIE)
    watch.look()
    wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    watch.stop()


def test_what_is_no_part_is_left_alone(watch, leader, said):
    kill(leader, "other")
    watch.look()
    assert said == []
