"""Environments applied to the stand-in for the AWS provider: real Terraform, invented answers, no account."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.terraform.applied import CHECKOUT, Applied

STANDIN = Path(os.environ.get("PLATERUNNER_TF_STANDIN") or CHECKOUT.parent / "shared" / "terraform-standin")


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A copy of terraform/, and the environment in which it is offline."""
    if shutil.which("terraform") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no terraform on PATH")
    if not (STANDIN / "install.sh").exists():
        pytest.skip("no stand-in for the AWS provider: set PLATERUNNER_TF_STANDIN")
    work = tmp_path_factory.mktemp("terraform")
    command = [CHECKOUT / "scripts" / "install_standin.sh", STANDIN, work / "standin"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    shutil.copytree(CHECKOUT / "terraform", work / "copy", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    extra = dict(each.split("=", 1) for each in shlex.split(said)[1:])
    serve = [work / "standin" / "serve"]
    with subprocess.Popen(serve, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as warm:
        assert warm.stdout is not None
        assert warm.stdout.readline() == "ready\n"
        yield work / "copy", {**os.environ, **extra, "TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color"}


MEMBER = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Lab_0123456789abcdef"
WITH_PEOPLE: dict[str, Any] = {
    "people": {group: [MEMBER] for group in ("scientists", "engineers", "oncall", "it", "acceptance")},
    "ci": {
        "repository": "lab/platerunner",
        "oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        "state_bucket": "lab-state",
    },
}


KEPT: dict[str, Any] = {"copy": {"region": "eu-central-1", "lock_days": 90}, "backup": {"monthly_days": 365}}
"""All that keeps data; the trail prod has by itself."""


def _apply(terraform: tuple[Path, dict[str, str]], name: str, **more: Any) -> Applied:
    copy, environ = terraform
    folder = copy / "environments" / name
    (folder / "state_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    variables = {"emails": ["lab@example.org"], "arrivals": [".done"], **more}
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
    return _apply(terraform, "prod", shell=True, **WITH_PEOPLE, **KEPT)


@pytest.fixture(scope="session")
def small(terraform: tuple[Path, dict[str, str]]) -> Applied:
    return _apply(terraform, "small")


@pytest.fixture(params=["small", "dev", "prod"])
def environment(request: pytest.FixtureRequest) -> Applied:
    """Each of the three."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]
