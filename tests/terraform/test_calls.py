"""Every call of AWS that the code makes is granted to the role that makes it, and nothing that nobody needs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from tests.terraform.applied import CHECKOUT, Applied
from tests.terraform.iam import granted_by_options, many

sys.path.append(str(CHECKOUT / "scripts"))  # scripts are no package
import aws_calls

OF_A_COORDINATOR = ("coordinator", "snapshots")
OF_AIRFLOW = ("mwaa", "coordinator")


def granted(statements: Iterable[Mapping[str, Any]]) -> set[str]:
    return {action for each in statements if each["Effect"] == "Allow" for action in many(each["Action"])}


def needed(role: str) -> set[str]:
    return {need.action for need in aws_calls.needs_of(role)}


@pytest.mark.parametrize("role", aws_calls.roles())
def test_no_call_is_missing_and_none_is_unused(request: pytest.FixtureRequest, role: str) -> None:
    environment: Applied = request.getfixturevalue("small" if role in OF_A_COORDINATOR else "prod")
    has, needs = granted(environment.policies(role)), needed(role)
    has |= granted_by_options() if role in OF_AIRFLOW else set()
    assert sorted(needs - has) == [], "missing"
    assert sorted(has - needs) == [], "unused"


def test_every_role_of_an_environment_is_looked_at(environment: Applied) -> None:
    names = {role["name"] for role in environment.of("aws_iam_role") if "-people-" not in role["name"]}
    names = {name for name in names if "-ci-" not in name}
    assert {name for name in names if not name.endswith(tuple(f"-{role}" for role in aws_calls.roles()))} == set()


def test_the_code_makes_clients_of_these_services() -> None:
    # One more here is one more to think of: an endpoint in the VPC, a line in what leaves the network.
    assert aws_calls.services() == {
        "batch",
        "ec2",
        "ecr",
        "ecs",
        "efs",
        "fsx",
        "iam",
        "logs",
        "mwaa",
        "pricing",
        "s3",
        "sns",
        "sqs",
        "sts",
    }


def test_a_call_that_is_new_is_found(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "provider" / "platerunner"
    folder.mkdir(parents=True)
    (folder / "x.py").write_text(
        "def end(hook, workspace):\n"
        "    hook.batch.cancel_job(jobId='1', reason='')\n"
        "    hook.ecr.get_paginator('list_images')\n"
        "    workspace.delete('key')\n"
        "    SnsNotifier(target_arn='x')\n"
    )
    aws_calls.operations()  # of the real services
    monkeypatch.setattr(aws_calls, "ROOT", tmp_path)
    found = {(need.action, need.why) for need in aws_calls._calls([folder])}
    where = "provider/platerunner/x.py"
    assert found == {
        ("batch:CancelJob", f"{where}:2"),
        ("ecr:ListImages", f"{where}:3"),
        ("sns:Publish", f"{where}:5"),
    }


def test_a_storage_that_deletes_needs_to() -> None:
    assert aws_calls._storage_methods()["delete"] == {"s3:DeleteObject"}
    assert aws_calls._storage_methods()["rename"] >= {"s3:DeleteObject", "s3:PutObject"}
    assert "s3:DeleteObject" not in needed("job")


def test_the_page_is_fresh() -> None:
    page = (CHECKOUT / "docs" / "reference" / "permissions.md").read_text()
    assert page == aws_calls.page(), "run: make docs"
