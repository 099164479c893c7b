"""The parts of the paper on patching and owners."""

from collections import Counter
from collections.abc import Iterator

from approval.plan import Plan

TAGS = ("CostCentre", "Project", "platerunner:environment")


def patching(plan: Plan) -> Iterator[str]:
    """How hosts, images and Airflow are kept fresh."""
    yield f"### {plan.name}: patching"
    yield ""
    all_of = plan.of("aws_ecr_repository")
    scanned = sum(
        bool(one.get("scan_on_push")) for each in all_of for one in each.get("image_scanning_configuration") or ()
    )
    fixed = sum(each.get("image_tag_mutability") == "IMMUTABLE" for each in all_of)
    yield f"- Repositories: {len(all_of)}; scanned on push: {scanned}; with tags that cannot move: {fixed}."
    for environment in plan.of("aws_batch_compute_environment"):
        minutes = (environment.get("update_policy") or [{}])[0].get("job_execution_timeout_minutes")
        for hosts in environment.get("compute_resources") or ():
            for image in hosts.get("ec2_configuration") or ():
                kind = f"{hosts['type']} hosts: {image['image_type']}, the newest at each plan"
                yield f"- {kind}; jobs on old ones have {minutes} minutes."
    for airflow in plan.of("aws_mwaa_environment"):
        version, size = airflow.get("airflow_version"), airflow.get("environment_class")
        yield f"- Airflow {version}, class {size}, patched by AWS in its maintenance window."
    for volume in plan.of("aws_ebs_volume"):
        yield f"- Airflow on a host of its own: a new `release` replaces it, its volume of {volume['size']} GiB stays."


def owners(plan: Plan) -> Iterator[str]:
    """Whose it is."""
    yield f"### {plan.name}: owners"
    yield ""
    tags = Counter(
        f"{name}={value}"
        for each in plan.resources
        for name, value in (each["values"].get("tags_all") or {}).items()
        if name in TAGS
    )
    yield f"- Tags: {', '.join(f'`{tag}` on {number}' for tag, number in sorted(tags.items()))}."
    subscriptions = [each for each in plan.of("aws_sns_topic_subscription") if each["protocol"] == "email"]
    mails = sorted(str(each.get("endpoint")) for each in subscriptions)
    yield f"- Hears of alarms: {', '.join(mails) or 'nobody: set `emails`'}."
