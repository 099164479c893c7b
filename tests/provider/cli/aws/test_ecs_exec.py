"""The way into a job on AWS: what has to be so, in the answers' own form, and the command that goes in."""

import shlex
from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber

from platerunner.cli.aws.ecs_exec import find_way_in
from platerunner.local.host.inside import NotHereError

TASK = "arn:aws:ecs:eu-west-1:123456789012:task/lab_Batch_1/0f9e"
OPEN = {"enableExecuteCommand": True, "taskArn": TASK}
PROGRAMS = ("aws", "session-manager-plugin")


def enter(jobs, *, shell=True):
    """The way into the job that Batch describes so; the stub refuses what Batch's model does not have."""
    batch = boto3.client("batch", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(batch) as stub:
        stub.add_response("describe_jobs", {"jobs": jobs}, {"jobs": ["j:3"]})
        access = SimpleNamespace(batch=batch, settings=SimpleNamespace(shell=shell))
        return find_way_in(access, "j:3", "ab12")


def job(status="RUNNING", **container):
    needed = {"jobName": "n", "jobId": "j:3", "jobQueue": "q", "jobDefinition": "d", "startedAt": 1}
    return {**needed, "status": status, "container": container}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    for name in PROGRAMS:
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_job_with_ecs_exec_is_entered_by_the_aws_command_line(installed):
    *words, last = enter([job(**OPEN)]).argv
    place = ["--region", "eu-west-1", "--cluster", "lab_Batch_1", "--task", TASK]
    assert words == ["aws", "ecs", "execute-command", *place, "--interactive", "--command"]
    shell, flag, script = shlex.split(last)
    assert (shell, flag) == ("sh", "-c")
    assert "grep -lx ab12 " in script


@pytest.mark.parametrize(
    ("jobs", "shell", "said"),
    [
        ([job(**OPEN)], False, 'the connection does not allow anyone into jobs: add `"shell": true` to the connection'),
        ([job()], True, "its job was submitted without ECS Exec: add"),
        ([job("RUNNABLE", **OPEN)], True, "AWS Batch says that its job is RUNNABLE, and only one that is RUNNING"),
        ([], True, "AWS Batch does not know its job j:3 any more"),
    ],
)
def test_what_stands_in_the_way_is_said_with_its_remedy(installed, jobs, shell, said):
    with pytest.raises(NotHereError) as raised:
        enter(jobs, shell=shell)
    assert said in str(raised.value)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_is_missing_is_named(installed, name):
    (installed / name).unlink()
    with pytest.raises(NotHereError, match=f"this machine has no {name}: install "):
        enter([job(**OPEN)])
