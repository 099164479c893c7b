"""Several units in one job: each with its own outcome, and a program that is loaded once for all of them."""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.bench import PATIENCE_S, Bench, folder_bench

from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.unit_keys import outcomes_prefix
from platerunner_unit.runner.kept import Kept
from platerunner_unit.runner.process import ToolProcess

WRITE = ("sh", "-c", 'test "$1" != A02 || exit 3; echo "$1" >"$2"', "sh", "{values.well}", "{outputs.o}")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return folder_bench(tmp_path)


def wells(bench: Bench, count: int) -> list[UnitTask]:
    names = [f"A{number:02}" for number in range(1, count + 1)]
    return [
        bench.unit([f"{well}.txt"], unit=f"plate=P1/well={well}", values={"well": well}, fingerprint=f"f{well}")
        for well in names
    ]


def outcomes(bench: Bench) -> dict[str, Outcome]:
    keys = [stored.key for stored in bench.store.list(outcomes_prefix("s"))]
    return {each.unit[-3:]: each for each in (Outcome.from_json(bench.store.get(key)) for key in keys)}


def test_one_failing_unit_takes_no_other_of_its_batch_along(bench: Bench) -> None:
    bench.environ.update(AWS_BATCH_JOB_ARRAY_INDEX="1", AWS_BATCH_JOB_ID="job:1")
    ran = bench.run(bench.step(WRITE, batches=(0, 1, 4)), *wells(bench, 4))
    found = outcomes(bench)
    assert {well: each.verdict.category for well, each in found.items()} == {
        "A02": "tool_error",
        "A03": "succeeded",
        "A04": "succeeded",
    }
    assert ran.code == CATEGORIES[Category.TOOL_ERROR].exit_code
    assert {each.job_id for each in found.values()} == {"job:1"}
    assert [bench.store.exists(f"A0{n}.txt") for n in (1, 2, 3, 4)] == [False, False, True, True]
    assert len({each.log for each in found.values()}) == 3
    assert not list(bench.work.glob("*"))


def test_after_a_request_to_stop_what_is_finished_stays_and_nothing_begins(bench: Bench) -> None:
    argv = ("sh", "-c", 'echo "$1" >"$2"; test "$1" = A01 || sleep 600', "sh", "{values.well}", "{outputs.o}")
    step = replace(bench.step(argv, batches=(0, 3)), timeout_s=600.0)
    process = bench.start(step, *wells(bench, 3))
    deadline = time.monotonic() + PATIENCE_S
    while not (bench.work / "1" / "out" / "A02.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert {well: each.verdict.category for well, each in outcomes(bench).items()} == {
        "A01": "succeeded",
        "A02": "stopped_by_user",
    }
    assert process.returncode == CATEGORIES[Category.STOPPED_BY_USER].exit_code


class Program:
    """A Python program whose module notes each time that it is loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "heavy.py").write_text(f"open({str(folder / 'loads')!r}, 'a').write('x')\n")
        self.path = folder / "program"
        self.path.write_text(
            f"#!/bin/sh\nexec {sys.executable} -c '"
            "import heavy, os, random, signal, sys\n"
            'print(sys.argv[1:], os.getcwd(), os.environ.get("OWN"), "PYTHONPATH" in os.environ, flush=True)\n'
            'if sys.argv[1] == "die": os.kill(os.getpid(), signal.SIGKILL)\n'
            'if sys.argv[1] == "spin": sum(range(10**7))\n'
            'sys.exit(int(sys.argv[2]))\' "$@"\n'
        )
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)

    @property
    def loads(self) -> int:
        return len((self.folder / "loads").read_text())

    def run(self, kept: Kept, *arguments: str, **own: str) -> tuple[ToolProcess, str]:
        reading, writing = os.pipe()
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.folder), "HOME": os.environ["HOME"], **own}
        process = kept.start([str(self.path), *arguments], environ, self.folder, writing)
        os.close(writing)
        while process.poll() is None:
            time.sleep(0.01)
        with os.fdopen(reading) as output:
            return process, output.read()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def kept(tmp_path: Path, said: list[str]) -> Iterator[Kept]:
    (tmp_path / "kept").mkdir()
    kept = Kept(["heavy"], tmp_path / "kept", said.append, lambda: False)
    yield kept
    kept.close()


def test_a_python_program_is_loaded_once_and_each_unit_has_a_process_of_its_own(
    program: Program, kept: Kept, said: list[str]
) -> None:
    runs = [program.run(kept, "a", "0", OWN="1"), program.run(kept, "b", "7", OWN="2"), program.run(kept, "die", "0")]
    assert [process.exit_code for process, _ in runs] == [0, 7, -signal.SIGKILL]
    assert program.loads == 1, said
    assert len({process.pid for process, _ in runs}) == 3
    texts = [output for _, output in runs]
    assert texts[0] == f"['a', '0'] {program.folder} 1 True\n"
    assert texts[1] == f"['b', '7'] {program.folder} 2 True\n"
    spun, _ = program.run(kept, "spin", "0")
    assert spun.spent().cpu_s > 0.05
    assert spun.spent().largest > 1_000_000
    spun.clear()
    assert program.run(kept, "a", "0")[0].exit_code == 0  # what waits for the next unit is not cleared away
    assert (program.loads, said) == (1, [])


def test_a_program_that_cannot_be_kept_is_started_anew_for_each_unit(
    program: Program, kept: Kept, said: list[str]
) -> None:
    program.path.write_text('#!/bin/sh\necho "run $1"\n')
    assert [program.run(kept, word)[1] for word in ("a", "b")] == ["run a\n", "run b\n"]
    assert len(said) == 1
    assert "each unit starts it anew: run --version" in said[0]


def test_a_loaded_program_that_dies_is_made_up_for(program: Program, kept: Kept, said: list[str]) -> None:
    program.run(kept, "a", "0")
    assert kept._server is not None
    os.kill(kept._server.pid, signal.SIGKILL)
    assert program.run(kept, "b", "5")[0].exit_code == 5
    assert program.loads == 2
    assert said[0].startswith("the loaded program is gone")
