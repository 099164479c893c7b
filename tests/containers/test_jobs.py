"""What AWS Batch promises of a container, kept by a real one."""

import pytest
from tests.embedded import Account, wait_for

from platerunner.local.aws.faults import Faults
from platerunner.local.host.processes import job_of, process_table

GIB = 1024**3


def define(aws: Account, tags: dict[str, str], memory: int = 256, **container: object) -> str:
    requirements = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": str(memory)}]
    container = {"resourceRequirements": requirements, **container}
    return aws.define("unit", f"{aws.cloud.connection()['registry']}/unit:{tags['unit']}", container=container)


def test_a_job_runs_in_its_image_and_not_on_this_machine(aws: Account, tags: dict[str, str]) -> None:
    shell = "id -u; readlink -f $(command -v python); tr '\\0' ' ' </proc/1/cmdline; echo; echo $AWS_BATCH_JQ_NAME"
    job = aws.run(["sh", "-c", shell], jobDefinition=define(aws, tags))
    assert (job["status"], job["container"]["exitCode"]) == ("SUCCEEDED", 0), aws.log(job)
    user, python, first, queue = aws.log(job)
    assert user == "10001"
    assert python.startswith("/usr/local/bin/python3")
    assert first.startswith("tini -- sh -c")
    assert queue == aws.spot


def test_the_root_is_read_only_and_the_temporary_folder_is_a_disk(aws: Account, tags: dict[str, str]) -> None:
    shell = "touch /opt/x || touch /etc/x || touch /home/x; echo room >/tmp/x && stat -f -c %T /tmp"
    job = aws.run(["sh", "-c", shell], jobDefinition=define(aws, tags))
    refused = [line for line in aws.log(job) if "Read-only file system" in line]
    (kind,) = set(aws.log(job)) - set(refused)  # stdout and stderr come by two ways, in any order
    assert len(refused) == 3
    assert kind != "tmpfs"


def test_a_command_that_needs_more_memory_than_it_asked_for_is_killed_by_the_kernel(
    aws: Account, tags: dict[str, str]
) -> None:
    job = aws.run(["python", "-c", "x = bytearray(10**9)"], jobDefinition=define(aws, tags, memory=64))
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_terminating_a_job_sends_term_to_its_command(aws: Account, tags: dict[str, str]) -> None:
    code = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); time.sleep(600)"
    )
    job_id = aws.submit(["python", "-c", code], jobDefinition=define(aws, tags))
    started = aws.wait(job_id, "RUNNING")
    wait_for(lambda: aws.log(started) == ["up"])
    aws.batch.terminate_job(jobId=job_id, reason="enough")
    job = aws.wait(job_id)
    assert (job["status"], job["container"]["exitCode"], job["statusReason"]) == ("FAILED", 7, "enough")


def test_children_of_an_array_run_in_containers_of_their_own(aws: Account, tags: dict[str, str]) -> None:
    shell = "echo $AWS_BATCH_JOB_ARRAY_INDEX; test $AWS_BATCH_JOB_ARRAY_INDEX = 0 || exit 3"
    parent = aws.run(["sh", "-c", shell], size=2, jobDefinition=define(aws, tags))
    children = [aws.job(f"{parent['jobId']}:{index}") for index in range(2)]
    assert [child["container"]["exitCode"] for child in children] == [0, 3]
    assert [aws.log(child) for child in children] == [["0"], ["1"]]


def test_an_image_that_is_not_there_says_so(aws: Account) -> None:
    job = aws.run(["true"], jobDefinition=aws.define("other", "unit:0.0.0"))
    assert job["status"] == "FAILED"
    assert job["container"]["reason"].startswith("CannotPullContainerError: unit:0.0.0: not found; this machine stands")


def test_a_container_that_loses_its_host_is_gone_with_all_its_processes(aws: Account, tags: dict[str, str]) -> None:
    aws.cloud.faults = Faults(lost_host=1.0, lost_after=2.0)
    shell = "trap '' TERM; sleep 300 & sleep 301"
    job = aws.run(["sh", "-c", shell], jobDefinition=define(aws, tags))
    assert job["status"] == "FAILED"
    assert job["statusReason"].startswith("Host EC2 (instance i-")
    wait_for(lambda: not [pid for pid in process_table() if job_of(pid).startswith(job["jobId"])])


def test_a_container_that_ignores_term_is_killed_after_the_grace(
    aws: Account, tags: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platerunner.local.jobs.attempts.STOP_GRACE_S", 1.0)
    job_id = aws.submit(["sh", "-c", "trap '' TERM; echo up; sleep 300"], jobDefinition=define(aws, tags))
    started = aws.wait(job_id, "RUNNING")
    wait_for(lambda: aws.log(started) == ["up"])
    aws.batch.terminate_job(jobId=job_id, reason="enough")
    job = aws.wait(job_id)
    assert (job["status"], job["container"]["exitCode"], job["statusReason"]) == ("FAILED", 137, "enough")
    wait_for(lambda: not [pid for pid in process_table() if job_of(pid).startswith(job_id)])
