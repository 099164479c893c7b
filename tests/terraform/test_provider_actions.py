"""CI may make, read, change and end every kind of thing that is in Terraform's folders, as the provider does it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.terraform.applied import CHECKOUT, Applied
from tests.terraform.iam import allowed

NAME = "platerunner-prod"
PLACE = {"name": NAME, "here": "eu-west-1:123456789012", "account": "123456789012"}
TABLE: Mapping[str, Mapping[str, Any]] = yaml.safe_load(Path(__file__).with_name("provider_actions.yaml").read_text())
TAG = "platerunner:environment"
ROLE = f"arn:aws:iam::123456789012:role/{NAME}-eu-west-1-job"
LINKED = "arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
OURS = {f"aws:ResourceTag/{TAG}": NAME}
READS = re.compile(r"[a-z0-9-]+:(Get|Describe|List|Validate|View)")
Call = tuple[str, str, dict[str, str]]


def arns(applied: Applied, kind: str) -> list[str]:
    """Of things of a type, as the applied environment named them, or where it made none as AWS would."""
    arn = TABLE[kind].get("arn")
    if arn or set(TABLE[kind]) == {"anywhere"}:
        return [arn.format(**PLACE)] if arn else []
    found = [each["arn"] for each in applied.of(kind) if "-ci-" not in each.get("arn", "-ci-")]
    assert found, f"{kind}: no ARN in the state, so the table has to say `arn`"
    return found


def calls_of(applied: Applied, kind: str) -> Iterator[Call]:
    """What the provider asks of AWS about things of a type, with what AWS knows of them."""
    entry = TABLE[kind]
    ours = OURS if "create" in entry or entry.get("parent") else {}
    for arn in arns(applied, kind):
        for action in entry.get("create", ()):
            makes = action == "ec2:CreateTags" and "ec2:CreateAction"
            by = next((each.partition(":")[2] for each in entry["create"] if each != "ec2:CreateTags"), None)
            yield action, arn, {f"aws:RequestTag/{TAG}": NAME, **({makes: by} if makes and by else {})}
        yield from ((action, arn, ours) for action in entry.get("calls", ()))
    yield from ((action, "*", {}) for action in entry.get("anywhere", ()))
    yield from ((action, KEY, OURS) for action in entry.get("key", ()))
    if "pass" in entry:
        yield "iam:PassRole", ROLE, {"iam:PassedToService": entry["pass"]}
    for service in entry.get("linked", ()):
        yield "iam:CreateServiceLinkedRole", LINKED, {"iam:AWSServiceName": service}


def test_every_type_of_the_folders_is_in_the_table() -> None:
    text = "".join(file.read_text() for file in (CHECKOUT / "terraform").glob("*/*/*.tf"))
    assert set(re.findall(r'^resource "(aws_\w+)"', text, re.MULTILINE)) == set(TABLE)


def test_who_applies_may_do_all_that_the_provider_does(prod: Applied) -> None:
    has = prod.policies("ci-apply")
    refused = [call for kind in TABLE for call in calls_of(prod, kind) if not allowed(has, *call)]
    assert refused == []


def test_who_plans_may_read_all_that_the_provider_reads_and_change_nothing(prod: Applied) -> None:
    has = prod.policies("ci-plan")
    for kind in TABLE:
        for action, arn, context in calls_of(prod, kind):
            # Keys are for what is stored; of that a plan reads the connection and the bundle.
            if not action.startswith("kms:") or kind == "aws_kms_key":
                assert allowed(has, action, arn, context) == bool(READS.match(action)), (kind, action, arn)


@pytest.mark.parametrize("role", ["ci-apply", "ci-plan"])
def test_neither_ends_what_is_kept(prod: Applied, role: str) -> None:
    has = prod.policies(role)
    never = [
        (action, arn, OURS) for kind in TABLE for action in TABLE[kind].get("never", ()) for arn in arns(prod, kind)
    ]
    assert len(never) > 8
    assert [call for call in never if allowed(has, *call)] == []


@pytest.mark.parametrize(
    "call",
    [
        ("ec2:CreateTags", "arn:aws:ec2:eu-west-1:123456789012:instance/i-1", {f"aws:RequestTag/{TAG}": NAME}),
        ("ec2:CreateRoute", "arn:aws:ec2:eu-west-1:123456789012:route-table/rtb-1", {}),
        ("kms:TagResource", KEY, {f"aws:RequestTag/{TAG}": NAME, f"aws:ResourceTag/{TAG}": "another"}),
        ("ec2:CreateTags", "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-1",
         {f"aws:RequestTag/{TAG}": NAME, f"aws:ResourceTag/{TAG}": "another"}),
        ("backup:DeleteBackupPlan", "arn:aws:backup:eu-west-1:123456789012:backup-plan:1", {}),
        ("cloudtrail:UpdateTrail", "arn:aws:cloudtrail:eu-west-1:123456789012:trail/company", {}),
        ("iam:CreateServiceLinkedRole", LINKED, {"iam:AWSServiceName": "organizations.amazonaws.com"}),
    ],
)  # fmt: skip
def test_what_is_not_the_environments_is_out_of_reach(prod: Applied, call: Call) -> None:
    assert not allowed(prod.policies("ci-apply"), *call)
