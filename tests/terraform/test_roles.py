"""Calls that Airflow and jobs make are allowed, and those of others are not."""

from __future__ import annotations

import pytest
from tests.terraform.applied import Applied
from tests.terraform.iam import allowed, granted_by_options, many

from platerunner.cli.aws.doctor import CHECKS

HERE = "eu-west-1:123456789012"
BATCH = f"arn:aws:batch:{HERE}"
OURS = {"aws:ResourceTag/platerunner:environment": "platerunner-dev"}
THEIRS = {"aws:ResourceTag/platerunner:environment": "platerunner-prod"}
ASKED = {"aws:RequestTag/platerunner:environment": "platerunner-dev"}
IMAGE = {"batch:Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/platerunner-dev/cellprofiler@sha256:0"}
LOGS = {"batch:AWSLogsGroup": "/aws/batch/platerunner-dev"}
DATA = "arn:aws:s3:::platerunner-dev-data-123456789012-eu-west-1"
RESULTS = "arn:aws:s3:::platerunner-dev-results-123456789012-eu-west-1"
AIRFLOW = "arn:aws:s3:::platerunner-dev-airflow-123456789012-eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/platerunner-dev-eu-west-1"
TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
DEFINITION = f"{BATCH}:job-definition/demo-illum-0123456789ab"

AIRFLOW_MAY = [
    ("batch:DescribeJobs", "*", {}),
    ("batch:ListJobs", "*", {}),
    ("batch:ListConsumableResources", "*", {}),
    ("batch:CreateConsumableResource", f"{BATCH}:consumable-resource/licences", ASKED),
    ("batch:RegisterJobDefinition", DEFINITION, {**ASKED, **IMAGE, **LOGS}),
    ("batch:RegisterJobDefinition", DEFINITION, {**ASKED, **IMAGE, **LOGS, "batch:Privileged": "false"}),
    ("batch:TagResource", DEFINITION, ASKED),
    ("batch:DeregisterJobDefinition", f"{DEFINITION}:3", OURS),
    ("batch:SubmitJob", f"{BATCH}:job-queue/platerunner-dev-spot", {}),
    ("batch:SubmitJob", f"{BATCH}:job-queue/platerunner-dev-on-demand", {}),
    ("batch:SubmitJob", f"{DEFINITION}:1", OURS),
    ("batch:TerminateJob", f"{BATCH}:job/0a1b", OURS),
    ("iam:PassRole", f"{ROLE}-job", TASKS),
    ("iam:PassRole", f"{ROLE}-execution", TASKS),
    ("iam:PassRole", f"{ROLE}-job", {"iam:PassedToService": "batch.amazonaws.com"}),
    ("sns:Publish", f"arn:aws:sns:{HERE}:platerunner-dev-alerts", {}),
    ("iam:GetRole", f"{ROLE}-job", {}),
    ("logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/batch/platerunner-dev:log-stream:demo/default/1", {}),
    ("logs:DescribeLogGroups", f"arn:aws:logs:{HERE}:log-group:/aws/batch/platerunner-dev", {}),
    ("ecr:DescribeImages", f"arn:aws:ecr:{HERE}:repository/platerunner-dev/unit", {}),
    ("s3:ListBucket", DATA, {"s3:prefix": "plates/2026/"}),
    ("s3:GetObject", f"{DATA}/plates/P1/A01.tiff", {}),
    ("s3:ListBucket", RESULTS, {}),  # how S3 asks before it says that a key does not exist
    ("s3:PutObject", f"{RESULTS}/workspaces/demo/x", {}),
    ("s3:DeleteObject", f"{RESULTS}/workspaces/demo/x", {}),
    ("s3:GetObject", f"{AIRFLOW}/dags/platerunner_dags.py", {}),
    (
        "secretsmanager:GetSecretValue",
        f"arn:aws:secretsmanager:{HERE}:secret:platerunner-dev/connections/platerunner-x",
        {},
    ),
    ("sqs:ReceiveMessage", f"arn:aws:sqs:{HERE}:platerunner-dev-arrivals", {}),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:999999999999:airflow-celery-1", {}),
    ("airflow:PublishMetrics", f"arn:aws:airflow:{HERE}:environment/platerunner-dev", {}),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AmazonMWAA"}),
]

