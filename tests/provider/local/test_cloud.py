"""The cloud as a whole: start, stop, what it holds, what goes wrong on purpose."""

import json
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded import TIMEOUT_S, Account, alive, wait_for

from platerunner.local.__main__ import main
from platerunner.local.aws.faults import Dice, Faults
from platerunner.local.aws.images import LocalImage, LocalImages, builtin_images, find_cellprofiler
from platerunner.local.cloud import Cloud, CloudError
from platerunner_unit.contract.storage import Storage


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "aws" in request.fixturenames:
        request.getfixturevalue("aws").cloud.faults = Faults()


def test_it_has_what_a_connection_names(aws: Account) -> None:
    connection = aws.cloud.connection()
    queues = aws.batch.describe_job_queues(jobQueues=list(connection["queues"].values()))["jobQueues"]
    assert {q["state"] for q in queues} == {"ENABLED"}
    environments = aws.batch.describe_compute_environments()["computeEnvironments"]
    assert {e["computeResources"]["type"] for e in environments} == {"SPOT", "EC2"}
    assert aws.client("s3").head_bucket(Bucket=connection["bucket"])["ResponseMetadata"]["HTTPStatusCode"] == 200
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=connection["log_group"])["logGroups"]
    assert [g["logGroupName"] for g in groups] == [connection["log_group"]]
    iam = aws.client("iam")
    for role in ("job_role", "execution_role"):
        name = connection[role].rpartition("/")[2]
        assert iam.get_role(RoleName=name)["Role"]["Arn"] == connection[role]


def test_obstore_reaches_it_by_its_environment(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    storage = Storage("s3://platerunner/here")
    storage.put("a/b", b"1")
    assert [found.key for found in storage.list()] == ["a/b"]


def test_a_process_has_one_cloud(aws: Account) -> None:
    with pytest.raises(CloudError, match=f"already, at {aws.cloud.endpoint}: stop it first"):
        Cloud().start()


def test_a_taken_port_is_one_sentence(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    port = aws.cloud.endpoint.rpartition(":")[2]
    assert main(["--port", port]) == 1
    said = capsys.readouterr().err
    assert said == f"A cloud runs in this process already, at {aws.cloud.endpoint}: stop it first.\n"


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def test_its_own_process_says_what_hinders_it_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = _python("-m", "platerunner.local", "--port", str(port))
    assert answer.returncode == 1
    assert answer.stderr == f"Port {port} cannot be used (Address already in use): choose another with --port.\n"
    assert _python("-m", "platerunner.local", "--faults", '{"trottle": 1}').stderr == (
        "faults: there is no 'trottle'; known are error_5xx, list_delay, lost_after, lost_host, seed, slow_start,"
        " spot_reclaim, throttle\n"
    )


def test_without_moto_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['moto'] = None\n"
        "from platerunner.local.cloud import Cloud\n"
        "try: Cloud().start()\n"
        "except Exception as error: print(error)"
    )
    assert _python("-c", program).stdout == (
        "The embedded cloud needs moto: pip install 'airflow-provider-platerunner[local]'.\n"
    )


@pytest.mark.slow
def test_as_a_process_it_tells_how_to_reach_it_and_cleans_up(tmp_path: Path) -> None:
    state = tmp_path / "cloud.json"
    arguments = ["--state", str(state), "--cores", "3", "--memory", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "platerunner.local", *arguments], stdout=subprocess.PIPE, text=True
    )
    found = wait_for(lambda: state.exists() and json.loads(state.read_text()))
    assert found["pid"] == process.pid
    session = boto3.Session("testing", "testing", region_name="us-east-1")
    batch = session.client("batch", endpoint_url=found["environment"]["AWS_ENDPOINT_URL"])
    environments = batch.describe_compute_environments()["computeEnvironments"]
    assert {e["computeResources"]["maxvCpus"] for e in environments} == {3}
    assert psutil.Process(process.pid).memory_info().rss < 180 << 20, "moto's tables of EC2 alone are 100 MB"
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=TIMEOUT_S)
    assert said == f"The embedded cloud is at {found['endpoint']}\n"
    assert process.returncode == 0
    assert not state.exists()


