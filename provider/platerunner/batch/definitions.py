"""Job definitions named by their content, so that equal steps share one and a changed step gets another.

Batch makes one attempt per submission; Platerunner decides on the next one. Batch's own retries would run a unit again
without a verdict, with the same memory, on the same kind of instance, and without anybody seeing it. Platerunner's
change what the verdict table says, move a unit to on-demand instances after so many losses, and are counted and shown.
With ``attempts`` above 1 a definition still says by exit code and reason, out of the same table, which attempts Batch
may repeat alone: those lost with their host.
"""

import hashlib
import json
import logging
import math
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from platerunner.batch.calls import explained, patiently
from platerunner.batch.model import JobSpec, Mount
from platerunner.batch.quotas import MAX_NAME
from platerunner_unit.contract.category import CATEGORIES, Retry

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

log = logging.getLogger(__name__)

HASH_LETTERS = 12
REGISTERED = "platerunner:registered"
"""Tag that says when a definition was registered: Batch itself does not tell."""
MIB, GIB = 1024**2, 1024**3
FARGATE_DISK_GIB = (21, 200)
"""What Fargate's ephemeral storage can be."""
HOST_LOST = "Host EC2*"
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def definition_name(spec: JobSpec) -> str:
    """``<prefix>-<hash of the content>``.

    :param spec: what the definition is made of.
    """
    content = json.dumps(_content(spec), sort_keys=True).encode()
    tail = f"-{hashlib.sha256(content).hexdigest()[:HASH_LETTERS]}"
    return _prefix(spec.name)[: MAX_NAME - len(tail)] + tail


def ensure_definition(batch: "BatchClient", spec: JobSpec) -> str:
    """The ARN of an active definition with this content, registered if there is none.

    Batch cannot register conditionally. Tasks that race may register one content several times; then all of them agree
    on the lowest revision, and the others are deregistered at once, before anybody has used them.

    :param spec: what it is made of.
    :raises BatchError: if AWS refuses.
    """
    name = definition_name(spec)
    with explained(f"register the job definition {name}"), _locks[name]:
        if found := _active(batch, name):
            return found[0]
        tags = {**spec.tags, REGISTERED: datetime.now(UTC).isoformat(timespec="seconds")}
        # Not idempotent, but repeating it is harmless: what comes of it is the race described above.
        made = patiently(batch.register_job_definition, jobDefinitionName=name, tags=tags, **_content(spec))
        first, *others = _active(batch, name) or [made["jobDefinitionArn"]]
        for arn in others:
            patiently(batch.deregister_job_definition, jobDefinition=arn)
        return first


def retire(batch: "BatchClient", prefix: str, keep: int = 3, *, dry_run: bool = False) -> list[str]:
    """Deregister all but the newest definitions of a step; jobs that were submitted with them go on.

    :param prefix: as in :attr:`JobSpec.name`.
    :param keep: how many contents stay.
    :param dry_run: deregister nothing.
    :returns: ARNs of those deregistered, or that would be.
    :raises BatchError: if AWS refuses.
    """
    with explained(f"deregister job definitions {prefix}-*"):
        found = active_of(batch, prefix)
        found.sort(key=lambda d: (d.get("tags") or {}).get(REGISTERED, ""), reverse=True)
        names = list(dict.fromkeys(d["jobDefinitionName"] for d in found))
        retired = [d["jobDefinitionArn"] for d in found if d["jobDefinitionName"] not in names[:keep]]
        for arn in [] if dry_run else retired:
            patiently(batch.deregister_job_definition, jobDefinition=arn)
    return retired


def active_of(batch: "BatchClient", prefix: str) -> list[Mapping[str, Any]]:
    """The active definitions of a step, as Batch describes them.

    :param prefix: as in :attr:`JobSpec.name`.
    """
    pattern = re.compile(re.escape(_prefix(prefix)[: MAX_NAME - HASH_LETTERS - 1]) + rf"-[0-9a-f]{{{HASH_LETTERS}}}")
    return [found for found in _describe(batch) if pattern.fullmatch(found["jobDefinitionName"])]


def _active(batch: "BatchClient", name: str) -> list[str]:
    """ARNs of the active definitions of a name, lowest revision first."""
    found = sorted(_describe(batch, jobDefinitionName=name), key=lambda definition: definition["revision"])
    return [definition["jobDefinitionArn"] for definition in found]


