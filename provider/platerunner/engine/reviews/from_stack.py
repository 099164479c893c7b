"""What Terraform's plan answers."""

import re
from collections.abc import Callable, Mapping, Sequence

from platerunner.engine.planning.model import UnitState
from platerunner.engine.reviews.known import Answer, Known, all_or, some
from platerunner.engine.reviews.stack import Stack, Values

GIB = 1024**3
EVERYWHERE = ("0.0.0.0/0", "::/0")
BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_KEY = re.compile(r'\["([^"]+)"\]$')
"""The key at the end of an address in Terraform, such as `aws_batch_job_queue.this["spot"]`."""
FromStack = Callable[[Known, Stack], Answer | None]


def _buckets(stack: Stack, kind: str, is_good: Callable[[Values], bool], good: str, bad: str) -> Answer | None:
    """What all buckets have; None if the plan does not describe one of them."""
    there = stack.beside_buckets(kind)
    lacking = [name for name, values in there.items() if values is not None and not is_good(values)]
    if not lacking and (not there or None in there.values()):
        return None
    return all_or(lacking, f"{good} ({len(there)} buckets).", bad)


def _encrypted(_known: Known, stack: Stack) -> Answer | None:
    def is_encrypted(values: Values) -> bool:
        rules = [rule["apply_server_side_encryption_by_default"] for rule in values["rule"]]
        return bool(rules) and all(each and each[0]["sse_algorithm"] for each in rules)

    kind = "s3_bucket_server_side_encryption_configuration"
    return _buckets(stack, kind, is_encrypted, "Every bucket encrypts what it stores", ": no encryption.")


def _closed(_known: Known, stack: Stack) -> Answer | None:
    def is_closed(values: Values) -> bool:
        return all(values.get(name) for name in BLOCKS)

    return _buckets(stack, "s3_bucket_public_access_block", is_closed, "All four blocks are on", ": a block is off.")


def _results_kept(_known: Known, stack: Stack) -> Answer | None:
    versions = stack.beside_buckets("s3_bucket_versioning")
    kept = [name for name, values in versions.items() if values and _is_versioned(values)]
    if not versions:
        return None
    without = [name for name in versions if name not in kept]
    told = f" {some(without)}: no versions are planned." if without else ""
    return Answer(f"{some(kept)}: earlier versions are kept.{told}" if kept else told.strip(), is_good=bool(kept))


def _is_versioned(values: Values) -> bool:
    return any(each["status"] == "Enabled" for each in values["versioning_configuration"])


def _reachable(_known: Known, stack: Stack) -> Answer | None:
    rules = stack.of("vpc_security_group_ingress_rule")
    groups = stack.of("security_group")
    if not rules and not any(values.get("ingress") for values in groups.values()):
        return None
    inline = [(a, each) for a, values in groups.items() for each in values.get("ingress") or ()]
    opened = [a for a, each in inline if {*EVERYWHERE} & {*each["cidr_blocks"], *each["ipv6_cidr_blocks"]}]
    opened += [a for a, each in rules.items() if {each.get("cidr_ipv4"), each.get("cidr_ipv6")} & {*EVERYWHERE}]
    return all_or(opened, f"No rule of {len(rules) + len(inline)} lets every address in.", ": open to every address.")


def _sign_in(_known: Known, stack: Stack) -> Answer | None:
    modes = [values.get("webserver_access_mode") for values in stack.of("mwaa_environment").values()]
    if not modes or None in modes:
        return None
    if all(mode == "PRIVATE_ONLY" for mode in modes):
        return Answer("From inside the network alone; `PRIVATE_ONLY`.", is_good=True)
    return Answer("From the internet, with AWS's sign-in; `PUBLIC_ONLY`.", is_good=False)


def _disk_encrypted(_known: Known, stack: Stack) -> Answer | None:
    disks = _disks(stack)
    lacking = [address for address, disk in disks if str(disk.get("encrypted")).lower() != "true"]
    return all_or(lacking, "Every disk of the launch templates is.", ": not encrypted.") if disks else None


def _disks(stack: Stack) -> list[tuple[str, Values]]:
    return [
        (address, disk)
        for address, values in stack.of("launch_template").items()
        for device in values.get("block_device_mappings") or ()
        for disk in device.get("ebs") or ()
    ]


