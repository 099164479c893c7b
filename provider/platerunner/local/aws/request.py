"""SubmitJob of the embedded cloud: what AWS Batch would refuse is refused, and the definition is filled in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.batch.exceptions import ClientException
from moto.batch.models import JobDefinition

from platerunner.local.jobs.job import Queue, Request

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
SHARE = re.compile(r"[A-Za-z0-9]{1,255}")
MAX_PAYLOAD = 30 * 1024
MAX_DEPENDENCIES = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Quotas of AWS Batch; tests may want shorter timeouts.

    :param min_timeout: seconds.
    :param max_array: children.
    """

    min_timeout: int = 60
    max_array: int = 10_000


def check(body: Mapping[str, Any], size: int, limits: Limits) -> None:
    """Refuse what AWS Batch refuses, whatever the definition says.

    :param body: the request.
    :param size: its length in bytes.
    :raises ClientException: with the limit in the message.
    """
    name = body.get("jobName", "")
    problems = (
        (size > MAX_PAYLOAD, f"The request is {size} bytes long; at most {MAX_PAYLOAD} are allowed"),
        (NAME.fullmatch(name) is None, f"Job name should match valid pattern: {name!r}"),
        (len(body.get("dependsOn") or ()) > MAX_DEPENDENCIES, f"A job may depend on at most {MAX_DEPENDENCIES} jobs"),
        (not _array_size_ok(body, limits), f"Array size must be between 2 and {limits.max_array}"),
    )
    for wrong, message in problems:
        if wrong:
            raise ClientException(message)


def _array_size_ok(body: Mapping[str, Any], limits: Limits) -> bool:
    size = (body.get("arrayProperties") or {}).get("size")
    return size is None or 2 <= size <= limits.max_array


def check_share(body: Mapping[str, Any], policy: str | None) -> None:
    """Refuse a share where there is no policy, and a job without one where there is.

    :param policy: ARN of the queue's scheduling policy.
    :raises ClientException: as AWS Batch words it.
    """
    share = body.get("shareIdentifier")
    if policy and not share:
        raise ClientException("Error executing request, Exception : Share identifier must be specified for this queue.")
    if share and not policy:
        raise ClientException("Share identifier cannot be specified for a queue without a scheduling policy.")
    if share and SHARE.fullmatch(share) is None:
        raise ClientException(f"Share identifier should match valid pattern: {share!r}")


def build(
    body: Mapping[str, Any],
    definition: JobDefinition,
    queue: Queue,
    limits: Limits,
    consumables: Mapping[str, int] | None = None,
) -> Request:
    """A request with its definition filled in and its overrides applied.

    :param consumables: of the definition, which moto does not keep.

    :raises ClientException: if the timeout or the attempts are out of range.
    """
    properties: dict[str, Any] = definition.container_properties or {}
    overrides: dict[str, Any] = body.get("containerOverrides") or {}
    parameters = {**definition.parameters, **(body.get("parameters") or {})}
    attempts, rules = _retry(body.get("retryStrategy") or definition.retry_strategy or {})
    options = (properties.get("logConfiguration") or {}).get("options") or {}
    return Request(
        name=body["jobName"],
        queue=queue,
        definition=definition.arn,
        stream=options.get("awslogs-stream-prefix", definition.name),
        image=properties["image"],
        command=_substitute(overrides.get("command") or properties.get("command") or (), parameters),
        environment=_variables(properties) | _variables(overrides),
        vcpus=float(_resource("VCPU", "vcpus", overrides, properties, 1)),
        memory=int(_resource("MEMORY", "memory", overrides, properties, 512)),
        attempts=attempts,
        rules=rules,
        timeout=_timeout(body.get("timeout") or definition.timeout or {}, limits),
        log_group=options.get("awslogs-group", "/aws/batch/job"),
        depends_on=tuple(body.get("dependsOn") or ()),
        parameters=parameters,
        tags=body.get("tags") or {},
        platform=(definition.platform_capabilities or ["EC2"])[0],
        share=body.get("shareIdentifier"),
        priority=body.get("schedulingPriorityOverride"),
        job_role=properties.get("jobRoleArn"),
        execution_role=properties.get("executionRoleArn"),
        consumables=consumables or {},
    )


def _variables(container: Mapping[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container.get("environment") or ()}


def _resource(kind: str, old: str, overrides: Mapping[str, Any], properties: Mapping[str, Any], default: int) -> Any:
    for container in (overrides, properties):
        for wanted in container.get("resourceRequirements") or ():
            if wanted["type"] == kind:
                return wanted["value"]
        if container.get(old) is not None:
            return container[old]
    return default


def _substitute(command: Sequence[str], parameters: Mapping[str, str]) -> tuple[str, ...]:
    words = []
    for word in command:
        for name, value in parameters.items():
            word = word.replace(f"Ref::{name}", value)
        words.append(word)
    return tuple(words)


def _retry(strategy: Mapping[str, Any]) -> tuple[int, tuple[Mapping[str, str], ...]]:
    attempts = strategy.get("attempts") or 1
    if not 1 <= attempts <= 10:
        raise ClientException("Retry attempts must be between 1 and 10")
    return attempts, tuple(strategy.get("evaluateOnExit") or ())


def _timeout(timeout: Mapping[str, Any], limits: Limits) -> int | None:
    seconds = timeout.get("attemptDurationSeconds")
    if seconds is not None and seconds < limits.min_timeout:
        raise ClientException(f"attemptDurationSeconds must be at least {limits.min_timeout}")
    return seconds
