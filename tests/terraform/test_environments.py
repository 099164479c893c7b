"""What IT approves, of whole environments: nothing public, least privilege, a budget that closes the queues."""

from __future__ import annotations

import json
import re
from ipaddress import ip_network

import pytest
from tests.terraform.applied import CHECKOUT, Applied
from tests.terraform.iam import many

READ = re.compile(r"[a-z0-9-]+:(Describe|List|Get)[A-Za-z]+|ecs:DiscoverPollEndpoint")
CHANNELS = re.compile(r"ssmmessages:(Create|Open)(Control|Data)Channel")
"""Of Session Manager, for which AWS has no resource-level permission, either."""


def test_no_policy_writes_on_everything(environment: Applied) -> None:
    wide = []
    for policy in [each for each in environment.of("aws_iam_role_policy") if not of_people(each["role"])]:
        for statement in json.loads(policy["policy"])["Statement"]:
            if statement["Effect"] == "Allow" and "*" in many(statement["Resource"]) and not _limited(statement):
                actions = [each for each in many(statement["Action"]) if not CHANNELS.fullmatch(each)]
                wide += [(policy["role"], action) for action in actions if not READ.fullmatch(action)]
    assert wide == []


def _limited(statement: dict) -> bool:
    """Metrics, for which AWS has no resource-level permission, are limited by namespace."""
    namespaces = statement.get("Condition", {}).get("StringEquals", {}).get("cloudwatch:namespace", [])
    own = [{"AmazonMWAA", "AWS/MWAA"}, {"Platerunner/platerunner-small/coordinator"}]
    return many(statement["Action"]) == ["cloudwatch:PutMetricData"] and set(many(namespaces)) in own


def test_no_action_has_a_wildcard(environment: Applied) -> None:
    for policy in [each for each in environment.of("aws_iam_role_policy") if not of_people(each["role"])]:
        for statement in json.loads(policy["policy"])["Statement"]:
            assert not [action for action in many(statement["Action"]) if "*" in action], policy["role"]


def of_people(name: str) -> bool:
    """Whether a role or a policy is for people or CI: test_access.py looks at these."""
    return "-people-" in name or "-ci-" in name or name.endswith("-ledger-ask")


def test_managed_policies_are_for_people_alone_and_there_is_no_user(environment: Applied) -> None:
    assert [each["name"] for each in environment.of("aws_iam_policy") if not of_people(each["name"])] == []
    assert [
        each["role"] for each in environment.of("aws_iam_role_policy_attachment") if not of_people(each["role"])
    ] == []
    kinds = {each["type"] for each in environment.resources}
    assert not kinds & {
        "aws_iam_user",
        "aws_iam_access_key",
        "aws_key_pair",
    }


def test_roles_are_taken_by_services_alone_but_those_of_people(environment: Applied) -> None:
    for role in [role for role in environment.of("aws_iam_role") if not of_people(role["name"])]:
        for statement in json.loads(role["assume_role_policy"])["Statement"]:
            assert list(statement["Principal"]) == ["Service"], role["name"]


def test_nothing_comes_in_from_outside(environment: Applied) -> None:
    rules = environment.of("aws_vpc_security_group_ingress_rule")
    assert rules
    for rule in rules:
        assert not rule["cidr_ipv6"]
        assert not rule["prefix_list_id"]
        if rule["cidr_ipv4"]:
            assert ip_network(rule["cidr_ipv4"]).is_private
            assert rule["from_port"] == rule["to_port"] == 443
        else:
            assert rule["referenced_security_group_id"] == rule["security_group_id"]
    kinds = {each["type"] for each in environment.resources}
    assert not kinds & {"aws_security_group_rule", "aws_lb", "aws_lambda_function_url", "aws_key_pair"}
    for host in environment.of("aws_instance"):
        assert host["associate_public_ip_address"] is False
        assert host["metadata_options"][0]["http_tokens"] == "required"
    for group in environment.of("aws_security_group"):
        assert not group.get("ingress"), "rules stand for themselves"


def test_jobs_take_no_connection(environment: Applied) -> None:
    (jobs,) = [group for group in environment.of("aws_security_group") if "-jobs" in group["tags"]["Name"]]
    assert jobs["id"] not in {
        rule["security_group_id"] for rule in environment.of("aws_vpc_security_group_ingress_rule")
    }
    for each in environment.of("aws_batch_compute_environment"):
        assert each["compute_resources"][0]["security_group_ids"] == [jobs["id"]]


def test_no_subnet_gives_out_public_addresses(environment: Applied) -> None:
    assert not any(subnet["map_public_ip_on_launch"] for subnet in environment.of("aws_subnet"))