@pytest.mark.slow
def test_it_ends_with_the_process_it_was_started_for(tmp_path: Path) -> None:
    state = tmp_path / "cloud.json"
    parent = subprocess.Popen(["sleep", "600"])
    arguments = ["--state", str(state), "--parent", str(parent.pid)]
    process = subprocess.Popen([sys.executable, "-m", "platerunner.local", *arguments], stdout=subprocess.DEVNULL)
    wait_for(state.exists)
    parent.kill()
    parent.wait()
    assert process.wait(TIMEOUT_S) == 0


def test_throttled_and_failed_calls_look_like_awss(aws: Account) -> None:
    aws.cloud.faults = Faults(throttle=1)
    with pytest.raises(ClientError) as error:
        aws.batch.list_jobs(jobQueue=aws.spot)
    assert error.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    aws.cloud.faults = Faults(error_5xx=1)
    with pytest.raises(ClientError) as error:
        aws.batch.list_jobs(jobQueue=aws.spot)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert aws.client("s3").list_buckets()["Buckets"], "the storage goes on"


def test_spot_instances_are_taken_back_and_on_demand_ones_are_not(aws: Account) -> None:
    aws.cloud.faults = Faults(spot_reclaim=1, lost_after=0.2)
    lost = aws.run(["sleep", "30"], jobQueue=aws.spot)
    assert lost["status"] == "FAILED"
    assert lost["statusReason"].startswith("Host EC2 (instance i-")
    assert lost["statusReason"].endswith(" terminated.")
    assert "exitCode" not in lost["container"]
    assert aws.run(["sleep", "0.5"], jobQueue=aws.on_demand)["status"] == "SUCCEEDED"
    aws.cloud.faults = Faults(lost_host=1, lost_after=0.2)
    assert aws.run(["sleep", "30"], jobQueue=aws.on_demand)["statusReason"].startswith("Host EC2")


def kill_agent(aws: Account) -> None:
    aws.cloud._server._scheduler._attempts._launcher._host.process.kill()


