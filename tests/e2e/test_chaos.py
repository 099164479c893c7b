"""A step of 500 units, in one run or in two at once, while everything goes wrong.

Refusals, throttling, 5xx, lost hosts, memory, killed processes.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from botocore.exceptions import ClientError
from tests.embedded import Account, embedded, wait_for

from platerunner.batch.views import STATUSES
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner.local.aws.faults import Faults
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage

HERE = Path(__file__).parent
UNITS, GREEDY_EVERY = 500, 33
WORKER_KILLS, TRIGGERER_KILLS = 5, 2
PARKED, REFUSED, KILLED = 75, 76, -signal.SIGKILL
FAULTS = Faults(throttle=0.10, error_5xx=0.02, spot_reclaim=0.10, lost_after=0.05, list_delay=0.5, seed=7)
EXCUSES = {Category.SPOT_INTERRUPTED, Category.HOST_LOST, Category.OUT_OF_MEMORY}
GREEDY = f"{sys.executable} -c 'import time; data = bytearray(300 << 20); time.sleep(0.5)' || exit 1\n"
LIMIT_S = 1200
"""Far more than a run takes on two free cores: only a test that fails waits for it."""
OUTCOMES = "workspace/_platerunner/outcomes/work"


@pytest.fixture
def aws() -> Iterator[Account]:
    with embedded(cores=6, faults=FAULTS) as account:
        yield account


@pytest.mark.timeout(1500)
def test_500_units_come_through_and_none_twice(aws: Account, tmp_path: Path) -> None:
    write_wells(tmp_path)
    kills = Kills(worker=WORKER_KILLS, triggerer=TRIGGERER_KILLS)
    to_the_end(aws, tmp_path, "chaos", kills, (PARKED, KILLED))
    assert kills.left == {"worker": 0, "triggerer": 0}

    aws.cloud.faults = Faults()
    states = [state_of(tmp_path, "chaos")]
    nothing_was_submitted_twice_and_nothing_runs_on(aws, states)
    every_unit_is_done_and_only_what_was_lost_was_started_again(tmp_path, states)


@pytest.mark.timeout(1500)
def test_two_runs_at_once_bring_500_units_through_and_none_twice(aws: Account, tmp_path: Path) -> None:
    """The second run begins when half of the wells have come, and is refused at first; each meets the other's units."""
    aws.cloud.faults = replace(FAULTS, lost_host=0.03)
    kills = {"one": Kills(worker=3, triggerer=1, seed=1), "two": Kills(worker=3, triggerer=1, seed=2)}
    endings = (PARKED, KILLED, REFUSED)
    with ThreadPoolExecutor(2) as pool:
        write_wells(tmp_path, range(UNITS // 2))
        first = pool.submit(to_the_end, aws, tmp_path, "one", kills["one"], endings)
        wait_for(lambda: first.done() or state_of(tmp_path, "one").live)
        write_wells(tmp_path, range(UNITS // 2, UNITS))
        set_queue(aws, "DISABLED")
        try:
            assert start(aws, tmp_path, "execute", "two").wait(LIMIT_S) == REFUSED, said(tmp_path, "two")
        finally:
            set_queue(aws, "ENABLED")  # else the first run would go on for as long as it may
        second = pool.submit(to_the_end, aws, tmp_path, "two", kills["two"], endings)
        assert (first.result(), second.result()) == (None, None)

    assert all(each.left["worker"] < 3 for each in kills.values()), "no worker died"
    aws.cloud.faults = Faults()
    states = [state_of(tmp_path, run) for run in kills]
    assert all(state.submissions for state in states), "the runs were to share the work"
    nothing_was_submitted_twice_and_nothing_runs_on(aws, states)
    every_unit_is_done_and_only_what_was_lost_was_started_again(tmp_path, states)


def set_queue(aws: Account, state: Literal["ENABLED", "DISABLED"]) -> None:
    """Close or open the queue; the faults meet this call, too."""
    while True:
        try:
            aws.batch.update_job_queue(jobQueue=aws.spot, state=state)
        except ClientError:
            time.sleep(0.1)
        else:
            return


def to_the_end(aws: Account, folder: Path, run: str, kills: "Kills", endings: Sequence[int]) -> None:
    """What Airflow does for a task, until it is green.

    :param endings: how workers may end before.
    """
    deadline = time.monotonic() + LIMIT_S
    what = "execute"
    while (code := kills.run(aws, folder, what, run)) != 0:
        assert code in endings, said(folder, run)
        what = "resume" if code == PARKED else "execute"  # a worker that died costs Airflow's try
        while code == PARKED and (waited := kills.run(aws, folder, "wait", run)) != 0:
            assert waited == KILLED, said(folder, run)
        assert time.monotonic() < deadline, said(folder, run)


def said(folder: Path, run: str) -> str:
    return (folder / f"{run}.txt").read_text()[-3000:]


def state_of(folder: Path, run: str) -> StepState:
    return StateFile(Storage(str(folder / "workspace")), run, "work").load()


def nothing_was_submitted_twice_and_nothing_runs_on(aws: Account, states: Sequence[StepState]) -> None:
    jobs = {
        job["jobId"]: job["status"]
        for queue in (aws.spot, aws.on_demand)
        for status in STATUSES
        for job in aws.batch.list_jobs(jobQueue=queue, jobStatus=status)["jobSummaryList"]
    }
    assert set(jobs) == {submission.job_id for state in states for submission in state.submissions}
    assert set(jobs.values()) <= {"SUCCEEDED", "FAILED"}


def every_unit_is_done_and_only_what_was_lost_was_started_again(folder: Path, states: Sequence[StepState]) -> None:
    submitted = Counter(unit for state in states for submission in state.submissions for unit in submission.units)
    started = Counter((folder / "started").read_text().split())
    ended = Counter((folder / "ended").read_text().split())
    assert len(submitted) == len(started) == len(ended) == UNITS
    for unit, times in submitted.items():
        well = str(unit).rpartition("=")[2]
        outcomes = Counter(file.name.split(".")[1] for file in (folder / OUTCOMES / str(unit)).glob("*.json"))
        assert outcomes.pop(Category.SUCCEEDED) == 1, f"{unit} succeeded more than once"
        assert set(outcomes) <= EXCUSES
        assert outcomes.total() == times - 1, f"{unit} was submitted again although nothing had happened to it"
        assert started[well] <= times
        assert times > 1 or (started[well], ended[well]) == (1, 1)
    assert sum(times > 1 for times in submitted.values()) > UNITS * 0.06, "not enough went wrong to prove anything"


def write_wells(folder: Path, numbers: Sequence[int] = range(UNITS)) -> None:
    """Each notes its start and its end; some take more memory than they asked for."""
    plate = folder / "data" / "P1"
    plate.mkdir(parents=True, exist_ok=True)
    for n in numbers:
        body = GREEDY if n % GREEDY_EVERY == 0 else "sleep 0.1\n"  # long enough to lose its host
        note, end = f"echo W{n:03} >> {folder}/started\n", f'echo done > "$1"\necho W{n:03} >> {folder}/ended\n'
        (plate / f"W{n:03}.sh").write_text(note + body + end)


class Kills:
    """Starts processes, and kills the first of them at random points of their lives."""

    def __init__(self, worker: int, triggerer: int, seed: int = 11) -> None:
        self.left = {"worker": worker, "triggerer": triggerer}
        self._chance = random.Random(seed)

    def run(self, aws: Account, folder: Path, what: str, run: str) -> int:
        """Exit code of a process; ``-SIGKILL`` for one that was killed."""
        process = start(aws, folder, what, run)
        who = "triggerer" if what == "wait" else "worker"
        if self.left[who] == 0:
            return process.wait(LIMIT_S)
        try:
            # Imports take a second or two; what is worth being killed in comes after them.
            return process.wait(self._chance.uniform(1, 6))
        except subprocess.TimeoutExpired:
            self.left[who] -= 1
            process.send_signal(signal.SIGKILL)
            return process.wait()


def start(aws: Account, folder: Path, what: str, run: str) -> subprocess.Popen[bytes]:
    connection = {"conn_type": "platerunner", "extra": aws.cloud.connection()}
    env = {**os.environ, **aws.cloud.environment(), "AIRFLOW_CONN_PLATERUNNER": json.dumps(connection)}
    env["AIRFLOW_HOME"] = str(folder / "airflow")
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    argv = [sys.executable, str(HERE / "chaos_worker.py"), what]
    argv += [str(HERE / "specs/chaos.yaml"), str(folder / "data")] if what != "wait" else []
    with (folder / f"{run}.txt").open("ab") as log:
        return subprocess.Popen([*argv, str(workspace), run], env=env, stdout=log, stderr=log, cwd=folder)
