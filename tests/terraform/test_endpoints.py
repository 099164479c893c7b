"""What the VPC's endpoints let through: our own identities on our own things, by calls that roles inside make."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest
from tests.terraform.applied import Applied
from tests.terraform.iam import allowed, many
from tests.terraform.test_access import statements

ACCOUNT = {"aws:PrincipalAccount": "123456789012", "aws:ResourceAccount": "123456789012"}
THEIRS = {**ACCOUNT, "aws:PrincipalAccount": "999999999999"}
RESULTS = "arn:aws:s3:::platerunner-prod-results-123456789012-eu-west-1"
ROLES = ("mwaa", "job", "execution", "host")
PEOPLE = ("scientists", "engineers", "oncall", "acceptance")
"""Who may sit at the login host."""
WITHOUT_A_GRANT = {"sts:GetCallerIdentity"}
IF_ASKED_FOR = {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "sts:AssumeRole"}
"""By `pull_through` and `data_role_arns`."""
MWAAS_OWN = ("airflow.env", "airflow.ops")


def policies(applied: Applied) -> dict[str, list[dict[str, Any]]]:
    """Service, by the end of its endpoint's name, to the statements of the endpoint's policy."""
    found = {each["service_name"].split("eu-west-1.")[1]: each["policy"] for each in applied.of("aws_vpc_endpoint")}
    assert all(found.values()), "an endpoint without a policy lets everything through"
    return {service: json.loads(policy)["Statement"] for service, policy in found.items()}


def made_inside(applied: Applied) -> set[str]:
    """Actions that the roles of what runs in the VPC are granted."""
    granted = [each for role in ROLES for each in applied.policies(role)]
    granted += [each for group in PEOPLE for each in statements(applied, group)]
    return {action for each in granted for action in many(each["Action"])} | WITHOUT_A_GRANT


def test_calls_that_are_made_inside_go_through_and_no_others(prod: Applied) -> None:
    through = defaultdict(set)
    for service, found in policies(prod).items():
        for action in (action for each in found for action in many(each["Action"]) if service not in MWAAS_OWN):
            through[action.partition(":")[0]].add(action)
    made = made_inside(prod)
    for prefix, actions in through.items():
        ours = {action for action in made if action.startswith(f"{prefix}:")}
        assert sorted(ours - actions) == [], "no way through the endpoint"
        assert sorted(actions - ours - IF_ASKED_FOR) == [], "nobody inside calls this"


def test_nobody_elses_identity_goes_through(prod: Applied) -> None:
    for service, found in policies(prod).items():
        for action in (action for each in found for action in many(each["Action"])):
            for resource in ("arn:aws:x:::anything", f"{RESULTS}/x", "arn:aws:s3:::somebody-elses/x"):
                assert not allowed(found, action, resource, THEIRS), (service, action)


@pytest.mark.parametrize(
    ("action", "resource", "context", "goes"),
    [
        ("s3:PutObject", f"{RESULTS}/workspaces/demo/x", ACCOUNT, True),
        ("s3:PutObject", "arn:aws:s3:::somebody-elses/x", ACCOUNT, False),
        ("s3:GetObject", "arn:aws:s3:::somebody-elses/x", ACCOUNT, False),
        ("s3:GetObject", "arn:aws:s3:::cellpainting-gallery/cpg0016/x", {}, True),
        ("s3:PutObject", "arn:aws:s3:::cellpainting-gallery/cpg0016/x", ACCOUNT, False),
        ("s3:GetObject", "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/x", {}, True),
    ],
)
def test_buckets_that_are_reached(
    prod: Applied, action: str, resource: str, context: dict[str, str], *, goes: bool
) -> None:
    assert allowed(policies(prod)["s3"], action, resource, context) == goes


def test_nothing_of_others_is_reached_but_where_it_has_to_be(prod: Applied) -> None:
    elsewhere = {**ACCOUNT, "aws:ResourceAccount": "999999999999"}
    found = {
        service
        for service, policy in policies(prod).items()
        if service != "s3" and any(allowed(policy, many(each["Action"])[0], "*", elsewhere) for each in policy)
    }
    assert found == {"airflow.env", "airflow.ops", "ecr.api", "ecr.dkr", "sns", "sqs", "sts"}
