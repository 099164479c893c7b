"""One step of 500 units while everything goes wrong: throttling, 5xx, spot reclaims, memory, killed processes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.embedded import Account, embedded

from platerunner.batch.views import STATUSES
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StepState
from platerunner.local.aws.faults import Faults
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage

HERE = Path(__file__).parent
UNITS, GREEDY_EVERY = 500, 33
WORKER_KILLS, TRIGGERER_KILLS = 5, 2
PARKED, KILLED = 75, -signal.SIGKILL
FAULTS = Faults(throttle=0.10, error_5xx=0.02, spot_reclaim=0.10, lost_after=0.3, list_delay=0.5, seed=7)
EXCUSES = {Category.SPOT_INTERRUPTED, Category.HOST_LOST, Category.OUT_OF_MEMORY}
GREEDY = f"{sys.executable} -c 'import time; data = bytearray(300 << 20); time.sleep(0.5)' || exit 1\n"
LIMIT_S = 400


@pytest.fixture
def aws() -> Iterator[Account]:
    with embedded(cores=6, faults=FAULTS) as account:
        yield account


def test_500_units_come_through_and_none_twice(aws: Account, tmp_path: Path) -> None:
    write_wells(tmp_path)
    kills = Kills(worker=WORKER_KILLS, triggerer=TRIGGERER_KILLS)
    deadline = time.monotonic() + LIMIT_S
    what = "execute"
    while (code := kills.run(aws, tmp_path, what)) != 0:
        assert code in (PARKED, KILLED), (tmp_path / "worker.txt").read_text()[-3000:]
        what = "resume" if code == PARKED else "execute"  # a worker that died costs Airflow's try
        while code == PARKED and (waited := kills.run(aws, tmp_path, "wait")) != 0:
            assert waited == KILLED, (tmp_path / "worker.txt").read_text()[-3000:]
        assert time.monotonic() < deadline
    assert kills.left == {"worker": 0, "triggerer": 0}

    aws.cloud.faults = Faults()
    state = StepState.from_json((tmp_path / "workspace/_platerunner/runs/chaos/work/state.json").read_bytes())
    nothing_was_submitted_twice_and_nothing_runs_on(aws, state)
    every_unit_is_done_and_only_what_was_lost_was_started_again(tmp_path, state)


def nothing_was_submitted_twice_and_nothing_runs_on(aws: Account, state: StepState) -> None:
    jobs = {
        job["jobId"]: job["status"]
        for queue in (aws.spot, aws.on_demand)
        for status in STATUSES
        for job in aws.batch.list_jobs(jobQueue=queue, jobStatus=status)["jobSummaryList"]
    }
    assert set(jobs) == {submission.job_id for submission in state.submissions}
    assert set(jobs.values()) <= {"SUCCEEDED", "FAILED"}


def every_unit_is_done_and_only_what_was_lost_was_started_again(folder: Path, state: StepState) -> None:
    index = OutcomeStore(Storage(str(folder / "workspace"))).index("work")
    submitted = Counter(unit for submission in state.submissions for unit in submission.units)
    started = Counter((folder / "started").read_text().split())
    ended = Counter((folder / "ended").read_text().split())
    assert len(submitted) == len(started) == len(ended) == UNITS
    for unit, times in submitted.items():
        well = str(unit).rpartition("=")[2]
        [(_, categories)] = index.fingerprints(str(unit)).items()
        assert Category.SUCCEEDED in categories
        if times == 1:
            assert (categories, started[well], ended[well]) == ({Category.SUCCEEDED}, 1, 1)
        else:
            assert categories - {Category.SUCCEEDED} <= EXCUSES
            assert categories & EXCUSES
            assert started[well] <= times
    assert sum(times > 1 for times in submitted.values()) > UNITS * 0.06, "not enough went wrong to prove anything"


def write_wells(folder: Path) -> None:
    """Each notes its start and its end; some take more memory than they asked for."""
    plate = folder / "data" / "P1"
    plate.mkdir(parents=True)
    for n in range(UNITS):
        body = GREEDY if n % GREEDY_EVERY == 0 else ""
        note, end = f"echo W{n:03} >> {folder}/started\n", f'echo done > "$1"\necho W{n:03} >> {folder}/ended\n'
        (plate / f"W{n:03}.sh").write_text(note + body + end)


class Kills:
    """Starts processes, and kills the first of them at random points of their lives."""

    def __init__(self, worker: int, triggerer: int) -> None:
        self.left = {"worker": worker, "triggerer": triggerer}
        self._chance = random.Random(11)

    def run(self, aws: Account, folder: Path, what: str) -> int:
        """Exit code of a process; ``-SIGKILL`` for one that was killed."""
        process = start(aws, folder, what)
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


def start(aws: Account, folder: Path, what: str) -> subprocess.Popen[bytes]:
    connection = {"conn_type": "platerunner", "extra": aws.cloud.connection()}
    env = {**os.environ, **aws.cloud.environment(), "AIRFLOW_CONN_PLATERUNNER": json.dumps(connection)}
    env["AIRFLOW_HOME"] = str(folder / "airflow")
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    argv = [sys.executable, str(HERE / "chaos_worker.py"), what]
    argv += [str(HERE / "specs/chaos.yaml"), str(folder / "data")] if what != "wait" else []
    with (folder / "worker.txt").open("ab") as log:
        return subprocess.Popen([*argv, str(workspace)], env=env, stdout=log, stderr=log, cwd=folder)
