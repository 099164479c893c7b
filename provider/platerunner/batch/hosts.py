"""The machines that jobs ran on, as ECS knows them: DescribeContainerInstances, 100 a call."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import Any

AT_ONCE = 100
"""Container instances that one call may name.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html
"""
_VCPU = 1024
"""ECS's CPU units in a vCPU."""


@dataclass(frozen=True, slots=True)
class Host:
    """An instance of EC2 that ran containers; what ECS does not tell is None.

    :param arn: of the container instance.
    :param instance: its id in EC2, such as ``i-0abc``.
    :param type: such as ``m7i.xlarge``.
    :param zone: such as ``eu-west-1a``.
    :param vcpus: that it gives to containers.
    :param memory: bytes that it gives to containers.
    :param since: when it joined its cluster, in seconds since 1970.
    """

    arn: str
    instance: str | None = None
    type: str | None = None
    zone: str | None = None
    vcpus: float | None = None
    memory: int | None = None
    since: float | None = None


def describe_hosts(ecs: Any, arns: Iterable[str]) -> dict[str, Host]:
    """Look hosts up; those that ECS does not know any more, some time after their end, are left out.

    :param ecs: client for ECS.
    :param arns: of container instances, of any clusters.
    :raises ClientError: if AWS refuses.
    """
    clusters: dict[str, list[str]] = defaultdict(list)
    for arn in dict.fromkeys(arns):
        clusters[_cluster(arn)].append(arn)
    found = {}
    for cluster, members in clusters.items():
        for some in batched(members, AT_ONCE):
            answer = ecs.describe_container_instances(cluster=cluster, containerInstances=list(some))
            found.update({each["containerInstanceArn"]: _host_of(each) for each in answer["containerInstances"]})
    return found


class HostLookup:
    """Looks hosts up, each once: what is told of one never changes.

    :param ecs: client for ECS.
    """

    def __init__(self, ecs: Any) -> None:
        self._ecs = ecs
        self._known: dict[str, Host] = {}

    def find(self, arns: Iterable[str]) -> dict[str, Host]:
        """Those that ECS knows, or has known.

        :param arns: of container instances.
        :raises ClientError: if AWS refuses.
        """
        asked = list(dict.fromkeys(arns))
        if missing := [arn for arn in asked if arn not in self._known]:
            self._known.update(describe_hosts(self._ecs, missing))
        return {arn: self._known[arn] for arn in asked if arn in self._known}


def _cluster(arn: str) -> str:
    """The cluster that an ARN names: ``arn:aws:ecs:<region>:<account>:container-instance/<cluster>/<id>``."""
    return arn.partition("/")[2].rpartition("/")[0]


def _host_of(shown: Mapping[str, Any]) -> Host:
    attributes = {each["name"]: each.get("value") for each in shown.get("attributes") or ()}
    resources = {each["name"]: each.get("integerValue") for each in shown.get("registeredResources") or ()}
    cpu, memory = resources.get("CPU"), resources.get("MEMORY")
    since = shown.get("registeredAt")
    return Host(
        arn=shown["containerInstanceArn"],
        instance=shown.get("ec2InstanceId"),
        type=attributes.get("ecs.instance-type"),
        zone=attributes.get("ecs.availability-zone"),
        vcpus=cpu / _VCPU if cpu else None,
        memory=memory * 1024**2 if memory else None,
        since=since.timestamp() if since is not None else None,
    )
