"""The parts of the paper on the network, on data and on encryption."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from approval.plan import Plan
from approval.text import table

BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
RULES = {"aws_vpc_security_group_ingress_rule": "in", "aws_vpc_security_group_egress_rule": "out"}


def network(plan: Plan) -> Iterator[str]:
    """What comes in and what leaves."""
    yield f"### {plan.name}: what comes in and what leaves the network"
    yield ""
    rows = [_rule(RULES[each["type"]], each) for each in plan.resources if each["type"] in RULES]
    yield from table(("way", "whose", "what", "port", "from or to"), sorted(rows))
    yield ""
    services = [str(each.get("service_name") or "").partition(".amazonaws.")[2] for each in plan.of("aws_vpc_endpoint")]
    named = ", ".join(sorted(each.partition(".")[2] for each in services if each)) or "none"
    hosts = sum(each.get("source_dest_check") is False for each in plan.of("aws_instance"))
    ways = f"{len(plan.of('aws_nat_gateway'))} NAT gateways, {hosts} hosts in place of one"
    yield f"- Ways to the internet: {ways}. Endpoints to AWS: {named}."
    limited = sum(bool(each.get("policy")) for each in plan.of("aws_vpc_endpoint"))
    yield f"- Endpoints that let through this account's own identities alone: {limited} of {len(services)}."
    blocks = plan.of("aws_s3_bucket_public_access_block")
    shut = sum(all(each.get(key) for key in BLOCKS) for each in blocks)
    yield f"- Buckets that can never be public: {shut} of {len(plan.of('aws_s3_bucket'))}."
    for airflow in plan.of("aws_mwaa_environment"):
        yield f"- Airflow's pages: `{airflow.get('webserver_access_mode')}`."
    for subscription in plan.of("aws_sns_topic_subscription"):
        if subscription["protocol"] == "email":
            yield f"- Mail of alarms to {subscription.get('endpoint')}."


def _rule(way: str, resource: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    rule = resource["values"]
    module, _, name = str(resource["address"]).removeprefix("module.stack.").rpartition(f".{resource['type']}.")
    whose = f"`{module.removeprefix('module.')}.{name.partition('[')[0]}`"
    port = "all" if rule.get("from_port") in (None, -1) else str(rule["from_port"])
    what, other = str(rule.get("description") or ""), rule.get("cidr_ipv4") or "the same group, or one of ours"
    return way, whose, what, port, other


def data(plan: Plan) -> Iterator[str]:
    """Where data lie, and for how long."""
    yield f"### {plan.name}: where data lie, and for how long"
    yield ""
    buckets = sorted((str(each["bucket"]), bool(each.get("force_destroy"))) for each in plan.of("aws_s3_bucket"))
    rows = [(f"`{name}`", "yes" if forced else "no") for name, forced in buckets]
    yield from table(("bucket", "may be destroyed with its content"), rows)
    yield ""
    rules = Counter(_kept(rule) for each in plan.of("aws_s3_bucket_lifecycle_configuration") for rule in each["rule"])
    yield from (f"- {said} ({number} of the buckets)" for said, number in sorted(rules.items()) if said)
    groups = sorted((str(each["name"]), each.get("retention_in_days")) for each in plan.of("aws_cloudwatch_log_group"))
    yield from (f"- Log group `{name}`: {days} days" for name, days in groups)


def _kept(rule: Mapping[str, Any]) -> str:
    old = [each["noncurrent_days"] for each in rule.get("noncurrent_version_expiration") or ()]
    ended = [each["days"] for each in rule.get("expiration") or () if each.get("days")]
    moved = [(each["storage_class"], each["days"]) for each in rule.get("transition") or ()]
    said = [f"old versions are kept for {days} days" for days in old]
    said += [f"objects are deleted after {days} days" for days in ended]
    said += [f"objects move to {place} after {days} days" for place, days in moved]
    return f"`{rule['id']}`: {', '.join(said)}" if said else ""


def keeping(plan: Plan) -> Iterator[str]:
    """Copies, backups, the audit trail, and what rings."""
    yield f"### {plan.name}: copies, backups, audit trail"
    yield ""
    locks = {each["bucket"]: each["rule"] for each in plan.of("aws_s3_bucket_object_lock_configuration")}
    copies = [each for each in plan.of("aws_s3_bucket") if "-copy-" in str(each["bucket"])]
    yield f"- Copies in another region: {', '.join(map(_copy, copies)) or 'none; set `copy`'}."
    for rule in [rule for rules in locks.values() for rule in rules]:
        kept = rule["default_retention"][0]
        yield f"- Locked against deletion there for {kept['days']} days, mode {kept['mode']}."
    rules = [rule for each in plan.of("aws_backup_plan") for rule in each["rule"]]
    said = ", ".join(sorted(f"{rule['rule_name']} for {rule['lifecycle'][0]['delete_after']} days" for rule in rules))
    yield f"- AWS Backup: {said or 'none; set `backup`'}."
    for policy in [one for each in plan.of("aws_dlm_lifecycle_policy") for one in each["policy_details"]]:
        kept = policy["schedule"][0]["retain_rule"][0]["count"]
        yield f"- Airflow's volume, with its database: a snapshot a day, {kept} of them kept."
    trails = plan.of("aws_cloudtrail")
    objects = any(len(each["advanced_event_selector"]) > 1 for each in trails)
    yield f"- A trail of its own: {_trail(objects=objects) if trails else 'none; the account needs one'}."
    rings = sorted(str(each["alarm_name"]).removeprefix(f"platerunner-{plan.name}-") for each in _safety(plan))
    yield f"- Alarms of what should not happen: {', '.join(rings) or 'none; set `audit`'}."


def _copy(bucket: Mapping[str, Any]) -> str:
    return f"`{bucket['bucket']}` in {bucket['region']}"


def _trail(*, objects: bool) -> str:
    which = "with who wrote, deleted and, but for jobs, read which object" if objects else "without objects"
    return f"all regions, {which}"


def _safety(plan: Plan) -> list[Mapping[str, Any]]:
    alarms = [each for each in plan.resources if each["type"] == "aws_cloudwatch_metric_alarm"]
    return [each["values"] for each in alarms if ".module.safety." in each["address"]]


def encryption(plan: Plan) -> Iterator[str]:
    """Keys, and what they encrypt."""
    yield f"### {plan.name}: encryption"
    yield ""
    for key in plan.of("aws_kms_key"):
        rotated = "rotated" if key.get("enable_key_rotation") else "NOT rotated"
        days = key.get("deletion_window_in_days")
        yield f"- A key of our own, {rotated}; its deletion, once ordered, can be called off for {days} days."
    ciphers = Counter(
        str(cipher["sse_algorithm"])
        for each in plan.of("aws_s3_bucket_server_side_encryption_configuration")
        for rule in each["rule"]
        for cipher in rule["apply_server_side_encryption_by_default"]
    )
    yield f"- Buckets: {', '.join(f'{number} by {cipher}' for cipher, number in sorted(ciphers.items()))}."
    disks = list(plan.disks)
    disks += [disk for each in plan.of("aws_instance") for disk in each.get("root_block_device") or ()]
    disks += plan.of("aws_ebs_volume")
    encrypted = sum(str(each.get("encrypted")).lower() == "true" for each in disks)
    yield f"- Kinds of disks of hosts that are encrypted: {encrypted} of {len(disks)}."
    images = [one for each in plan.of("aws_ecr_repository") for one in each.get("encryption_configuration") or ()]
    kms = sum(each["encryption_type"] == "KMS" for each in images)
    yield f"- Repositories of images that are encrypted by a key: {kms} of {len(plan.of('aws_ecr_repository'))}."
