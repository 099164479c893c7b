"""The part of the paper on cost: the most that can be spent, also between two looks of AWS at the budget."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from approval.plan import Plan

HOURS_UNSEEN = 12
"""AWS Budgets looks up to three times a day, 8 to 12 hours apart.

Source: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
"""
HOURS_ENDING = 2
"""For which a job goes on at most once the queues are closed; a spec may give it more (`timeout` of `resources`)."""


FREE_IOPS, FREE_MIB = 3000, 125
"""What each gp3 volume has."""
HOURS_OF_MONTH = 730


@dataclass(frozen=True)
class Prices:
    """List prices of a region, in USD.

    :param vcpu: an hour of a vCPU of r7a on demand.
    :param gib: a month of a GiB of a gp3 volume.
    :param iops: a month of an operation a second beyond :data:`FREE_IOPS`.
    :param mib: a month of a MiB a second beyond :data:`FREE_MIB`.
    """

    vcpu: float
    gib: float
    iops: float
    mib: float

    def disk(self, volume: Mapping[str, Any]) -> float:
        """USD an hour of a volume.

        :param volume: ``ebs`` of a launch template.
        """
        more_iops = max(0, (volume.get("iops") or 0) - FREE_IOPS)
        more_mib = max(0, (volume.get("throughput") or 0) - FREE_MIB)
        month = volume["volume_size"] * self.gib + more_iops * self.iops + more_mib * self.mib
        return month / HOURS_OF_MONTH


ON_FILE = {"us-east-1": Prices(0.0761, 0.08, 0.005, 0.04), "eu-west-1": Prices(0.0852, 0.088, 0.0055, 0.044)}
"""Written down in November 2026.

Sources: https://aws.amazon.com/ec2/pricing/on-demand/ and https://aws.amazon.com/ebs/pricing/
"""
NOT_DEARER = frozenset({"r7a", "r7i", "r6i", "r6a", "r5", "m7i", "m6i", "m6a"})
"""Families of which no vCPU costs more than r7a's."""
SMALLEST = 2
"""vCPUs of their smallest host, which has a whole disk."""
IDLE_REGION = "us-east-1"
"""Whose prices `modules/stack/cost.tf` has."""


def cost(plan: Plan) -> Iterator[str]:
    """The most that can be spent, and who hears of it."""
    yield f"### {plan.name}: cost ceiling"
    yield ""
    limit = plan.output("budget_usd") or 0
    idle = plan.output("control_plane_usd") or {"total": 0}
    yield f"- The queues close at {limit:,} USD a month."
    yield from _most(plan, limit, idle["total"])
    yield "- Not limited by it: what S3 holds, what goes through NAT and endpoints, and what logs take."
    if plan.variable("fast_storage"):
        yield "- Nor are file systems that runs make (`fast_storage`): each is deleted when its run ends."
    for budget in plan.of("aws_budgets_budget"):
        told = sorted(
            {(float(each["threshold"]), each["notification_type"].lower()) for each in budget["notification"]}
        )
        yield f"- Told at {', '.join(f'{share:g} % ({kind})' for share, kind in told)}."
        counts = "this environment's costs" if budget.get("cost_filter") else "all costs of the account"
        yield f"- The budget counts {counts}."
    if idle["total"]:
        parts = ", ".join(f"{name} {usd:,}" for name, usd in sorted(idle.items()) if name != "total")
        other = (
            "" if plan.region == IDLE_REGION else f"; none of {plan.region} are on file, see https://calculator.aws/"
        )
        yield (
            f"- While nothing runs: {idle['total']:,} USD a month ({parts}), by list prices of {IDLE_REGION} "
            f"(`modules/stack/cost.tf`){other}."
        )


def _most(plan: Plan, limit: float, idle: float) -> Iterator[str]:
    hosts = [each for one in plan.of("aws_batch_compute_environment") for each in one.get("compute_resources") or ()]
    cores = sum(each["max_vcpus"] for each in hosts)
    if unpriced := _unpriced(plan, hosts):
        yield f"- Until AWS has counted, {HOURS_UNSEEN} hours, {cores:,} cores can run: for how much is not known."
        yield f"- **The most in a month is not known**: no price of {', '.join(unpriced)} is on file."
        yield "  Write it down in `scripts/approval/ceiling.py`, with its source."
        return
    prices = ON_FILE[plan.region]
    disk = max(map(prices.disk, plan.disks), default=0.0)
    largest = max((each["volume_size"] for each in plan.disks), default=0)
    hourly = prices.vcpu + disk / SMALLEST
    unseen, ending = (cores * hourly * hours for hours in (HOURS_UNSEEN, HOURS_ENDING))
    yield (
        f"- Between two looks of AWS at what was spent, {HOURS_UNSEEN} hours, {cores:,} cores can run: at most "
        f"{unseen:,.0f} USD."
    )
    yield (
        f"- Jobs that run when the queues close have {HOURS_ENDING} hours to end, unless a spec gives them more: "
        f"{ending:,.0f} USD."
    )
    yield (
        f"  A core is {hourly:.4f} USD an hour: r7a on demand in {plan.region}, the dearest here, with a disk of "
        f"{largest} GiB for {SMALLEST} cores."
    )
    most = limit + unseen + ending + idle
    yield f"- **The most in a month: {most:,.0f} USD**: the limit, those hours, and what costs while nothing runs."


def _unpriced(plan: Plan, hosts: list[Mapping[str, Any]]) -> list[str]:
    """What there is no price of, for people."""
    types = sorted({str(name) for each in hosts for name in each.get("instance_type") or ("Fargate",)})
    dear = [name for name in types if name.partition(".")[0] not in NOT_DEARER]
    place = plan.region or "a region that the plan does not name"
    if plan.region not in ON_FILE:
        return [f"hosts in {place}"]
    return [f"{name} in {place}" for name in dear]
