"""Workers and triggerers die at random points while units run, fail and are tried again; the ledger misses nothing.

    nice python -m tests.e2e.ledger_deaths --units 500 --deaths 200 --seed 1
    nice python -m tests.e2e.ledger_deaths --units 200 --deaths 40 --clouds 10

Each process is a fork of one that has everything imported, so that it dies at its work and not while it starts. After
all runs each attempt must have one row, and the rows' seconds must be those of the embedded cloud's own book.

With `--clouds` the cloud is a process of its own that is killed, too, with all its jobs and its book. Then the book is
what units wrote as they began: each job that began has to have one row. How long they ran nobody can tell.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.e2e.forks import KILLED, Forks
from tests.embedded import embedded, wait_for

from platerunner.engine.ledger.place import workspace_ledger
from platerunner.local.aws.faults import Faults
from platerunner_unit.contract.storage import Storage

HERE = Path(__file__).parent
FAULTS = Faults(throttle=0.05, error_5xx=0.02, spot_reclaim=0.10, lost_after=0.05)
PARKED, REFUSED, FAILED = 75, 76, 1
LONGEST_S = 1.5
"""Of a life that is cut short; most take less."""
TIMES = 1000
"""Processes of a run, above which something goes round in circles."""

UNKNOWN_S = 3.0
"""After which a job counts as gone that a new cloud does not know; AWS gets two minutes."""


@dataclass(frozen=True)
class Found:
    """What became of it.

    :param rows: number of rows for each job of each unit that has any.
    :param seconds: sum over rows.
    :param book: sum over the cloud's book; None if it died with a cloud.
    """

    attempts: int
    deaths: int
    rows: Counter[tuple[str, str]]
    missing: int
    seconds: float
    book: float | None


class Processes:
    """Starts forks, and kills some.

    :param deaths: how many are to be killed.
    :param folder: of the data, the workspace and the log.
    """

    def __init__(self, cloud: "Shown", folder: Path, deaths: int, chance: random.Random) -> None:
        self.left = deaths
        self.cloud = cloud
        self._chance = chance
        self._folder = folder
        options = [str(UNKNOWN_S)] if cloud.mortal else []
        self._forks = Forks(cloud.connection, cloud.environment, folder, folder / "log.txt", *options)

    def run(self, what: str, run: str) -> int:
        """Exit code of a process; below zero for one that was killed."""
        spec = [str(HERE / "specs/chaos.yaml"), str(self._folder / "data")] if what != "wait" else []
        after = self._chance.uniform(0.001, LONGEST_S) if self.left else None
        argv = [what, *spec, str(self._folder / "workspace"), run]
        with self.cloud.dying(self._chance):
            code = self._forks.run(argv, after)
        self.left -= code in KILLED
        return code

    def close(self) -> None:
        """End what they were forks of."""
        self._forks.close()


class Shown:
    """A cloud as processes see it: in this one, or in one of its own that may die.

    :param connection: of Airflow.
    :param environment: of processes.
    """

    mortal = False

    def __init__(self, connection: Mapping[str, object], environment: Mapping[str, str]) -> None:
        self.connection = connection
        self.environment = environment

    @contextmanager
    def dying(self, _chance: random.Random) -> Iterator[None]:
        """While a process runs."""
        yield


class MortalCloud(Shown):
    """A cloud in a process that is killed while others ask it, and comes back at the same port, knowing nothing.

    :param left: times that it is still to die.
    """

    mortal = True

    def __init__(self, folder: Path, left: int, faults: Faults) -> None:
        self.left = left
        self.deaths = 0
        self._state = folder / "cloud.json"
        self._argv = ["--state", str(self._state), "--cores", "6", "--faults", json.dumps(asdict(faults))]
        self._process = self._start(0)
        told = json.loads(self._state.read_text())
        self._port = int(told["endpoint"].rpartition(":")[2])
        super().__init__(told["connection"], told["environment"])

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        self._state.unlink(missing_ok=True)
        parent = ["--port", str(port), "--parent", str(os.getpid())]
        argv = [sys.executable, "-m", "platerunner.local", *parent, *self._argv]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        wait_for(self._state.exists)
        return process

    @contextmanager
    def dying(self, chance: random.Random) -> Iterator[None]:
        """It may die at any moment of another process's life."""
        if not self.left or chance.random() < 0.5:
            yield
            return
        timer = threading.Timer(chance.uniform(0.0, LONGEST_S), self._die)
        timer.start()
        yield
        timer.join()

    def _die(self) -> None:
        self._process.kill()
        self._process.wait()
        self.left -= 1
        self.deaths += 1
        self._process = self._start(self._port)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def to_the_end(processes: Processes, run: str) -> None:
    """What Airflow does for a task until it is green, whatever dies."""
    what = "execute"
    for _ in range(TIMES):
        code = processes.run(what, run)
        if code == 0:
            return
        what = "execute"
        if code == PARKED:
            waited = processes.run("wait", run)
            if waited not in (0, *KILLED, *([REFUSED] if processes.cloud.mortal else [])):
                raise AssertionError(f"a trigger ended with {waited}")
            what = "resume" if waited == 0 else "execute"
        elif code not in (REFUSED, *KILLED, *([FAILED] if processes.cloud.mortal else [])):
            raise AssertionError(f"{what} ended with {code}")
    raise AssertionError(f"{run} does not end")


