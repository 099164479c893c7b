"""Each group of people, and CI, may do its work in an environment, and nothing besides: their policies, simulated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.terraform.applied import Applied
from tests.terraform.iam import allowed, many
from tests.terraform.test_calls import aws_calls

HERE = "eu-west-1:123456789012"
NAME = "platerunner-prod"
AIRFLOW = f"arn:aws:airflow:{HERE}"
BATCH = f"arn:aws:batch:{HERE}"
DATA = f"arn:aws:s3:::{NAME}-data-123456789012-eu-west-1"
RESULTS = f"arn:aws:s3:::{NAME}-results-123456789012-eu-west-1"
BUNDLE = f"arn:aws:s3:::{NAME}-airflow-123456789012-eu-west-1"
ROLE = f"arn:aws:iam::123456789012:role/{NAME}-eu-west-1"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:{NAME}-queues"
QUEUE = f"{BATCH}:job-queue/{NAME}-spot"
LOGS = f"arn:aws:logs:{HERE}:log-group:/aws/batch/{NAME}"
OURS = {"aws:ResourceTag/platerunner:environment": NAME}
THEIRS = {"aws:ResourceTag/platerunner:environment": "platerunner-dev"}
MWAA = {"iam:PassedToService": "airflow.amazonaws.com"}
Call = tuple[str, str, dict[str, str]]

MAY: Mapping[str, list[Call]] = {
    "scientists": [
        ("s3:PutObject", f"{DATA}/plates/P1/A01.tif", {}),
        ("s3:GetObject", f"{RESULTS}/workspaces/demo/made.csv", {}),
        ("s3:ListBucket", RESULTS, {"s3:prefix": "workspaces/demo"}),
        ("airflow:CreateWebLoginToken", f"{AIRFLOW}:role/{NAME}/User", {}),
    ],
    "engineers": [
        ("airflow:UpdateEnvironment", f"{AIRFLOW}:environment/{NAME}", {}),
        ("s3:PutObject", f"{BUNDLE}/dags/demo.yaml", {}),
        ("iam:PassRole", f"{ROLE}-mwaa", MWAA),
        ("airflow:CreateWebLoginToken", f"{AIRFLOW}:role/{NAME}/Op", {}),
        ("logs:GetLogEvents", f"{LOGS}:log-stream:demo/1", {}),
    ],
    "oncall": [
        ("batch:TerminateJob", f"{BATCH}:job/0a1b", OURS),
        ("batch:DescribeJobs", "*", {}),
        ("logs:FilterLogEvents", f"{LOGS}:log-stream:demo/1", {}),
        ("airflow:CreateWebLoginToken", f"{AIRFLOW}:role/{NAME}/Op", {}),
        ("ecs:ExecuteCommand", f"arn:aws:ecs:{HERE}:task/AWSBatch-{NAME}-spot-0a1b/2c3d", {}),
        ("ecs:DescribeTasks", f"arn:aws:ecs:{HERE}:task/AWSBatch-{NAME}-spot-0a1b/2c3d", {}),
        ("s3:PutObject", f"{RESULTS}/workspaces/demo/_platerunner/shells/1/2/x.json", {}),
    ],
    "it": [
        ("states:StartExecution", MACHINE, {}),
        ("budgets:ModifyBudget", f"arn:aws:budgets::123456789012:budget/{NAME}-monthly", {}),
        ("ce:GetCostAndUsage", "*", {}),
    ],
    "acceptance": [
        ("batch:UpdateJobQueue", QUEUE, {}),
        ("batch:SubmitJob", QUEUE, {}),
        ("s3:PutObject", f"{RESULTS}/workspaces/acceptance/1/data/P1/A01.txt", {}),
        ("iam:PassRole", f"{ROLE}-job", {"iam:PassedToService": "ecs-tasks.amazonaws.com"}),
    ],
    "ci-plan": [
        ("ec2:DescribeVpcs", "*", {}),
        ("s3:GetBucketPolicy", BUNDLE, {}),
        ("s3:GetObject", "arn:aws:s3:::lab-state/platerunner/prod.tfstate", {}),
    ],
    "ci-apply": [
        ("batch:UpdateJobQueue", QUEUE, {}),
        ("iam:PutRolePolicy", f"{ROLE}-job", {}),
        ("ec2:CreateVpc", f"arn:aws:ec2:{HERE}:vpc/*", {}),
        ("s3:PutObject", "arn:aws:s3:::lab-state/platerunner/prod.tfstate", {}),
        ("airflow:CreateEnvironment", f"{AIRFLOW}:environment/{NAME}", {}),
    ],
    "ci-push": [
        ("ecr:PutImage", f"arn:aws:ecr:{HERE}:repository/{NAME}/unit", {}),
        ("ecr:GetAuthorizationToken", "*", {}),
    ],
}
NOBODY_MAY: list[Call] = [
    ("s3:DeleteBucket", RESULTS, {}),
    ("s3:DeleteObjectVersion", f"{RESULTS}/workspaces/demo/made.csv", {}),
    ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{HERE}:key/1", OURS),
    ("s3:GetObject", "arn:aws:s3:::somebody-else/x", {}),
    ("batch:TerminateJob", f"{BATCH}:job/0a1b", THEIRS),
    ("iam:CreateUser", "arn:aws:iam::123456789012:user/eve", {}),
    ("iam:PutRolePolicy", f"{ROLE}-ci-apply", {}),
    ("ecr:PutImage", f"arn:aws:ecr:{HERE}:repository/platerunner-dev/unit", {}),
    ("batch:UpdateJobQueue", f"{BATCH}:job-queue/platerunner-dev-spot", THEIRS),
    ("sts:AssumeRole", "arn:aws:iam::123456789012:role/Admin", {}),
]
ONLY: list[tuple[Call, set[str]]] = [
    (("s3:PutObject", f"{DATA}/plates/P1/A01.tif", {}), {"scientists", "ci-apply"}),
    (("s3:DeleteObject", f"{DATA}/plates/P1/A01.tif", {}), {"ci-apply"}),
    (("s3:GetObject", f"{RESULTS}/workspaces/demo/made.csv", {}), {"scientists", "oncall", "acceptance", "ci-apply"}),
    (("s3:PutObject", f"{BUNDLE}/dags/demo.yaml", {}), {"engineers", "ci-apply"}),
    (("states:StartExecution", MACHINE, {}), {"it", "ci-apply"}),
    (("batch:UpdateJobQueue", QUEUE, {}), {"acceptance", "ci-apply"}),
    (("airflow:CreateWebLoginToken", f"{AIRFLOW}:role/{NAME}/Admin", {}), set()),
    (("iam:PassRole", f"{ROLE}-host", {"iam:PassedToService": "ec2.amazonaws.com"}), {"ci-apply"}),
    (("ecr:PutImage", f"arn:aws:ecr:{HERE}:repository/{NAME}/unit", {}), {"ci-push", "ci-apply"}),
    (("ecs:ExecuteCommand", f"arn:aws:ecs:{HERE}:cluster/AWSBatch-{NAME}-spot-0a1b", {}), {"oncall"}),
    (("ecs:ExecuteCommand", f"arn:aws:ecs:{HERE}:cluster/AWSBatch-platerunner-dev-spot-0a1b", {}), set()),
    (("s3:PutObject", f"{RESULTS}/workspaces/demo/made.csv", {}), {"acceptance", "ci-apply"}),
]


def statements(applied: Applied, group: str) -> list[dict[str, Any]]:
    """Of all policies of a group's role."""
    if group.startswith("ci-"):
        return applied.policies(group)
    names = {each["policy_arn"] for each in applied.of("aws_iam_role_policy_attachment")
             if each["role"].endswith(f"-people-{group}")}  # fmt: skip
    found = [each for each in applied.of("aws_iam_policy") if each["arn"] in names]
    assert found, f"the role of {group} has no policy"
    return [statement for each in found for statement in json.loads(each["policy"])["Statement"]]


