"""A step of 250 units in one run, and one of 240 in two at once, while everything goes wrong.

Refusals, throttling, 5xx, lost hosts, memory, killed processes.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from botocore.exceptions import ClientError
from tests.e2e.chaos_worker import FIRST_S
from tests.e2e.forks import KILLED, Forks
from tests.embedded import Account, embedded, wait_for

from platerunner.batch.views import STATUSES
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner.local.aws.faults import Faults
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage

HERE = Path(__file__).parent
UNITS, SHARED, GREEDY_EVERY = 250, 240, 33
"""Units of a run alone, and of two runs together.

AWS tells of 100 jobs at a time, so that both take three pages; more units would be more of the same.
"""
WORKER_KILLS, TRIGGERER_KILLS = 5, 2
CERTAIN_CPU_S, LONGEST_S = 0.03, 1.5
"""CPU that a worker with 120 units to plan and submit needs in any case, and of the longest life that is cut short."""
PARKED, REFUSED = 75, 76
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
def test_all_units_come_through_and_none_twice(aws: Account, tmp_path: Path) -> None:
    write_wells(tmp_path)
    with closing(Processes(aws, tmp_path, "chaos", WORKER_KILLS, TRIGGERER_KILLS)) as processes:
        to_the_end(processes, (PARKED, *KILLED))
    assert processes.left["worker"] < WORKER_KILLS, "no worker died"
    assert processes.left["triggerer"] < TRIGGERER_KILLS, "no triggerer died"

    aws.cloud.faults = Faults()
    states = [state_of(tmp_path, "chaos")]
    nothing_was_submitted_twice_and_nothing_runs_on(aws, states)
    every_unit_is_done_and_only_what_was_lost_was_started_again(tmp_path, states, UNITS)


@pytest.mark.timeout(1500)
def test_two_runs_at_once_bring_all_units_through_and_none_twice(aws: Account, tmp_path: Path) -> None:
    """The second run begins when the second plate has come, and is refused at first; it meets the first run's units.

    The first run is asked for its plate alone, so that both have work however often either starts anew.
    """
    aws.cloud.faults = replace(FAULTS, lost_host=0.03)
    endings = (PARKED, *KILLED, REFUSED)
    with ExitStack() as both:
        one, two = (both.enter_context(closing(Processes(aws, tmp_path, run, 3, 1, run))) for run in ("one", "two"))
        pool = both.enter_context(ThreadPoolExecutor(2))
        write_wells(tmp_path, range(SHARED // 2))
        first = pool.submit(to_the_end, one, endings, "plate=P1")
        wait_for(lambda: first.done() or state_of(tmp_path, "one").live)
        write_wells(tmp_path, range(SHARED // 2, SHARED), plate="P2")
        set_queue(aws, "DISABLED")
        try:
            assert two.live("execute") == REFUSED, two.said()
        finally:
            set_queue(aws, "ENABLED")  # else the first run would go on for as long as it may
        second = pool.submit(to_the_end, two, endings)
        assert (first.result(), second.result()) == (None, None)

    assert all(each.left["worker"] < 3 for each in (one, two)), "no worker died"
    aws.cloud.faults = Faults()
    states = [state_of(tmp_path, each.run_id) for each in (one, two)]
    assert all(state.submissions for state in states), "the runs were to share the work"
    nothing_was_submitted_twice_and_nothing_runs_on(aws, states)
    every_unit_is_done_and_only_what_was_lost_was_started_again(tmp_path, states, SHARED)


def set_queue(aws: Account, state: Literal["ENABLED", "DISABLED"]) -> None:
    """Close or open the queue; the faults meet this call, too."""
    while True:
        try:
            aws.batch.update_job_queue(jobQueue=aws.spot, state=state)
        except ClientError:
            time.sleep(0.1)
        else:
            return


def to_the_end(processes: "Processes", endings: Sequence[int], *only: str) -> None:
    """What Airflow does for a task, until it is green.

    :param endings: how workers may end before.
    :param only: units that the run is asked for; all if there is none.
    """
    deadline = time.monotonic() + LIMIT_S
    what = "execute"
    while (code := processes.run(what, *only)) != 0:
        assert code in endings, processes.said()
        what = "resume" if code == PARKED else "execute"  # a worker that died costs Airflow's try
        while code == PARKED and (waited := processes.run("wait")) != 0:
            assert waited in KILLED, processes.said()
        assert time.monotonic() < deadline, processes.said()


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


def every_unit_is_done_and_only_what_was_lost_was_started_again(
    folder: Path, states: Sequence[StepState], units: int
) -> None:
    submitted = Counter(unit for state in states for submission in state.submissions for unit in submission.units)
    started = Counter((folder / "started").read_text().split())
    ended = Counter((folder / "ended").read_text().split())
    assert len(submitted) == len(started) == len(ended) == units
    for unit, times in submitted.items():
        well = str(unit).rpartition("=")[2]
        outcomes = Counter(file.name.split(".")[1] for file in (folder / OUTCOMES / str(unit)).glob("*.json"))
        assert outcomes.pop(Category.SUCCEEDED) == 1, f"{unit} succeeded more than once"
        assert set(outcomes) <= EXCUSES
        assert outcomes.total() == times - 1, f"{unit} was submitted again although nothing had happened to it"
        assert started[well] <= times
        assert times > 1 or (started[well], ended[well]) == (1, 1)
    assert sum(times > 1 for times in submitted.values()) > units * 0.05, "not enough went wrong to prove anything"


def write_wells(folder: Path, numbers: Sequence[int] = range(UNITS), plate: str = "P1") -> None:
    """Each notes its start and its end; some take more memory than they asked for."""
    wells = folder / "data" / plate
    wells.mkdir(parents=True)
    for n in numbers:
        body = GREEDY if n % GREEDY_EVERY == 0 else "sleep 0.1\n"  # long enough to lose its host
        note, end = f"echo W{n:03} >> {folder}/started\n", f'echo done > "$1"\necho W{n:03} >> {folder}/ended\n'
        (wells / f"W{n:03}.sh").write_text(note + body + end)


class Processes:
    """What Airflow starts for a run's task; the first of them die at random points of their lives.

    :param worker: how many workers are to die.
    :param triggerer: how many triggerers.
    """

    def __init__(self, aws: Account, folder: Path, run: str, worker: int, triggerer: int, seed: int | str = 11) -> None:
        self.left = {"worker": worker, "triggerer": triggerer}
        self.run_id = run
        self._folder = folder
        self._chance = random.Random(seed)
        self._longest = {"worker": CERTAIN_CPU_S, "triggerer": FIRST_S}
        (folder / "workspace").mkdir(exist_ok=True)
        self._forks = Forks(aws.cloud.connection(), aws.cloud.environment(), folder, folder / f"{run}.txt")

    def run(self, what: str, *only: str) -> int:
        """Exit code of a process; one of :data:`KILLED` for one that died.

        The first ones die before they can have ended, whatever machine this is; later ones may end before.
        """
        who = "triggerer" if what == "wait" else "worker"
        if self.left[who] == 0:
            return self.live(what, *only)
        after = self._chance.uniform(0.005, self._longest[who])
        self._longest[who] = LONGEST_S
        code = self._forks.run(self._argv(what, *only), **{"seconds" if what == "wait" else "cpu": after})
        self.left[who] -= code in KILLED
        return code

    def live(self, what: str, *only: str) -> int:
        """Exit code of a process that nobody kills."""
        return self._forks.run(self._argv(what, *only))

    def _argv(self, what: str, *only: str) -> list[str]:
        spec = [str(HERE / "specs/chaos.yaml"), str(self._folder / "data")] if what != "wait" else []
        return [what, *spec, str(self._folder / "workspace"), self.run_id, *only]

    def said(self) -> str:
        """The end of their log."""
        return self._forks.log.read_text()[-3000:]

    def close(self) -> None:
        """End what they are forks of."""
        self._forks.close()
