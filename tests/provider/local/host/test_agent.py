"""The agent: its jobs end with it, with the cloud, and whatever they started."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded import TIMEOUT_S, alive, wait_for
from tests.host_agent import Agent

from platerunner.local.jobs.joblog import Log


def test_it_tells_how_a_command_went(agent: Agent) -> None:
    agent.start("a", "sh", "-c", "exit 3")
    started, ended = agent.event(), agent.event()
    assert (started["event"], started["key"]) == ("started", "a#1")
    assert {"event": "ended", "key": "a#1", "code": 3, "oom": False}.items() <= ended.items()
    assert ended["peak"] > 0


def test_it_tells_why_a_command_cannot_start(agent: Agent) -> None:
    agent.start("a", "/no/such/program")
    assert agent.event() == {"key": "a#1", "event": "failed", "error": "No such file or directory"}


def test_stop_terms_the_group_and_kills_what_stays(agent: Agent) -> None:
    agent.start("a", "sh", "-c", "trap '' TERM; echo $$ > a.pid; while :; do sleep 1; done")
    agent.event()
    pid = agent.pid("a.pid")
    asked = time.monotonic()
    agent.tell(do="stop", key="a#1", grace=0.5)
    assert agent.event()["code"] == -signal.SIGKILL
    assert time.monotonic() - asked > 0.4
    assert not alive(pid)


def test_the_end_of_a_command_ends_what_it_left_running(agent: Agent) -> None:
    agent.start("a", "sh", "-c", "sleep 300 & echo $! > a.pid")
    pid = agent.pid("a.pid")
    wait_for(lambda: not alive(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's subreaper")
def test_a_daemon_ends_with_its_job_and_not_before(agent: Agent) -> None:
    agent.start(
        "a", "sh", "-c", "setsid sh -c 'echo $$ > d.pid; exec sleep 300' & until test -e end; do sleep 0.1; done"
    )
    pid = agent.pid("d.pid")
    time.sleep(1.5)  # whoever ended it too early would have done so by now
    assert alive(pid)
    (agent.folder / "end").touch()
    wait_for(lambda: not alive(pid))


def test_a_daemon_that_holds_the_output_open_does_not_hold_up_the_end(agent: Agent) -> None:
    agent.start("a", "sh", "-c", "setsid sleep 300 & echo done")
    assert [agent.event()["event"], agent.event()["event"]] == ["started", "ended"]


def test_closing_its_input_ends_the_jobs_and_the_agent(agent: Agent) -> None:
    agent.start("a", "sh", "-c", "echo $$ > a.pid; sleep 300")
    pid = agent.pid("a.pid")
    agent.process.stdin.close()
    assert agent.process.wait(TIMEOUT_S) == 0
    assert not alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's parent-death signal")
def test_killing_the_agent_ends_its_jobs(agent: Agent) -> None:
    agent.start("a", "sh", "-c", "echo $$ > a.pid; exec sleep 300")
    pid = agent.pid("a.pid")
    agent.process.kill()
    wait_for(lambda: not alive(pid))


@pytest.mark.slow
def test_a_killed_cloud_leaves_nothing_running(tmp_path: Path) -> None:
    state = tmp_path / "cloud.json"
    cloud = subprocess.Popen(
        [sys.executable, "-m", "platerunner.local", "--state", str(state), "--cores", "2"], stdout=subprocess.DEVNULL
    )
    try:
        found = wait_for(lambda: state.exists() and json.loads(state.read_text()))
        pids = _run_sleepers(found, tmp_path)
    finally:
        cloud.kill()
        cloud.wait()
    wait_for(lambda: not any(alive(pid) for pid in pids))


def _run_sleepers(found: dict[str, Any], folder: Path) -> list[int]:
    import boto3

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    batch = boto3.client("batch", endpoint_url=found["endpoint"], **keys)
    container = {
        "image": "base:latest",
        "command": [
            "sh",
            "-c",
            f"trap '' TERM; echo $$ > {folder}/$AWS_BATCH_JOB_ARRAY_INDEX.pid; while :; do sleep 5; done",
        ],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}],
    }
    definition = batch.register_job_definition(
        jobDefinitionName="sleeper", type="container", containerProperties=container
    )["jobDefinitionArn"]
    queue = found["connection"]["queues"]["spot"]
    batch.submit_job(jobName="s", jobQueue=queue, jobDefinition=definition, arrayProperties={"size": 2})
    return [int(wait_for(lambda n=n: (f := folder / f"{n}.pid").exists() and f.read_text().strip())) for n in range(2)]


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_a_log_has_every_line_once_however_the_output_is_cut(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    file = tmp_path_factory.mktemp("log") / "x.log"
    log = Log(str(file))
    for piece in pieces:
        log.write(piece)
    log.close()
    written = file.read_bytes() if file.exists() else b""
    lines = [line.partition(b"\t")[2] for line in written.split(b"\n")[:-1]]
    whole = b"".join(pieces)
    expected = whole.split(b"\n")
    assert lines == (expected if expected[-1] else expected[:-1])


def test_a_line_without_end_is_cut_at_the_size_of_an_event(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "x.log"))
    for _ in range(5):
        log.write(b"x" * 100_000)
    log.close()
    lines = (tmp_path / "x.log").read_bytes().splitlines()
    assert len(lines) == 2
    assert sum(len(line.partition(b"\t")[2]) for line in lines) == 500_000
