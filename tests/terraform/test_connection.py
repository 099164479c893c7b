"""The connection that Terraform writes is one that Airflow finds and Platerunner takes."""

from __future__ import annotations

import json
import re
import shlex
from unittest.mock import patch

import pytest
from airflow.providers.amazon.aws.secrets.secrets_manager import SecretsManagerBackend
from airflow.sdk import Connection
from tests.terraform.applied import Applied

from platerunner.catalog.model import Resources
from platerunner.engine.connection import CAPACITIES, ConnectionSettings


@pytest.fixture
def settings(environment: Applied) -> ConnectionSettings:
    """From the secret, the way Airflow reads it."""
    options = options_of(environment)
    assert options["secrets.backend"].rpartition(".")[2] == SecretsManagerBackend.__name__
    backend = SecretsManagerBackend(**json.loads(options["secrets.backend_kwargs"]))
    secrets = {secret["id"]: secret["name"] for secret in environment.of("aws_secretsmanager_secret")}
    stored = {secrets[v["secret_id"]]: v["secret_string"] for v in environment.of("aws_secretsmanager_secret_version")}
    with patch.object(backend, "_get_secret_value", lambda _id, path: stored.get(path)):
        text = backend.get_conn_value("platerunner")
        assert backend.get_variable("anything") is None
    assert text is not None
    return read(text)


def options_of(environment: Applied) -> dict[str, str]:
    """Settings of Airflow, as MWAA has them, or in the file of settings on a coordinator."""
    for mwaa in environment.of("aws_mwaa_environment"):
        return dict(mwaa["airflow_configuration_options"])
    (host,) = [each for each in environment.of("aws_instance") if each["tags"]["Name"].endswith("-coordinator")]
    words = shlex.split(host["user_data"].split("END_OF_FILE")[1].removeprefix("'"), comments=True)
    found = re.findall(r"^AIRFLOW__([A-Z]+)__([A-Z_]+)=(.*)$", "\n".join(words), re.MULTILINE)
    return {f"{section.lower()}.{option.lower()}": value for section, option, value in found}


def read(text: str) -> ConnectionSettings:
    connection = Connection.from_json(text, conn_id="platerunner")
    assert connection.conn_type == "platerunner"
    return ConnectionSettings.from_extra("platerunner", connection.extra_dejson)


def test_it_names_what_was_made(environment: Applied, settings: ConnectionSettings) -> None:
    queues = {queue["name"] for queue in environment.of("aws_batch_job_queue")}
    roles = {role["arn"] for role in environment.of("aws_iam_role")}
    buckets = {f"s3://{bucket['bucket']}" for bucket in environment.of("aws_s3_bucket")}
    assert set(settings.queues) == set(CAPACITIES)
    assert set(settings.queues.values()) == queues
    assert {settings.job_role, settings.execution_role} <= roles
    assert settings.log_group in {group["name"] for group in environment.of("aws_cloudwatch_log_group")}
    assert settings.registry.endswith(f"/platerunner-{environment.folder.name}")
    for root in settings.roots().values():
        bucket, _, prefix = root.removeprefix("s3://").partition("/")
        assert f"s3://{bucket}" in buckets
        assert prefix
    assert settings.region == "eu-west-1"
    assert settings.fair_share == "none"


def test_what_needs_more_disk_goes_to_the_queue_that_has_it(dev: Applied) -> None:
    large = '-var=more_queues={spot_large={type="SPOT",max_vcpus=64,instance_types=["r7i"],disk_gib=2000}}'
    dev.run("plan", "-input=false", "-out=plan", large)
    plan = json.loads(dev.run("show", "-json", "plan").stdout)
    kind = "aws_secretsmanager_secret_version"
    (text,) = [each["change"]["after"]["secret_string"] for each in plan["resource_changes"] if each["type"] == kind]
    settings = read(text)
    for gib, queue in ((170, "platerunner-dev-spot"), (171, "platerunner-dev-spot-large")):
        assert settings.queue("spot", Resources(disk=gib * 1024**3)) == queue


def test_jobs_carry_the_tag_that_the_role_goes_by(environment: Applied, settings: ConnectionSettings) -> None:
    assert settings.tags["platerunner:environment"] == f"platerunner-{environment.folder.name}"
    assert settings.tags["CostCentre"] == "imaging"


def test_it_holds_no_secret(settings: ConnectionSettings) -> None:
    assert settings.secrets == {}
    assert settings.endpoint_url is None
    assert settings.aws_conn_id is None


def test_jobs_know_their_region(settings: ConnectionSettings) -> None:
    assert settings.environment["AWS_REGION"] == settings.environment["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_tasks_beat_every_second(environment: Applied) -> None:
    assert options_of(environment)["workers.min_heartbeat_interval"] == "1"