AIRFLOW_MAY_NOT = [
    ("batch:RegisterJobDefinition", DEFINITION, {**IMAGE, **LOGS}),  # without the tag
    ("batch:RegisterJobDefinition", DEFINITION, {**ASKED, **IMAGE, **LOGS, "batch:Privileged": "true"}),
    ("batch:RegisterJobDefinition", DEFINITION, {**ASKED, **LOGS, "batch:Image": "docker.io/somebody/miner"}),
    ("batch:RegisterJobDefinition", DEFINITION, {**ASKED, **IMAGE, "batch:AWSLogsGroup": "/aws/other"}),
    ("batch:DeregisterJobDefinition", f"{DEFINITION}:3", THEIRS),
    ("batch:SubmitJob", f"{BATCH}:job-queue/platerunner-prod-spot", {}),
    ("batch:SubmitJob", f"{DEFINITION}:1", THEIRS),
    ("batch:SubmitJob", DEFINITION, OURS),  # Batch would not look at its tags
    ("batch:TerminateJob", f"{BATCH}:job/0a1b", THEIRS),
    ("batch:TerminateJob", f"{BATCH}:job/0a1b", {}),
    ("batch:UpdateJobQueue", f"{BATCH}:job-queue/platerunner-dev-spot", OURS),
    ("batch:UpdateComputeEnvironment", f"{BATCH}:compute-environment/platerunner-dev-spot-1", OURS),
    ("iam:PassRole", f"{ROLE}-mwaa", TASKS),
    ("iam:PassRole", f"{ROLE}-job", {"iam:PassedToService": "ec2.amazonaws.com"}),
    ("iam:PassRole", f"{ROLE}-job", {}),
    ("iam:PassRole", f"{ROLE}-host", TASKS),
    ("sns:Publish", f"arn:aws:sns:{HERE}:platerunner-prod-alerts", {}),
    ("sns:Publish", f"arn:aws:sns:{HERE}:platerunner-dev-budget-limit", {}),
    ("s3:PutObject", f"{DATA}/plates/P1/A01.tiff", {}),
    ("s3:GetObject", f"{DATA}/private/x", {}),
    ("s3:ListBucket", DATA, {"s3:prefix": "private/"}),
    ("s3:DeleteObjectVersion", f"{RESULTS}/workspaces/demo/x", {}),
    ("s3:PutObject", f"{AIRFLOW}/dags/platerunner_dags.py", {}),
    (
        "secretsmanager:GetSecretValue",
        f"arn:aws:secretsmanager:{HERE}:secret:platerunner-prod/connections/platerunner-x",
        {},
    ),
    (
        "secretsmanager:PutSecretValue",
        f"arn:aws:secretsmanager:{HERE}:secret:platerunner-dev/connections/platerunner-x",
        {},
    ),
    ("sqs:SendMessage", f"arn:aws:sqs:{HERE}:platerunner-dev-arrivals", {}),
    ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Billing"}),
    ("ecr:PutImage", f"arn:aws:ecr:{HERE}:repository/platerunner-dev/unit", {}),
    ("logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/batch/platerunner-prod:log-stream:x", {}),
]

VIA_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}

JOBS_MAY = [
    ("s3:GetObject", f"{DATA}/plates/P1/A01.tiff", {}),
    ("s3:ListBucket", DATA, {"s3:prefix": "plates/"}),
    ("s3:GetObject", f"{RESULTS}/workspaces/demo/_platerunner/runs/1/2/1.units.idx", {}),
    ("s3:PutObject", f"{RESULTS}/workspaces/demo/illum/P1.npy", {}),
]