@pytest.mark.parametrize("kind", ["data", "results", "airflow", "logs"])
def test_buckets(environment: Applied, kind: str) -> None:
    (bucket,) = [each for each in environment.of("aws_s3_bucket") if f"-{kind}-1234" in each["bucket"]]
    (block,) = [each for each in environment.of("aws_s3_bucket_public_access_block") if each["bucket"] == bucket["id"]]
    assert all(
        block[key]
        for key in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    )
    (versioning,) = [each for each in environment.of("aws_s3_bucket_versioning") if each["bucket"] == bucket["id"]]
    assert versioning["versioning_configuration"][0]["status"] == "Enabled"
    kinds = environment.of("aws_s3_bucket_server_side_encryption_configuration")
    (encryption,) = [each for each in kinds if each["bucket"] == bucket["id"]]
    default = encryption["rule"][0]["apply_server_side_encryption_by_default"][0]
    # S3's log delivery can only write to buckets with S3's own key.
    assert default["sse_algorithm"] == ("AES256" if kind == "logs" else "aws:kms")
    (policy,) = [each for each in environment.of("aws_s3_bucket_policy") if each["bucket"] == bucket["id"]]
    statements = json.loads(policy["policy"])["Statement"]
    assert [
        s
        for s in statements
        if s["Effect"] == "Deny" and s["Condition"].get("Bool") == {"aws:SecureTransport": "false"}
    ]
    allowed = [s for s in statements if s["Effect"] == "Allow"]
    assert {json.dumps(s["Principal"]) for s in allowed} <= {
        '{"Service": "logging.s3.amazonaws.com"}',
        '{"Service": "cloudtrail.amazonaws.com"}',
    }
    # Nobody else's trail or bucket writes here.
    assert all("aws:SourceArn" in json.dumps(s["Condition"]) for s in allowed)


def test_buckets_key_and_volume_refuse_to_be_destroyed(environment: Applied) -> None:
    # The volume's key is not even asked, as the volume refuses before.
    last = "storage.aws_kms_key" if environment.of("aws_mwaa_environment") else "coordinator.aws_ebs_volume"
    refused = environment.run("plan", "-destroy", "-input=false", check=False)
    assert refused.returncode != 0
    for what in (
        'storage.aws_s3_bucket.this["data"]',
        'storage.aws_s3_bucket.this["results"]',
        "storage.aws_s3_bucket.logs[0]",
        f"{last}.this[0]",
    ):
        assert f"module.{what}" in refused.stderr


def test_everything_that_stores_is_encrypted(environment: Applied) -> None:
    # Copies have a key of their own, in their own region.
    (key,) = [each["arn"] for each in environment.of("aws_kms_key") if each["region"] == "eu-west-1"]
    assert {each["kms_key_id"] for each in environment.of("aws_cloudwatch_log_group")} == {key}
    assert {each["kms_master_key_id"] for each in environment.of("aws_sns_topic")} == {key}
    assert all(each["sqs_managed_sse_enabled"] for each in environment.of("aws_sqs_queue"))
    assert {each["kms_key_id"] for each in environment.of("aws_secretsmanager_secret")} == {key}
    assert {each["encryption_configuration"][0]["kms_key"] for each in environment.of("aws_ecr_repository")} == {key}
    airflow = [each["kms_key"] for each in environment.of("aws_mwaa_environment")]
    assert {*airflow, *(each["kms_key_id"] for each in environment.of("aws_ebs_volume"))} == {key}
    for host in environment.of("aws_instance"):
        assert host["root_block_device"][0]["encrypted"]
    assert all(each["encrypted"] for each in environment.of("aws_ebs_volume"))
    for template in environment.of("aws_launch_template"):
        assert [device["ebs"][0]["encrypted"] for device in template["block_device_mappings"]] == ["true"]


def test_copies_are_as_safe_as_what_they_are_of(prod: Applied) -> None:
    (copy,) = [each for each in prod.of("aws_s3_bucket") if "-copy-" in each["bucket"]]
    assert copy["region"] == "eu-central-1"
    (key,) = [each["arn"] for each in prod.of("aws_kms_key") if each["region"] == "eu-central-1"]
    for kind in (
        "aws_s3_bucket_public_access_block", "aws_s3_bucket_ownership_controls", "aws_s3_bucket_versioning",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_server_side_encryption_configuration",
    ):  # fmt: skip
        assert [each["region"] for each in prod.of(kind) if each["bucket"] == copy["id"]] == ["eu-central-1"], kind
    (rule,) = [rule for each in prod.of("aws_s3_bucket_replication_configuration") for rule in each["rule"]]
    assert rule["destination"][0]["bucket"] == copy["arn"]
    assert rule["destination"][0]["encryption_configuration"][0]["replica_kms_key_id"] == key


