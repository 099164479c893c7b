"""The approval paper says what a plan does: every role, every statement; and a change of it is seen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.terraform.applied import CHECKOUT
from tests.terraform.conftest import STANDIN, WITH_PEOPLE

NAME = "prod"


@pytest.fixture(scope="module")
def plan(terraform: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JSON of a plan of prod before anything is there."""
    copy, environ = terraform
    folder = copy / "environments" / "paper"
    shutil.copytree(
        CHECKOUT / "terraform" / "environments" / NAME, folder, ignore=shutil.ignore_patterns(".terraform*")
    )
    (folder / "state_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    (folder / "paper.auto.tfvars.json").write_text(json.dumps({"emails": ["owner@example.org"], **WITH_PEOPLE}))
    for command in (["init"], ["plan", "-lock=false", "-out=plan"]):
        subprocess.run(["terraform", *command], cwd=folder, env=environ, check=True, capture_output=True)
    shown = subprocess.run(
        ["terraform", "show", "-json", "plan"], cwd=folder, env=environ, check=True, capture_output=True
    )
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_bytes(shown.stdout)
    return path


def approval(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT / "scripts")}
    command = [sys.executable, "-m", "approval", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from resources(child)


def test_the_paper_has_every_role_and_every_policy(plan: Path) -> None:
    paper = approval(f"{NAME}={plan}")
    assert paper.returncode == 0, paper.stderr
    found = list(resources(json.loads(plan.read_text())["planned_values"]["root_module"]))
    roles = [each["values"]["name"] for each in found if each["type"] == "aws_iam_role"]
    assert len(roles) > 10
    assert [name for name in roles if f"| `{name}` |" not in paper.stdout] == []
    policies = [each for each in found if each["type"] in ("aws_iam_role_policy", "aws_iam_policy")]
    assert paper.stdout.count("\n#### ") == len(policies)
    # Known in the plan or not: nobody signs a policy without a line.
    for section in paper.stdout.split("\n#### ")[1:]:
        assert section.count("\n| ") >= 2, section[:200]
    assert "only as `repo:lab/platerunner:environment:prod`" in paper.stdout
    assert "The queues close at 5,000 USD" in paper.stdout


@pytest.mark.usefixtures("terraform")
def test_the_paper_in_the_repository_is_of_these_modules() -> None:
    environ = {**os.environ, "PLATERUNNER_TF_STANDIN": str(STANDIN)}
    command = [CHECKOUT / "scripts/approval.sh"]
    made = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    kept = (CHECKOUT / "terraform/APPROVAL.md").read_text()
    assert made == kept, "run scripts/approval.sh > terraform/APPROVAL.md, and read what changed"


def test_a_plan_that_differs_makes_another_paper(plan: Path, tmp_path: Path) -> None:
    approved = tmp_path / "approved.md"
    approved.write_text(approval(f"{NAME}={plan}").stdout)
    same = approval(f"{NAME}={plan}", "--diff", str(approved))
    assert (same.returncode, same.stdout) == (0, "The paper is as it was approved.\n")
    raw = json.loads(plan.read_text())
    [document] = [
        each for each in raw["resource_changes"]
        if each["address"] == "module.stack.module.batch.data.aws_iam_policy_document.job"
    ]  # fmt: skip
    document["change"]["after"]["statement"][3]["actions"].append("s3:DeleteObject")
    other = tmp_path / "other.json"
    other.write_text(json.dumps(raw))
    changed = approval(f"{NAME}={other}", "--diff", str(approved))
    assert changed.returncode == 1
    assert [line for line in changed.stdout.splitlines() if line.startswith("+") and "DeleteObject" in line]


def test_what_is_no_plan_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    refused = approval(f"dev={tmp_path / 'x.json'}")
    assert refused.returncode == 2
    assert "terraform show -json plan" in refused.stderr


def test_the_paper_of_the_checkout_has_all_environments() -> None:
    paper = (CHECKOUT / "terraform" / "APPROVAL.md").read_text()
    for folder in (CHECKOUT / "terraform" / "environments").iterdir():
        assert f"\n## {folder.name}\n" in paper, "run: scripts/approval.sh >terraform/APPROVAL.md"
