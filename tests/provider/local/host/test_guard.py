"""What a killed process leaves behind is ended, whole groups; what was dropped is not."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from tests.embedded import wait_for

from platerunner.local.host.guard import Guard

PARENT = """
import subprocess, sys
from platerunner.local.host.guard import Guard
guard = Guard()
kept, dropped = (subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True) for _ in range(2))
for group in (kept.pid, dropped.pid):
    guard.keep(group)
guard.drop(dropped.pid)
print(kept.pid, dropped.pid, flush=True)
kept.wait()
"""
WITH_A_CHILD = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit())  # and leaves its child behind, as Airflow's scheduler does
deaf = "import os, signal, time; signal.signal(2, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", deaf])
time.sleep(600)
"""


def has_ended(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_killed_process_takes_with_it_what_was_kept():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, "import time; time.sleep(600)"], stdout=subprocess.PIPE, text=True
    )
    kept, dropped = (psutil.Process(int(pid)) for pid in parent.stdout.readline().split())
    try:
        parent.kill()
        parent.wait()
        wait_for(lambda: has_ended(kept))
        assert not has_ended(dropped)
    finally:
        dropped.kill()


def test_who_does_not_listen_is_killed_with_the_rest_of_its_group():
    argv = [sys.executable, "-c", WITH_A_CHILD]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
    child = psutil.Process(int(process.stdout.readline()))
    guard = Guard(patience=0.5)
    guard.keep(process.pid)
    guard.close()
    assert process.wait() == 0
    wait_for(lambda: has_ended(child))


def test_nothing_is_left_to_do_for_groups_that_have_ended():
    guard = Guard()
    process = subprocess.Popen(["true"], start_new_session=True)
    guard.keep(process.pid)
    process.wait()
    guard.close()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