def test_a_lost_agent_is_a_lost_host_and_the_cloud_goes_on(aws: Account, tmp_path: Path) -> None:
    job_id = aws.submit(["sh", "-c", f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 5; done"])
    file = tmp_path / "pid"
    pid = int(wait_for(lambda: file.exists() and file.read_text().strip()))
    kill_agent(aws)
    assert aws.wait(job_id)["statusReason"].startswith("Host EC2")
    assert aws.run(["true"])["status"] == "SUCCEEDED"
    wait_for(lambda: not alive(pid))


def test_an_agent_lost_before_it_told_of_a_job_leaves_no_process(aws: Account, tmp_path: Path) -> None:
    job_id = aws.submit(["sh", "-c", f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 5; done"])
    file = tmp_path / "pid"
    pid = int(wait_for(lambda: file.exists() and file.read_text().strip()))
    aws.wait(job_id, "RUNNING")
    scheduler = aws.cloud._server._scheduler
    with scheduler.lock:
        for job in scheduler._attempts._running.values():
            job.pid = None
    kill_agent(aws)
    assert aws.wait(job_id)["statusReason"].startswith("Host EC2")
    wait_for(lambda: not alive(pid), 10)


def test_a_slow_start_is_seen_and_can_be_stopped(aws: Account) -> None:
    aws.cloud.faults = Faults(slow_start=20, seed=1)
    job_id = aws.submit(["true"])
    assert aws.job(job_id)["status"] == "STARTING"
    aws.batch.terminate_job(jobId=job_id, reason="too slow")
    assert aws.wait(job_id)["statusReason"] == "too slow"


def test_a_listing_that_lags_shows_the_past(aws: Account) -> None:
    aws.cloud.faults = Faults(list_delay=1.5)
    job = aws.run(["true"], jobName="lagging")
    wanted = {"jobQueue": aws.spot, "filters": [{"name": "JOB_NAME", "values": ["lagging"]}]}
    assert aws.batch.list_jobs(**wanted)["jobSummaryList"] == []
    (found,) = wait_for(lambda: aws.batch.list_jobs(**wanted)["jobSummaryList"])
    assert found["jobId"] == job["jobId"]


def test_calls_are_counted_for_whoever_asks(aws: Account) -> None:
    import urllib.request

    before = aws.cloud.calls.copy()
    aws.batch.describe_job_queues()
    aws.client("s3").list_buckets()
    assert aws.cloud.calls - before == Counter({"batch.describejobqueues": 1, "s3.GET": 1})
    with urllib.request.urlopen(f"{aws.cloud.endpoint}/_platerunner/calls") as answer:
        assert json.load(answer) == aws.cloud.calls


@pytest.mark.parametrize("text", ["", "[]", "1", '{"throttle": "often"}', '{"throttle": null}', '{"x": 1}'])
def test_faults_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="faults"):
        Faults.from_json(text)


def test_faults_come_from_the_environment() -> None:
    assert Faults.from_environment({}) == Faults()
    assert Faults.from_environment({"PLATERUNNER_FAULTS": '{"throttle": 0.5}'}) == Faults(throttle=0.5)


@given(st.floats(0, 1), st.integers(0, 1000))
def test_chance_is_seeded(share: float, seed: int) -> None:
    def throws() -> list[bool]:
        dice = Dice(Faults(seed=seed))
        return [dice.happens(share) for _ in range(20)]

    assert throws() == throws()


def test_images_stand_for_environments(tmp_path: Path) -> None:
    image = LocalImage("tool", "1", (tmp_path,), {"TOOL_HOME": "/x"})
    assert image.environment({"PATH": "/bin", "HOME": "/h"}) == {
        "PATH": f"{tmp_path}:/bin",
        "HOME": "/h",
        "TOOL_HOME": "/x",
    }


def test_a_digest_changes_with_the_contents_alone() -> None:
    one = LocalImage("tool", "1", contents={"tool": "1", "python": "3"})
    assert one.digest == LocalImage("tool", "1", (Path("/elsewhere"),), contents={"python": "3", "tool": "1"}).digest
    others = [LocalImage("tool", "2", contents=one.contents), LocalImage("tool", "1", contents={"tool": "2"})]
    assert len({one.digest, *(other.digest for other in others)}) == 3


def test_images_are_found_by_tag_and_digest() -> None:
    image = LocalImage("tool", "1")
    images = LocalImages("1.dkr.ecr/p", [image])
    for reference in (
        "tool:1",
        "1.dkr.ecr/p/tool:1",
        f"1.dkr.ecr/p/tool@{image.digest}",
    ):
        assert images.find(reference) is image


def test_cellprofiler_is_found_where_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / ".cellprofiler" / "bin" / "cellprofiler"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 4.2.6\n")
    program.chmod(0o755)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    monkeypatch.delenv("PLATERUNNER_CELLPROFILER", raising=False)
    assert find_cellprofiler() == program
    found = {image.name: image for image in builtin_images()}
    assert found["cellprofiler"].variables == {"PLATERUNNER_CELLPROFILER": str(program)}
    assert found["cellprofiler"].tag == "4.2.6", "as it says itself"
    library = program.parents[1] / "lib" / "python3.9" / "site-packages"
    (library / "cellprofiler-4.2.8.1.dist-info").mkdir(parents=True)
    assert {image.name: image.tag for image in builtin_images()}["cellprofiler"] == "4.2.8"
    monkeypatch.setenv("PLATERUNNER_CELLPROFILER", str(tmp_path / "missing"))
    assert find_cellprofiler() is None
    assert "cellprofiler" not in {image.name for image in builtin_images()}
