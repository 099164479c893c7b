"""The parts of the paper on patching, cost and owners."""

from collections import Counter
from collections.abc import Iterator

from approval.plan import Plan

HOURS_UNSEEN = 12
"""AWS Budgets looks up to three times a day, 8 to 12 hours apart.

Source: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
"""
DEAREST_VCPU_USD = 0.0945
"""An hour of a vCPU at the dearest: r7i.xlarge on demand in eu-west-1, 0.2952 for 4, and a quarter more for its disk.

Source: https://aws.amazon.com/ec2/pricing/on-demand/, written down in November 2026.
"""
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


def cost(plan: Plan) -> Iterator[str]:
    """The most that can be spent, and who is told."""
    yield f"### {plan.name}: cost ceiling"
    yield ""
    limit, cores = plan.output("budget_usd") or 0, plan.output("max_vcpus") or 0
    idle = plan.output("control_plane_usd") or {"total": 0}
    unseen = cores * DEAREST_VCPU_USD * HOURS_UNSEEN
    yield f"- The queues close at {limit:,} USD a month."
    yield f"- Until AWS has counted, {HOURS_UNSEEN} hours, {cores:,} cores can run: at the dearest {unseen:,.0f} USD."
    most = limit + unseen + idle["total"]
    yield f"- **The most in a month: {most:,.0f} USD**: the limit, those hours, and what costs while nothing runs;"
    yield "  and S3, which nothing closes."
    for budget in plan.of("aws_budgets_budget"):
        told = sorted(
            {(float(each["threshold"]), each["notification_type"].lower()) for each in budget["notification"]}
        )
        yield f"- Told at {', '.join(f'{share:g} % ({kind})' for share, kind in told)}."
    if idle["total"]:
        parts = ", ".join(f"{name} {usd:,}" for name, usd in sorted(idle.items()) if name != "total")
        yield f"- While nothing runs: {idle['total']:,} USD a month ({parts}), by `modules/stack/cost.tf`."


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
