"""The runner as a fork of the agent: nobody can tell it from one that was executed, but by the time it takes."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from tests.embedded import alive, wait_for
from tests.host_agent import Agent
from tests.otlp_receiver import receiver
from tests.unit.bench import RUN, Bench, folder_bench

from platerunner.local.host import processes
from platerunner.local.host.agent_process import base_environment
from platerunner_unit.contract import manifest
from platerunner_unit.contract.category import CATEGORIES, Category

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the agent forks on Linux alone")

NAMELESS = dict.fromkeys(("LANG", "LC_ALL", "LC_CTYPE"))
"""A machine on which no locale is named: Python chooses one, and writes it into its own environment."""
WAYS = {"forked": {}, "executed": {"LC_NUMERIC": "C"}}
"""Variables of a job that make the agent run it in one way or the other."""
SEEN = r"""
exec > "$1"
env | grep -v -e ^LC_NUMERIC -e ^_= | sort; umask; ulimit -a; pwd
grep -e ^SigBlk -e ^SigCgt -e ^SigIgn -e ^Cpus_allowed: /proc/self/status
for process in self $PPID; do
  readlink /proc/$process/cwd
  for fd in /proc/$process/fd/*; do echo "$process $(readlink $fd | tr -d 0-9)"; done | sed "s/$PPID/runner/" | sort
done
grep -e ^SigBlk -e ^SigIgn -e ^SigBlk -e ^SigCgt -e ^Name: /proc/$PPID/status
cut -d' ' -f5,6,7 /proc/$PPID/stat | sed "s/$PPID/itself/g"
"""


class Units:
    """Units of one step, each a job of the agent's."""

    def __init__(self, agent: Agent, bench: Bench, way: str) -> None:
        self.agent, self._bench, self._variables = agent, bench, WAYS[way]

    def start(self, script: str, *, count: int = 1, prefix: str = "", **options: Any) -> None:
        """Start jobs ``0`` and so on, whose tool is a shell script: ``$1`` is its output, ``$N`` its number.

        :param prefix: of their names, where no job of another test may have the same.
        """
        units = [self._bench.unit([f"{n}.txt"], unit=f"n={n}", values={"n": n}) for n in range(count)]
        step = self._bench.step(["sh", "-c", f"N={{values.n}}; {script}", "sh", "{outputs.o}"])
        manifest.write(self._bench.store, f"{RUN}/s/1", step, units)
        for n in range(count):
            self._start_one(n, prefix, **options)

    def _start_one(
        self, n: int, prefix: str, variables: Mapping[str, str] = MappingProxyType({}), **options: Any
    ) -> None:
        key = f"{prefix}{n}"
        folder = self.agent.folder / f"{key}#1"
        folder.mkdir()
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        env = base_environment() | {
            "PATH": path,
            "AWS_BATCH_JOB_ID": key,
            "AWS_BATCH_JOB_ATTEMPT": "1",
            "TMPDIR": str(folder),
        }
        env |= {"AWS_BATCH_JOB_ARRAY_INDEX": f"{n}", "PLATERUNNER_GRACE": "5", **self._variables, **variables}
        argv = ("platerunner-unit", "run", f"{self._bench.store.url}/{RUN}/s/1")
        self.agent.start(key, *argv, **{"env": env, "cwd": str(folder)} | options)

    def output(self, n: int = 0) -> str:
        return self._bench.store.get(f"{n}.txt").decode()

    def end(self) -> dict[str, Any]:
        """The next event that is an end."""
        return next(event for event in iter(self.agent.event, None) if event["event"] != "started")


@pytest.fixture(params=WAYS)
def units(request: pytest.FixtureRequest, agent: Agent, tmp_path: Path) -> Units:
    return Units(agent, folder_bench(tmp_path), request.param)


@pytest.fixture
def forked(agent: Agent, tmp_path: Path) -> Units:
    return Units(agent, folder_bench(tmp_path), "forked")


@pytest.mark.slow
@pytest.mark.parametrize("locale", [{}, NAMELESS, NAMELESS | {"LANG": "C"}, NAMELESS | {"LC_ALL": "C.UTF-8"}])
def test_a_tool_and_its_runner_look_the_same_either_way(
    locale: dict[str, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in locale.items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    seen = {}
    for way in WAYS:
        (tmp_path / way).mkdir()
        agent = Agent(tmp_path / way)
        units = Units(agent, folder_bench(tmp_path / way), way)
        units.start(f"tr '\\0' ' ' </proc/$PPID/cmdline >{tmp_path}/{way}.cmdline; {SEEN}")
        assert units.end()["code"] == 0
        agent.close()
        seen[way] = units.output().replace(f"/{way}/", "/").splitlines()
    assert "local.host.agent" in (tmp_path / "forked.cmdline").read_text()
    assert "platerunner-unit" in (tmp_path / "executed.cmdline").read_text()
    assert _unnamed(seen["forked"]) == _unnamed(seen["executed"])


def _unnamed(lines: list[str]) -> list[str]:
    """Without the random part of the work folder's name."""
    return [line.split("/platerunner-")[0] for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_collector_gets_the_lines_of_each_fork(forked: Units, protocol: str) -> None:
    with receiver(protocol) as (endpoint, received):
        otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
        forked.start('echo "line of $N"; cat /proc/$PPID/cmdline > $1', count=2, variables=otel)
        assert [forked.end()["code"], forked.end()["code"]] == [0, 0]
    assert sorted(received.bodies()) == ["line of 0", "line of 1"]
    assert all("local.host.agent" in forked.output(n) for n in range(2))


@pytest.mark.slow
def test_an_exit_code_is_the_verdicts(units: Units) -> None:
    units.start("exit 3")
    assert units.end()["code"] == CATEGORIES[Category.TOOL_ERROR].exit_code
    assert "exit code 3" in (units.agent.folder / "0.log").read_text()


def test_a_stopped_unit_ends_in_order(units: Units) -> None:
    units.start(f"echo $$ > {units.agent.folder}/tool.pid; exec sleep 300")
    tool = units.agent.pid("tool.pid")
    units.agent.tell(do="stop", key="0#1", grace=20)
    assert units.end()["code"] == CATEGORIES[Category.STOPPED_BY_USER].exit_code
    assert not alive(tool)


@pytest.mark.slow
def test_a_runner_that_dies_takes_nobody_with_it(units: Units) -> None:
    units.start("test $N = 1 && kill -9 $PPID; sleep 1; echo $N > $1", count=3)
    ends = sorted((units.end() for _ in range(3)), key=lambda event: event["key"])
    assert [event["code"] for event in ends] == [0, -signal.SIGKILL, 0]


def test_what_cannot_be_set_up_is_told(units: Units) -> None:
    units.start("true", cwd=str(units.agent.folder / "nowhere"))
    assert units.end() == {"key": "0#1", "event": "failed", "error": "No such file or directory"}


@pytest.mark.slow
def test_the_limit_of_memory_holds(units: Units) -> None:
    eat = "b = []\nwhile True: b.append(bytearray(b'x' * 1000000))"
    units.start(f'exec {sys.executable} -I -S -c "{eat}"', memory=150 * 1024**2)
    end = units.end()
    assert end["oom"]
    assert end["code"] != 0


def test_killing_the_agent_ends_runner_and_tool(units: Units) -> None:
    folder = units.agent.folder
    units.start(f"echo $PPID > {folder}/runner.pid; echo $$ > {folder}/tool.pid; exec sleep 300")
    pids = [units.agent.pid(name) for name in ("runner.pid", "tool.pid")]
    units.agent.process.kill()
    wait_for(lambda: not any(alive(pid) for pid in pids))


def test_a_job_that_a_dead_agent_did_not_tell_of_is_found(units: Units) -> None:
    units.start(f"echo $$ > {units.agent.folder}/tool.pid; exec sleep 300", prefix="lost-")
    units.agent.pid("tool.pid")
    processes.end_processes({"lost-0#1"})
    assert units.end()["code"] == -signal.SIGKILL


def test_a_wrong_command_line_is_told_as_by_any_program(units: Units) -> None:
    units.start("true")
    units.end()
    (units.agent.folder / "1#1").mkdir()
    env = base_environment() | {"PATH": str(Path(sys.executable).parent)}
    units.agent.start("1", "platerunner-unit", "walk", env=env, cwd=str(units.agent.folder / "1#1"))
    assert units.end()["code"] == 2
    assert "invalid choice: 'walk'" in (units.agent.folder / "1.log").read_text()


def test_units_share_no_random_numbers(forked: Units) -> None:
    """Two forks of one state would back off in step, and name the same temporary files."""
    forked.start("readlink /proc/$PPID/cwd; pwd > $1", count=3)
    assert {forked.end()["code"] for _ in range(3)} == {0}
    assert len({forked.output(n).rstrip().rpartition("/platerunner-")[2] for n in range(3)}) == 3


@pytest.fixture
def copied_runner(tmp_path: Path) -> Iterator[tuple[Agent, Path]]:
    """An agent whose runner is a copy that a test may change."""
    import platerunner_unit

    package = tmp_path / "lib" / "platerunner_unit"
    shutil.copytree(Path(platerunner_unit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    agent = Agent(tmp_path, PYTHONPATH=str(package.parent))
    yield agent, package
    agent.close()


def test_a_runner_that_was_changed_meanwhile_is_started_afresh(
    copied_runner: tuple[Agent, Path], tmp_path: Path
) -> None:
    agent, package = copied_runner
    units = Units(agent, folder_bench(tmp_path), "forked")
    units._variables = {"PYTHONPATH": str(package.parent)}
    units.start("cat /proc/$PPID/cmdline > $1", count=1)
    assert units.end()["code"] == 0
    assert "local.host.agent" in units.output()
    with (package / "judge" / "rules.py").open("a") as file:
        file.write("# changed\n")
    shutil.rmtree(tmp_path / "0#1")
    units.start("cat /proc/$PPID/cmdline > $1", count=1)
    assert units.end()["code"] == 0
    assert "platerunner-unit" in units.output()
