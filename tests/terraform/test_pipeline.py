"""Terraform makes the stack, and Platerunner works on it: doctor, and the demo pipeline to its end.

The stand-in applies what it can to the embedded cloud (network, buckets, roles, repositories, queues) and invents the
rest. Two things it cannot do, and overrides make up for: names out of prefixes, and Batch's service-linked role.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.terraform.applied import CHECKOUT, Applied

from platerunner.local.cloud import Cloud
from platerunner.local.demo_plate import make_plate

PLATERUNNER = Path(sys.executable).parent / "platerunner"
OVERRIDES = {
    "network": {
        "aws_security_group": {"jobs": 'name = "${var.name}-jobs"', "endpoints": 'name = "${var.name}-endpoints"'}
    },
    "mwaa": {"aws_security_group": {"this": 'name = "${var.name}-mwaa"'}},
    "batch": {
        "aws_batch_compute_environment": {
            "this": 'name = "${var.name}-${each.key}"\n  service_role = aws_iam_role.job[0].arn'
        }
    },
}


@dataclass
class Stack:
    """What Terraform has made on the embedded cloud."""

    cloud: Cloud
    applied: Applied
    connection: dict[str, Any]

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, region_name=self.cloud.region, endpoint_url=self.cloud.endpoint, **keys)

    def platerunner(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = {"AIRFLOW_CONN_PLATERUNNER": json.dumps(self.connection)}
        environ = {**os.environ, **self.cloud.environment(), **variables}
        return subprocess.run(
            [PLATERUNNER, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def stack(terraform: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    copy, environ = terraform
    standin = Path(environ["TF_CLI_CONFIG_FILE"]).parent
    subprocess.run([standin / "venv" / "bin" / "pip", "install", "-q", "boto3"], check=True, capture_output=True)
    work = tmp_path_factory.mktemp("moto") / "terraform"
    shutil.copytree(copy, work, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json"))
    for module, kinds in OVERRIDES.items():
        blocks = [f'resource "{k}" "{n}" {{\n  {body}\n}}\n' for k, names in kinds.items() for n, body in names.items()]
        (work / "modules" / module / "moto_override.tf").write_text("".join(blocks))
    folder = work / "environments" / "dev"
    (folder / "state_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    with Cloud() as cloud:
        (folder / "moto.auto.tfvars").write_text(f'region = "{cloud.region}"\n')
        applied = Applied(folder, environ | {"STANDIN_BACKEND": cloud.endpoint, "AWS_REGION": cloud.region})
        applied.run("init", "-input=false")
        applied.run("apply", "-input=false", "-auto-approve")
        connection = json.loads(applied.outputs["connection"])
        connection["extra"]["endpoint_url"] = cloud.endpoint
        made = Stack(cloud, applied, connection)
        # One of the types that the stand-in invents.
        made.client("logs").create_log_group(logGroupName=connection["extra"]["log_group"])
        yield made


def test_the_doctor_finds_all_well(stack: Stack, tmp_path: Path) -> None:
    done = stack.platerunner(tmp_path, "doctor", "--json")
    findings = json.loads(done.stdout)
    assert [finding for finding in findings if finding["state"] != "ok"] == [], done.stderr
    assert done.returncode == 0
    assert {"queue spot", "queue on_demand", "job role", "execution role", "registry", "workspace root"} <= {
        finding["check"] for finding in findings
    }


def test_a_second_plan_has_nothing_to_do(stack: Stack) -> None:
    assert stack.applied.changes() == {}


def test_the_demo_runs_on_it(stack: Stack, tmp_path: Path) -> None:
    extra = stack.connection["extra"]
    bucket, _, prefix = extra["data_root"].removeprefix("s3://").partition("/")
    make_plate(tmp_path / "plate")
    s3, ecr, batch = stack.client("s3"), stack.client("ecr"), stack.client("batch")
    for file in (tmp_path / "plate").rglob("*"):
        if file.is_file():
            s3.upload_file(str(file), bucket, f"{prefix}/{file.relative_to(tmp_path / 'plate')}")
    # As CI pushes images: into the repositories that Terraform made.
    stack.cloud.images.registry = extra["registry"]
    for image in stack.cloud.images.all:
        if image.name == "imaging":
            name = f"{extra['registry'].partition('/')[2]}/{image.name}"
            pushed = {"imageManifest": image.manifest, "imageTag": image.tag, "imageDigest": image.digest}
            ecr.put_image(repositoryName=name, **pushed)

    spec = CHECKOUT / "dag_specs" / "demo.yaml"
    done = stack.platerunner(tmp_path, "run", str(spec), "--param", "engine=imaging", "--approve-all")
    assert done.returncode == 0, done.stdout + done.stderr

    jobs = batch.list_jobs(jobQueue=extra["queues"]["spot"], jobStatus="SUCCEEDED")["jobSummaryList"]
    assert len(jobs) == 5
    # By this tag the role may end them.
    job = batch.describe_jobs(jobs=[jobs[0]["jobId"]])["jobs"][0]
    assert job["tags"]["platerunner:environment"] == "platerunner-dev"
    bucket, _, prefix = extra["workspace_root"].removeprefix("s3://").partition("/")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert all(key.startswith(f"{prefix}/") for key in keys)
    assert [key for key in keys if key.endswith("_Count_Nuclei.png")]


def test_it_goes_with_what_is_in_it_by_the_commands_of_the_overview(stack: Stack) -> None:
    s3, terraform = stack.client("s3"), stack.applied.folder.parents[1]
    buckets = {each["bucket"] for each in stack.applied.of("aws_s3_bucket")}
    for bucket in buckets:
        s3.put_object(Bucket=bucket, Key="workspaces/demo/made.csv", Body=b"1")
        s3.delete_object(Bucket=bucket, Key="workspaces/demo/made.csv")
    (command,) = re.findall(r"^    (sed -i .*)$", (CHECKOUT / "terraform" / "README.md").read_text(), re.MULTILINE)
    subprocess.run(["bash", "-c", command], cwd=terraform.parent, check=True)
    text = "".join(file.read_text() for file in terraform.glob("modules/*/*.tf"))
    assert not re.search(r"prevent_destroy +=", text)
    assert {value for _, value in re.findall(r"\bforce_(destroy|delete) +=+ (\w+)", text)} == {"true"}

    # As the real provider does by itself then.
    for bucket in buckets:
        empty(s3, bucket)
    for repository in stack.applied.of("aws_ecr_repository"):
        empty_repository(stack.client("ecr"), repository["name"])
    stack.applied.run("apply", "-destroy", "-refresh=false", "-input=false", "-auto-approve")
    assert stack.applied.run("state", "list").stdout == ""
    assert not {each["Name"] for each in s3.list_buckets()["Buckets"]} & buckets


def empty(s3: Any, bucket: str) -> None:
    """Delete all versions of all objects."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def empty_repository(ecr: Any, name: str) -> None:
    """Delete all images."""
    if images := ecr.list_images(repositoryName=name)["imageIds"]:
        ecr.batch_delete_image(repositoryName=name, imageIds=images)