def _describe(batch: "BatchClient", **arguments: Any) -> Iterator[Mapping[str, Any]]:
    while True:
        answer = patiently(batch.describe_job_definitions, status="ACTIVE", **arguments)
        yield from answer["jobDefinitions"]
        if not answer.get("nextToken"):
            return
        arguments["nextToken"] = answer["nextToken"]


def restore(batch: "BatchClient", described: Mapping[str, Any]) -> bool:
    """Register a definition again as Batch once described it, unless one of its name is active.

    :param described: as :func:`active_of` has it.
    :returns: whether it had to be.
    :raises BatchError: if AWS refuses.
    """
    name = described["jobDefinitionName"]
    with explained(f"register the job definition {name}"), _locks[name]:
        if _active(batch, name):
            return False
        operation = batch.meta.service_model.operation_model("RegisterJobDefinition")
        members = operation.input_shape.members if operation.input_shape else {}
        patiently(batch.register_job_definition, **{key: value for key, value in described.items() if key in members})
        return True


def _prefix(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_") or "platerunner"


def _content(spec: JobSpec) -> dict[str, Any]:
    """What is registered, apart from name and tags."""
    content: dict[str, Any] = {
        "type": "container",
        "platformCapabilities": [spec.platform],
        "propagateTags": True,
        "retryStrategy": _retry(spec.attempts),
        "containerProperties": _container(spec),
    }
    if spec.consumables:
        held = [{"consumableResource": name, "quantity": 1} for name in spec.consumables]
        content["consumableResourceProperties"] = {"consumableResourceList": held}
    return content


def _retry(attempts: int) -> dict[str, Any]:
    if attempts == 1:
        return {"attempts": 1}
    free = [info.exit_code for info in CATEGORIES.values() if info.retry is Retry.FREE]
    rules = [{"onStatusReason": HOST_LOST, "action": "RETRY"}]
    rules += [{"onExitCode": str(code), "action": "RETRY"} for code in sorted(free)]
    return {"attempts": attempts, "evaluateOnExit": [*rules, {"onReason": "*", "action": "EXIT"}]}


def _container(spec: JobSpec) -> dict[str, Any]:
    amounts = {"VCPU": f"{spec.vcpus:g}", "MEMORY": str(math.ceil(spec.memory / MIB))}
    if spec.gpus:
        amounts["GPU"] = str(spec.gpus)
    container: dict[str, Any] = {
        "image": spec.image,
        "command": list(spec.command),
        "resourceRequirements": [{"type": kind, "value": value} for kind, value in amounts.items()],
        "environment": [{"name": name, "value": value} for name, value in sorted(spec.environment.items())],
        "secrets": [{"name": name, "valueFrom": arn} for name, arn in sorted(spec.secrets.items())],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": spec.log_group}},
    }
    if spec.shell:
        container["enableExecuteCommand"] = True
    if spec.mount:
        container |= _mounted(spec.mount)
    roles = {"jobRoleArn": spec.job_role, "executionRoleArn": spec.execution_role}
    container |= {name: arn for name, arn in roles.items() if arn}
    return container | (_fargate(spec) if spec.platform == "FARGATE" else _ec2(spec))


def _mounted(mount: Mount) -> dict[str, Any]:
    """Batch mounts EFS by itself. Lustre it does not know: the host mounts it, and the job gets the host's folder."""
    efs = {
        "fileSystemId": mount.id,
        "transitEncryption": "ENABLED",
        "authorizationConfig": {"accessPointId": mount.source},
    }
    place = {"host": {"sourcePath": mount.source}} if mount.kind == "fsx" else {"efsVolumeConfiguration": efs}
    point = {"sourceVolume": "storage", "containerPath": mount.folder, "readOnly": mount.kind == "fsx"}
    return {"volumes": [{"name": "storage", **place}], "mountPoints": [point]}


def _fargate(spec: JobSpec) -> dict[str, Any]:
    low, high = FARGATE_DISK_GIB
    properties: dict[str, Any] = {"networkConfiguration": {"assignPublicIp": "DISABLED"}}
    if spec.disk is not None and spec.disk > low * GIB:
        properties["ephemeralStorage"] = {"sizeInGiB": min(high, math.ceil(spec.disk / GIB))}
    return properties


def _ec2(spec: JobSpec) -> dict[str, Any]:
    linux: dict[str, Any] = {}
    if spec.init:
        linux["initProcessEnabled"] = True
    if spec.shared_memory is not None:
        linux["sharedMemorySize"] = math.ceil(spec.shared_memory / MIB)
    if spec.swap is not None:
        linux["maxSwap"] = math.ceil(spec.swap / MIB)
    return {"linuxParameters": linux} if linux else {}
