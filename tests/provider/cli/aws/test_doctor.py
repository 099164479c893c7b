"""`platerunner doctor` and `platerunner retire` against the embedded cloud."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.batch.models import batch_backends
from tests.embedded import Account, embedded
from typer.testing import CliRunner, Result

from platerunner.batch.definitions import ensure_definition
from platerunner.batch.model import JobSpec
from platerunner.cli import app
from platerunner.cli.aws.doctor_checks import Check, Finding, State, examine
from platerunner.hooks.platerunner import PlaterunnerHook

DEMO = Path(__file__).resolve().parents[4] / "dag_specs" / "demo.yaml"
OTHER_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with embedded() as account:
        yield account


@pytest.fixture(autouse=True)
def environment(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    connect(aws, monkeypatch)


def connect(aws: Account, monkeypatch: pytest.MonkeyPatch, **extra: Any) -> None:
    content = {"conn_type": "platerunner", "extra": {**aws.cloud.connection(), **extra}}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(content))


def invoke(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def failures() -> list[str]:
    result = invoke("doctor", "--json")
    findings = json.loads(result.stdout)
    failed = [f"{f['check']}: {f['message']}" for f in findings if f["state"] == "FAIL"]
    assert result.exit_code == (1 if failed else 0)
    return failed


@pytest.mark.slow
def test_an_upload_queue_that_is_not_there_or_hands_on_nothing(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(aws, monkeypatch, upload_queue=f"{aws.cloud.endpoint}/123456789012/gone")
    (failed,) = failures()
    assert failed.startswith("upload queue: there is no queue http")
    assert failed.endswith("create it, or correct `upload_queue` in the connection.")
    bare = aws.client("sqs").create_queue(QueueName="bare")["QueueUrl"]
    connect(aws, monkeypatch, upload_queue=bare)
    said = invoke("doctor").stdout
    assert "WARN  upload queue: messages of files that no pipeline waits for come again and again" in said
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:bare", "maxReceiveCount": "5"}
    aws.client("sqs").set_queue_attributes(QueueUrl=bare, Attributes={"RedrivePolicy": json.dumps(policy)})
    said = invoke("doctor").stdout
    assert "WARN  upload queue: an upload is lost once the wrong one of several triggerers has received" in said
    connect(aws, monkeypatch, upload_queue="")
    assert (
        "ok    upload queue: the connection names none; pipelines with `on_upload` would need"
        in invoke("doctor").stdout
    )


@pytest.mark.slow
def test_a_healthy_account_is_ok_throughout(aws: Account) -> None:
    result = invoke("doctor")
    assert result.exit_code == 0, result.output
    assert all(line.startswith("ok ") for line in result.stdout.splitlines()), result.stdout
    assert not aws.client("s3").list_objects_v2(Bucket="platerunner").get("Contents"), "nothing stays behind"


def test_a_disabled_queue_is_named(aws: Account) -> None:
    aws.batch.update_job_queue(jobQueue=aws.spot, state="DISABLED")
    try:
        (line,) = failures()
    finally:
        aws.batch.update_job_queue(jobQueue=aws.spot, state="ENABLED")
    assert line == "queue spot: the job queue platerunner-spot is DISABLED: enable it (batch:UpdateJobQueue)."


@pytest.fixture
def shared(aws: Account) -> Iterator[str]:
    """A queue with a scheduling policy."""
    policy = aws.batch.create_scheduling_policy(name="fair", fairsharePolicy={"shareDecaySeconds": 60})["arn"]
    order = aws.batch.describe_job_queues(jobQueues=[aws.spot])["jobQueues"][0]["computeEnvironmentOrder"]
    aws.batch.create_job_queue(
        jobQueueName="shared", priority=1, state="ENABLED", schedulingPolicyArn=policy, computeEnvironmentOrder=order
    )
    yield "shared"
    aws.batch.update_job_queue(jobQueue="shared", state="DISABLED")
    aws.batch.delete_job_queue(jobQueue="shared")


def test_a_queue_that_shares_and_a_connection_that_does_not_are_named(
    aws: Account, monkeypatch: pytest.MonkeyPatch, shared: str
) -> None:
    queues = {"spot": shared, "on_demand": aws.on_demand}
    connect(aws, monkeypatch, queues=queues)
    (line,) = failures()
    assert line == (
        "fair share: the job queue shared has the scheduling policy fair and refuses jobs without a share: "
        "set `fair_share` in the connection to pipeline or owner."
    )
    connect(aws, monkeypatch, queues=queues, fair_share="owner")
    said = invoke("doctor").stdout
    assert "jobs in shared name their owner to the scheduling policy fair." in said
    assert "but the job queue platerunner-on-demand has no scheduling policy: its jobs go first come" in said


@pytest.mark.slow
def test_a_disabled_compute_environment_is_named(aws: Account) -> None:
    aws.batch.update_compute_environment(computeEnvironment=aws.spot, state="DISABLED")
    try:
        (line,) = failures()
    finally:
        aws.batch.update_compute_environment(computeEnvironment=aws.spot, state="ENABLED")
    assert "compute environment platerunner-spot of the job queue platerunner-spot is DISABLED: enable it" in line


def test_an_unknown_queue_is_named(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(aws, monkeypatch, queues={"spot": aws.spot, "on_demand": "nowhere"})
    (line,) = failures()
    assert "has no job queue nowhere: create it, or correct `queues`" in line


def test_one_queue_alone_is_a_warning(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(aws, monkeypatch, queues={"spot": aws.spot})
    result = invoke("doctor")
    assert result.exit_code == 0
    assert "WARN  queue on_demand: the connection names none" in result.stdout


def test_a_missing_log_group_is_named_although_a_longer_one_exists(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(aws, monkeypatch, log_group="/aws/batch/jo")
    (line,) = failures()
    assert "has no log group /aws/batch/jo: create it" in line


def test_a_workspace_that_cannot_be_written(aws: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    connect(aws, monkeypatch, workspace_root=str(tmp_path / "file"))
    (line,) = failures()
    assert line.startswith("workspace root: ")
    assert "grant s3:PutObject" in line


def test_roots_that_are_not_there(aws: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    connect(aws, monkeypatch, data_root="s3://no-such-bucket", workspace_root=str(tmp_path))
    (line,) = failures()
    assert "no such bucket" in line
    connect(aws, monkeypatch, data_root=str(tmp_path / "nowhere"), workspace_root=str(tmp_path))
    (line,) = failures()
    assert "nowhere does not exist: make it" in line


@pytest.mark.slow
def test_roles_that_jobs_cannot_take(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    role = aws.client("iam").create_role(RoleName="wrong", AssumeRolePolicyDocument=json.dumps(OTHER_TRUST))["Role"]
    connect(aws, monkeypatch, job_role=role["Arn"], execution_role=role["Arn"].replace("wrong", "missing"))
    job, execution = failures()
    assert "cannot be taken by jobs: allow sts:AssumeRole for the service ecs-tasks.amazonaws.com" in job
    assert "there is no role arn:aws:iam::123456789012:role/missing: create it" in execution


@pytest.mark.parametrize(
    ("connection", "phrase"),
    [
        ("{nope", "AIRFLOW_CONN_PLATERUNNER cannot be read as a connection; write it as JSON"),
        ('{"conn_type": "platerunner", "extra": {"queus": {}}}', "unknown extra 'queus'"),
        ('{"conn_type": "platerunner", "extra": {}}', "names no job queue"),
    ],
)
def test_a_malformed_connection_is_one_sentence(monkeypatch: pytest.MonkeyPatch, connection: str, phrase: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", connection)
    (line,) = failures()
    assert phrase in line


def test_retire_keeps_the_newest_and_a_dry_run_keeps_all(aws: Account) -> None:
    for number in range(3):
        spec = JobSpec("demo-illum_calc", "base:latest", ("true",), environment={"N": str(number)})
        ensure_definition(aws.batch, spec)
    dry = invoke("retire", DEMO, "--keep", "1", "--dry-run")
    assert dry.stdout.count("would retire demo-illum_calc-") == 2, dry.output
    assert invoke("retire", DEMO, "--keep", "1").stdout.count(": retired demo-illum_calc-") == 2
    assert "retired 0 job definitions" in invoke("retire", DEMO, "--keep", "1").stdout


def test_a_queue_without_compute_environment_and_one_that_is_invalid(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = batch_backends["123456789012"]["us-east-1"]
    monkeypatch.setattr(backend.get_job_queue_by_name(aws.spot), "env_order_json", [])
    monkeypatch.setattr(backend.get_job_queue_by_name(aws.on_demand), "status", "INVALID")
    lines = failures()
    assert any("platerunner-on-demand is INVALID: fix what AWS says of it" in x for x in lines)
    assert any("platerunner-spot has no compute environment, so its jobs wait forever: attach one." in x for x in lines)


@pytest.mark.parametrize("denied", [State.WARN, State.FAIL])
def test_what_may_not_be_looked_at_names_the_action_to_grant(denied: State) -> None:
    def look(_hook: PlaterunnerHook) -> Iterator[Finding]:
        error = {"Error": {"Code": "AccessDenied", "Message": "User lab is not authorized"}}
        raise ClientError(error, "GetRole")

    (finding,) = examine(PlaterunnerHook(), Check("job role", "iam:GetRole", look, denied))
    assert finding.state is denied
    assert finding.message == (
        "cannot look, since AWS does not allow it: grant iam:GetRole to these credentials (User lab is not authorized)."
    )


@pytest.mark.slow
def test_json_stays_json_when_aws_does_not_answer(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(aws, monkeypatch, endpoint_url="http://127.0.0.1:9")
    assert any("AWS did not answer: check the network" in line for line in failures())