@pytest.mark.parametrize("group", MAY)
def test_a_group_may_do_its_work(prod: Applied, group: str) -> None:
    has = statements(prod, group)
    assert [call for call in MAY[group] if not allowed(has, *call)] == []


@pytest.mark.parametrize("group", MAY)
def test_nobody_may_do_what_ends_data_or_widens_rights(prod: Applied, group: str) -> None:
    has = statements(prod, group)
    assert [call for call in NOBODY_MAY if allowed(has, *call)] == []


@pytest.mark.parametrize(("call", "groups"), ONLY, ids=lambda each: each[0] if isinstance(each, tuple) else "")
def test_a_call_is_for_these_groups_alone(prod: Applied, call: Call, groups: set[str]) -> None:
    assert {group for group in MAY if allowed(statements(prod, group), *call)} == groups


def test_whoever_deploys_or_accepts_has_what_the_command_calls(prod: Applied) -> None:
    for group, command in (("engineers", "deploy"), ("acceptance", "accept")):
        has = {action for each in statements(prod, group) for action in many(each["Action"])}
        assert sorted({need.action for need in aws_calls.needs_of(command)} - has) == [], group


def test_people_have_no_wildcard_in_an_action(prod: Applied) -> None:
    for policy in prod.of("aws_iam_policy"):
        for statement in json.loads(policy["policy"])["Statement"]:
            assert not [action for action in many(statement["Action"]) if "*" in action], policy["name"]


def test_ci_comes_from_one_repository_alone(prod: Applied) -> None:
    roles = [role for role in prod.of("aws_iam_role") if "-ci-" in role["name"]]
    assert {role["name"].rpartition("-")[2] for role in roles} == {"plan", "apply", "push"}
    for role in roles:
        (trust,) = json.loads(role["assume_role_policy"])["Statement"]
        condition = trust["Condition"]["StringEquals"]
        assert condition["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
        subjects = many(condition["token.actions.githubusercontent.com:sub"])
        assert all(each.startswith("repo:lab/platerunner:") and "*" not in each for each in subjects)
