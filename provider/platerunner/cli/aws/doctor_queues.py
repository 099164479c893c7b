"""The doctor's checks of job queues and the compute environments behind them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from platerunner.batch.calls import patiently
from platerunner.cli.aws.doctor_checks import PATIENCE_S, Check, Finding, State
from platerunner.engine.connection import CAPACITIES

if TYPE_CHECKING:
    from platerunner.hooks.platerunner import PlaterunnerHook

CHANGING = frozenset({"CREATING", "UPDATING"})


def _queues(hook: "PlaterunnerHook") -> Iterator[Finding]:
    names = hook.settings.queues
    asked = sorted(set(names.values()))
    found = patiently(hook.batch.describe_job_queues, patience=PATIENCE_S, jobQueues=asked)["jobQueues"]
    for capacity in (*CAPACITIES, *sorted(set(names) - set(CAPACITIES))):
        check = f"queue {capacity}"
        if capacity not in names:
            yield _unnamed(check, capacity)
            continue
        name = names[capacity]
        queue = next((q for q in found if name in (q["jobQueueName"], q["jobQueueArn"])), None)
        if queue is None:
            remedy = "create it, or correct `queues` in the connection"
            yield Finding(State.FAIL, check, f"region {hook.region} has no job queue {name}: {remedy}.")
        else:
            yield _condition(check, f"the job queue {name}", "batch:UpdateJobQueue", queue)
            yield from _sharing(hook.settings.fair_share, name, queue)


def _sharing(by: str, name: str, queue: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether connection and queue agree about shares: Batch refuses a job that lacks one, and one too many."""
    policy = str(queue.get("schedulingPolicyArn") or "").rpartition("/")[2]
    if policy and by == "none":
        message = f"the job queue {name} has the scheduling policy {policy} and refuses jobs without a share"
        yield Finding(State.FAIL, "fair share", f"{message}: set `fair_share` in the connection to pipeline or owner.")
    elif policy:
        yield Finding(State.OK, "fair share", f"jobs in {name} name their {by} to the scheduling policy {policy}.")
    elif by != "none":
        message = f"the connection shares by {by}, but the job queue {name} has no scheduling policy"
        yield Finding(State.WARN, "fair share", f"{message}: its jobs go first come, first served.")


def _unnamed(check: str, capacity: str) -> Finding:
    lost = " (a unit that loses its spot host again and again has nowhere to go)" if capacity == "on_demand" else ""
    return Finding(
        State.WARN, check, f"the connection names none, so the other queue serves: add `queues.{capacity}`{lost}."
    )


def _environments(hook: "PlaterunnerHook") -> Iterator[Finding]:
    asked = sorted(set(hook.settings.queues.values()))
    for queue in patiently(hook.batch.describe_job_queues, patience=PATIENCE_S, jobQueues=asked)["jobQueues"]:
        arns = [entry["computeEnvironment"] for entry in queue.get("computeEnvironmentOrder", ())]
        if not arns:
            message = f"the job queue {queue['jobQueueName']} has no compute environment, so its jobs wait forever"
            yield Finding(State.FAIL, "compute environment", f"{message}: attach one.")
            continue
        yield from _behind(hook, queue["jobQueueName"], arns)


def _behind(hook: "PlaterunnerHook", queue: str, arns: list[str]) -> Iterator[Finding]:
    answer = patiently(hook.batch.describe_compute_environments, patience=PATIENCE_S, computeEnvironments=arns)
    found = {env["computeEnvironmentArn"]: env for env in answer["computeEnvironments"]}
    for arn in arns:
        name = arn.rpartition("/")[2]
        if arn in found:
            what = f"the compute environment {name} of the job queue {queue}"
            yield _condition("compute environment", what, "batch:UpdateComputeEnvironment", found[arn])
        else:
            message = f"the job queue {queue} names the compute environment {name}, which does not exist"
            yield Finding(State.FAIL, "compute environment", f"{message}: create it, or detach it from the queue.")


def _condition(check: str, what: str, action: str, seen: Mapping[str, Any]) -> Finding:
    """Whether a queue or a compute environment takes work."""
    reason = str(seen.get("statusReason") or "AWS gives no reason").rstrip(".")
    status = seen.get("status", "VALID")
    if seen["state"] != "ENABLED":
        return Finding(State.FAIL, check, f"{what} is {seen['state']}: enable it ({action}).")
    if status in CHANGING:
        return Finding(State.WARN, check, f"{what} is {status}: wait a minute and look again ({reason}).")
    if status != "VALID":
        return Finding(State.FAIL, check, f"{what} is {status}: fix what AWS says of it ({reason}).")
    return Finding(State.OK, check, f"{what} is enabled and valid.")


CHECKS = (
    Check("queues", "batch:DescribeJobQueues", _queues),
    Check("compute environments", "batch:DescribeComputeEnvironments", _environments),
)