JOBS_MAY_NOT = [
    ("s3:PutObject", f"{DATA}/plates/P1/A01.tiff", {}),
    ("s3:GetObject", f"{DATA}/private/x", {}),
    ("s3:GetObject", f"{RESULTS}/other/x", {}),
    ("s3:DeleteObject", f"{RESULTS}/workspaces/demo/illum/P1.npy", {}),
    ("s3:GetObject", f"{AIRFLOW}/dags/platerunner_dags.py", {}),
    ("s3:ListBucket", RESULTS, {"s3:prefix": "other/"}),
    ("batch:SubmitJob", f"{BATCH}:job-queue/platerunner-dev-spot", OURS),
    ("iam:PassRole", f"{ROLE}-job", TASKS),
    (
        "secretsmanager:GetSecretValue",
        f"arn:aws:secretsmanager:{HERE}:secret:platerunner-dev/connections/platerunner-x",
        {},
    ),
]


@pytest.mark.parametrize(("action", "resource", "context"), AIRFLOW_MAY)
def test_airflow_may(dev: Applied, action: str, resource: str, context: dict[str, str]) -> None:
    assert allowed(dev.policies("mwaa"), action, resource, context)


@pytest.mark.parametrize(("action", "resource", "context"), AIRFLOW_MAY_NOT)
def test_airflow_may_not(dev: Applied, action: str, resource: str, context: dict[str, str]) -> None:
    assert not allowed(dev.policies("mwaa"), action, resource, context)


@pytest.mark.parametrize(("action", "resource", "context"), JOBS_MAY)
def test_jobs_may(dev: Applied, action: str, resource: str, context: dict[str, str]) -> None:
    assert allowed(dev.policies("job"), action, resource, context)


@pytest.mark.parametrize(("action", "resource", "context"), JOBS_MAY_NOT)
def test_jobs_may_not(dev: Applied, action: str, resource: str, context: dict[str, str]) -> None:
    assert not allowed(dev.policies("job"), action, resource, context)


def test_both_use_the_key_through_s3_alone(dev: Applied) -> None:
    (key,) = [each["arn"] for each in dev.of("aws_kms_key")]
    for role in ("mwaa", "job"):
        assert allowed(dev.policies(role), "kms:GenerateDataKey", key, VIA_S3)
        assert not allowed(dev.policies(role), "kms:GenerateDataKey", key)
        assert not allowed(dev.policies(role), "kms:ScheduleKeyDeletion", key, VIA_S3)


def test_whatever_the_doctor_checks_is_granted(dev: Applied) -> None:
    granted = {action for statement in dev.policies("mwaa") for action in many(statement["Action"])}
    granted |= granted_by_options()
    # Who one is, anybody may ask.
    assert {check.action for check in CHECKS} - {"sts:GetCallerIdentity"} <= granted


def test_the_machine_closes_queues_and_environments_of_its_own(dev: Applied) -> None:
    machine = dev.policies("budget-machine")
    assert allowed(machine, "batch:UpdateJobQueue", f"{BATCH}:job-queue/platerunner-dev-spot")
    assert allowed(machine, "batch:UpdateComputeEnvironment", f"{BATCH}:compute-environment/platerunner-dev-spot-2026")
    assert not allowed(machine, "batch:UpdateJobQueue", f"{BATCH}:job-queue/platerunner-prod-spot")
    assert not allowed(
        machine, "batch:UpdateComputeEnvironment", f"{BATCH}:compute-environment/platerunner-prod-spot-2026"
    )
    assert allowed(machine, "ssm:PutParameter", f"arn:aws:ssm:{HERE}:parameter/platerunner-dev/queue-state")
    assert not allowed(machine, "ssm:PutParameter", f"arn:aws:ssm:{HERE}:parameter/platerunner-prod/queue-state")
    assert not allowed(machine, "batch:DeleteJobQueue", f"{BATCH}:job-queue/platerunner-dev-spot")