def play(folder: Path, units: int, deaths: int, seed: int, waves: int, clouds: int = 0) -> Found:
    """Run units in waves, each a run of its own, with deaths spread over them.

    :param folder: empty.
    :param clouds: times that the cloud dies.
    """
    (folder / "workspace").mkdir()
    faults = replace(FAULTS, seed=seed)
    if not clouds:
        with embedded(cores=6, faults=faults) as aws:
            died = run_waves(Shown(aws.cloud.connection(), aws.cloud.environment()), folder, units, deaths, seed, waves)
            book = {use.job: (use.stopped or 0.0) - (use.started or use.stopped or 0.0) for use in aws.cloud.book()}
        return compare(folder, died, set(book), sum(book.values()))
    cloud = MortalCloud(folder, clouds, faults)
    try:
        died = run_waves(cloud, folder, units, deaths, seed, waves)
    finally:
        cloud.close()
    print(f"the cloud died {cloud.deaths} times", flush=True)
    return compare(folder, died, set((folder / "began").read_text().split()), None)


def run_waves(cloud: Shown, folder: Path, units: int, deaths: int, seed: int, waves: int) -> int:
    """How many processes died."""
    chance, died = random.Random(seed), 0
    for wave in range(waves):
        write_wells(folder, range(wave * units // waves, (wave + 1) * units // waves))
        wanted = (wave + 1) * deaths // waves - died
        processes = Processes(cloud, folder, wanted, chance)
        try:
            to_the_end(processes, f"run-{wave}")
        finally:
            processes.close()
        died += wanted - processes.left
        print(f"wave {wave}: {died} deaths so far", flush=True)
    return died


def write_wells(folder: Path, numbers: Sequence[int]) -> None:
    """Wells that take a moment, in which they may lose their host."""
    plate = folder / "data/P1"
    plate.mkdir(parents=True, exist_ok=True)
    for n in numbers:
        began = f'echo "$AWS_BATCH_JOB_ID" >> {folder / "began"}\n'
        (plate / f"W{n:03}.sh").write_text(f'{began}sleep 0.1\necho done > "$1"\n')


def compare(folder: Path, deaths: int, book: set[str], seconds: float | None) -> Found:
    """The ledger beside what else is known.

    :param book: ids of the jobs that must have a row.
    :param seconds: that all jobs took together; None if nobody knows.
    """
    rows = list(workspace_ledger(Storage(str(folder / "workspace"))).rows())
    told = {row["job"] for row in rows}
    apart = len(told ^ book) if seconds is not None else len(book - told)
    return Found(
        len(told | book), deaths, Counter((row["job"], row["unit"]) for row in rows), apart,
        sum(row["seconds"] or 0.0 for row in rows), seconds,
    )  # fmt: skip


def check(found: Found) -> None:
    """Each attempt once, and the same seconds."""
    assert found.missing == 0, f"{found.missing} attempts are in the ledger or in the book alone"
    assert set(found.rows.values()) == {1}, "an attempt has several rows"
    assert len(found.rows) == found.attempts
    assert found.book is None or abs(found.seconds - found.book) < 1.0, (found.seconds, found.book)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--deaths", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--waves", type=int, default=10)
    parser.add_argument("--clouds", type=int, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        told = play(Path(place), asked.units, asked.deaths, asked.seed, asked.waves, asked.clouds)
    check(told)
    print(
        f"{told.attempts} attempts, {told.deaths} deaths, each attempt once; {told.seconds:.1f} s in the ledger, "
        f"{'no' if told.book is None else f'{told.book:.1f} s in the'} book; {time.monotonic() - began:.0f} s"
    )
