"""What Amazon ECS says of the task that AWS Batch runs as the unit's job, by its metadata endpoint, version 4.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html; attributes by the
semantic conventions for AWS ECS, https://opentelemetry.io/docs/specs/semconv/resource/cloud-provider/aws/ecs/.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

ENDPOINT = "ECS_CONTAINER_METADATA_URI_V4"
TIMEOUT_S = 1.0


def task_attributes(environ: Mapping[str, str]) -> dict[str, Any]:
    """Attributes of the task and its container; none outside ECS, or if its agent does not answer within a second.

    :param environ: with the endpoint, as the ECS agent sets it.
    """
    url = environ.get(ENDPOINT, "")
    if not url.startswith("http://"):
        return {}
    try:
        container, task = _get(url), _get(f"{url}/task")
    except (OSError, ValueError):  # telemetry says less then; the unit does not depend on it
        return _CLOUD
    known = {**_CLOUD, **_container(container), **_task(task)}
    return {name: value for name, value in known.items() if value}


_CLOUD = {"cloud.provider": "aws", "cloud.platform": "aws_ecs"}


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    options = container.get("LogOptions") or {}
    arn = container.get("ContainerARN", "")
    return {
        "cloud.resource_id": arn,
        "aws.ecs.container.arn": arn,
        "container.id": container.get("DockerId"),
        "container.image.id": container.get("ImageID"),
        "aws.log.group.names": [options["awslogs-group"]] if options.get("awslogs-group") else None,
        "aws.log.stream.names": [options["awslogs-stream"]] if options.get("awslogs-stream") else None,
    }


def _task(task: Mapping[str, Any]) -> dict[str, Any]:
    arn = task.get("TaskARN", "")
    region, account = (arn.split(":") + [""] * 5)[3:5]
    return {
        "cloud.region": region,
        "cloud.account.id": account,
        "cloud.availability_zone": task.get("AvailabilityZone"),
        "aws.ecs.cluster.arn": _cluster_arn(task.get("Cluster", ""), arn),
        "aws.ecs.launchtype": task.get("LaunchType", "").lower(),
        "aws.ecs.task.arn": arn,
        "aws.ecs.task.id": arn.rpartition("/")[2],
        "aws.ecs.task.family": task.get("Family"),
        "aws.ecs.task.revision": task.get("Revision"),
    }


def _cluster_arn(cluster: str, task_arn: str) -> str:
    """The agent gives the cluster's short name or its ARN, by its version."""
    if not cluster or cluster.startswith("arn:"):
        return cluster
    return f"{task_arn.rpartition(':')[0]}:cluster/{cluster}"


def _get(url: str) -> Mapping[str, Any]:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310  (the ECS agent's own address, http only)
        found = json.load(answer)
    if not isinstance(found, dict):
        raise ValueError(f"{url} answered no object")  # noqa: TRY004  (a bad answer, not a caller's fault)
    return found
