"""Environments applied to the stand-in for the AWS provider: real Terraform, invented answers, no account."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.terraform.applied import CHECKOUT, Applied

STANDIN = Path(os.environ.get("PLATERUNNER_TF_STANDIN") or CHECKOUT.parent / "shared" / "terraform-standin")


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A copy of terraform/, and the environment in which it is offline."""
    if shutil.which("terraform") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no terraform on PATH")
    if not (STANDIN / "install.sh").exists():
        pytest.skip("no stand-in for the AWS provider: set PLATERUNNER_TF_STANDIN")
    work = tmp_path_factory.mktemp("terraform")
    subprocess.run([STANDIN / "install.sh", work / "standin"], check=True, capture_output=True)
    shutil.copytree(CHECKOUT / "terraform", work / "copy", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    extra = {"TF_CLI_CONFIG_FILE": str(work / "standin" / "terraformrc"), "AWS_REGION": "eu-west-1"}
    return work / "copy", {**os.environ, **extra, "TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color"}


def _apply(terraform: tuple[Path, dict[str, str]], name: str) -> Applied:
    copy, environ = terraform
    folder = copy / "environments" / name
    (folder / "state_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    variables = {"emails": ["lab@example.org"], "arrivals": [".done"], "web_cidr_blocks": ["10.9.0.0/16"]}
    (folder / "test.auto.tfvars.json").write_text(json.dumps(variables))
    applied = Applied(folder, environ)
    applied.run("init", "-input=false")
    applied.run("apply", "-input=false", "-auto-approve")
    return applied


@pytest.fixture(scope="session")
def dev(terraform: tuple[Path, dict[str, str]]) -> Applied:
    return _apply(terraform, "dev")


@pytest.fixture(scope="session")
def prod(terraform: tuple[Path, dict[str, str]]) -> Applied:
    return _apply(terraform, "prod")


@pytest.fixture(params=["dev", "prod"])
def environment(request: pytest.FixtureRequest) -> Applied:
    """Each of the two."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]