def _zones(_known: Known, stack: Stack) -> Answer | None:
    subnets = stack.of("subnet").values()
    zones = sorted({values["availability_zone"] for values in subnets if values.get("availability_zone")})
    return Answer(f"The network has subnets in {some(zones)}.", is_good=len(zones) > 1) if zones else None


def _events_kept(_known: Known, stack: Stack) -> Answer | None:
    queues = {a: v for a, v in stack.of("sqs_queue").items() if ".module.events." in a}
    if not queues:
        return None
    days = min(values["message_retention_seconds"] for values in queues.values()) / 86400
    return Answer(f"For {days:g} days in {some(queues)}.", is_good=True)


def _capacity_enough(known: Known, stack: Stack) -> Answer | None:
    widest = {step.step: sum(unit.state is not UnitState.EXCLUDED for unit in step.units) for step in known.plans}
    cores = {
        address: sum(each["max_vcpus"] for each in values["compute_resources"])
        for address, values in stack.of("batch_compute_environment").items()
    }
    if not widest or not cores:
        return None
    steps = {step.name: step.resources.vcpus for step in known.pipeline.modules}
    step = max(widest, key=lambda name: widest[name] * steps.get(name, 1))
    name, most = max(cores.items(), key=lambda each: each[1])
    at_once = min(widest[step], int(most // steps.get(step, 1)))
    asked = f"`{step}` has {widest[step]:,} units of {steps.get(step, 1):g} vCPUs"
    return Answer(f"{asked}; the largest compute environment, `{name}`, has {most:,}: {at_once:,} at once.")


def _disk_enough(known: Known, stack: Stack) -> Answer | None:
    sizes = [disk["volume_size"] for _, disk in _disks(stack) if disk.get("volume_size")]
    if not sizes:
        return None
    lacking = [step.name for step in known.pipeline.modules if step.resources.disk > max(sizes) * GIB]
    return all_or(
        lacking,
        f"Hosts have {max(sizes)} GiB, and no step asks for more.",
        f": more than the {max(sizes)} GiB of the hosts.",
    )


def _queue_there(known: Known, stack: Stack) -> Answer | None:
    names = [found[1] for address in stack.of("batch_job_queue") if (found := _KEY.search(address))]
    asked = {
        step.resources.pool or "gpu" for step in known.pipeline.modules if step.resources.pool or step.resources.gpus
    }
    lacking = [pool for pool in sorted(asked) if not {pool, f"{pool}_spot", f"{pool}_on_demand"} & {*names}]
    return (
        all_or(lacking, f"Queues are {some(names)}.", f": no such queue; there are {some(names)}.") if names else None
    )


def _logs_kept(_known: Known, stack: Stack) -> Answer | None:
    groups = stack.of("cloudwatch_log_group")
    if not groups:
        return None
    days: Sequence[int] = sorted({values.get("retention_in_days") or 0 for values in groups.values()})
    forever = "; some for ever" if 0 in days else ""
    return Answer(f"For {', '.join(str(each) for each in days if each)} days, by log group{forever}.")


def _cost_capped(known: Known, stack: Stack) -> Answer | None:
    budgets = stack.of("budgets_budget")
    limits = ", ".join(f"{float(v['limit_amount']):g} {v['limit_unit']}" for v in budgets.values())
    closing = [address for address in stack.of("sfn_state_machine") if ".module.budget." in address]
    run = next((gate.budget for gate in known.gates if gate.budget), None)
    parts = [f"a budget of {limits}" if budgets else "", "which closes the queues" if budgets and closing else ""]
    parts.append(f"{run.per_run:g} USD per run in the spec" if run and run.per_run is not None else "")
    told = ", ".join(part for part in parts if part)
    if not told:
        return Answer("Neither the plan nor the spec has a budget.", is_good=False)
    return Answer(f"There is {told}.", is_good=bool(run or (budgets and closing)))


BY_QUESTION: Mapping[str, FromStack] = {
    "encrypted": _encrypted,
    "closed": _closed,
    "reachable": _reachable,
    "sign_in": _sign_in,
    "disk_encrypted": _disk_encrypted,
    "zones": _zones,
    "events_kept": _events_kept,
    "capacity_enough": _capacity_enough,
    "disk_enough": _disk_enough,
    "queue_there": _queue_there,
    "cost_capped": _cost_capped,
    "logs_kept": _logs_kept,
    "results_kept": _results_kept,
}
"""Each answers with None where the plan does not tell."""