def test_no_role_here_deletes_a_backup_a_version_or_a_trail(environment: Applied) -> None:
    never = {
        "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutBucketObjectLockConfiguration",
        "s3:PutReplicationConfiguration", "s3:PutLifecycleConfiguration", "backup:DeleteRecoveryPoint",
        "backup:DeleteBackupVault",
        "backup:DeleteBackupVaultLockConfiguration", "cloudtrail:StopLogging", "cloudtrail:DeleteTrail",
    }  # fmt: skip
    for policy in [each for each in environment.of("aws_iam_role_policy") if "-ci-" not in each["role"]]:
        for statement in json.loads(policy["policy"])["Statement"]:
            assert statement["Effect"] == "Deny" or not never & set(many(statement["Action"])), policy["role"]


def test_the_budget_closes_every_queue(environment: Applied) -> None:
    (machine,) = environment.of("aws_sfn_state_machine")
    queues = {queue["arn"] for queue in environment.of("aws_batch_job_queue")}
    assert len(queues) == 2
    states = json.loads(machine["definition"])["States"]
    assert set(states["Close"]["Result"]["queues"]) == queues
    assert states["Close"]["Result"]["state"] == "DISABLED"
    (pipe,) = environment.of("aws_pipes_pipe")
    assert pipe["target"] == machine["arn"]
    (limit,) = [each for each in environment.of("aws_sqs_queue") if each["arn"] == pipe["source"]]
    (subscription,) = [each for each in environment.of("aws_sns_topic_subscription") if each["protocol"] == "sqs"]
    assert subscription["endpoint"] == limit["arn"]
    (budget,) = environment.of("aws_budgets_budget")
    closing = [
        each for each in budget["notification"] if subscription["topic_arn"] in each["subscriber_sns_topic_arns"]
    ]
    assert [(each["notification_type"], each["threshold"]) for each in closing] == [("ACTUAL", 100)]
    assert machine["arn"] in environment.outputs["open_command"]


def test_arrivals_have_a_dead_letter_queue(environment: Applied) -> None:
    queues = {queue["name"].rpartition("-")[2]: queue for queue in environment.of("aws_sqs_queue")}
    (target,) = [each for each in environment.of("aws_cloudwatch_event_target") if each["target_id"] == "arrivals"]
    assert target["arn"] == queues["arrivals"]["arn"]
    assert target["dead_letter_config"][0]["arn"] == queues["dead"]["arn"]
    (redrive,) = environment.of("aws_sqs_queue_redrive_policy")
    assert json.loads(redrive["redrive_policy"])["deadLetterTargetArn"] == queues["dead"]["arn"]


def test_dev_is_cheaper_than_prod_and_small_than_dev(small: Applied, dev: Applied, prod: Applied) -> None:
    for part in ("airflow", "network", "total"):
        costs = [each.outputs["control_plane_usd"][part] for each in (small, dev, prod)]
        assert costs == sorted(set(costs))
    assert small.outputs["budget_usd"] < dev.outputs["budget_usd"]
    assert dev.outputs["max_vcpus"] < prod.outputs["max_vcpus"]
    assert dev.outputs["budget_usd"] < prod.outputs["budget_usd"]


def test_everything_carries_the_environments_tag(environment: Applied) -> None:
    name = f"platerunner-{environment.folder.name}"
    for each in environment.resources:
        if (
            each["mode"] == "managed"
            and each["values"].get("tags_all")
            and each["type"] != "aws_default_security_group"
        ):
            assert each["values"]["tags_all"].get("platerunner:environment") == name, each["address"]
            assert each["values"]["tags_all"].get("Project") == "platerunner", each["address"]


@pytest.mark.parametrize("name", ["small", "dev", "prod"])
def test_the_overview_tells_what_it_costs(request: pytest.FixtureRequest, name: str) -> None:
    applied: Applied = request.getfixturevalue(name)
    costs = applied.outputs["control_plane_usd"]
    figures = " | ".join(str(costs[part]) for part in ("airflow", "network", "other", "total"))
    overview = (CHECKOUT / "terraform" / "README.md").read_text()
    assert re.search(rf"^\| {name} \| [^|]* \| {re.escape(figures)} \|$", overview, re.MULTILINE), figures
    assert f"{name} {applied.outputs['max_vcpus']:,}" in overview
