"""EFS: a file system that jobs mount by themselves, on EC2 and on Fargate; it knows nothing of buckets."""

from collections.abc import Iterator
from typing import Any

from platerunner.engine.file_systems.made import Made, Order, tags_of

USER = 10001
"""Of our containers (``containers/unit/Dockerfile``)."""
GOING = frozenset({"deleting", "deleted"})


class Elastic:
    """The file systems of EFS.

    :param efs: boto3 client.
    """

    kind = "efs"

    def __init__(self, efs: Any) -> None:
        self._efs = efs

    def all(self) -> Iterator[Made]:
        """Those that runs have made and that are not going away yet."""
        for page in self._efs.get_paginator("describe_file_systems").paginate():
            for each in page["FileSystems"]:
                size = each.get("SizeInBytes", {}).get("Value")
                made = Made(
                    each["FileSystemId"], each["CreationTime"], tags_of(each), each["LifeCycleState"], size=size
                )
                if made.token and made.state not in GOING:
                    yield made

    def make(self, order: Order) -> None:
        """Begin to make one that is encrypted, and as fast as it is asked to be."""
        self._efs.create_file_system(
            CreationToken=order.token, Encrypted=True, ThroughputMode="elastic", Tags=order.tag_list
        )

    def prepare(self, made: Made, order: Order) -> str | None:
        """Let it be reached from the subnets; the access point that jobs mount, or None while AWS is at work."""
        if made.state != "available":
            return None
        targets = self._targets(made)
        for subnet in set(order.subnets) - {each["SubnetId"] for each in targets}:
            groups = list(order.security_groups)
            self._efs.create_mount_target(FileSystemId=made.id, SubnetId=subnet, SecurityGroups=groups)
        points = self._efs.describe_access_points(FileSystemId=made.id)["AccessPoints"]
        if not points:
            self._open(made, order)
        ready = len(targets) == len(order.subnets) and all(each["LifeCycleState"] == "available" for each in targets)
        return str(points[0]["AccessPointId"]) if ready and points else None

    def end(self, made: Made) -> bool:
        """Delete what it is reached by, and then itself."""
        if targets := self._targets(made):
            for each in targets:
                if each["LifeCycleState"] not in GOING:
                    self._efs.delete_mount_target(MountTargetId=each["MountTargetId"])
            return False
        self._efs.delete_file_system(FileSystemId=made.id)
        return True

    def _targets(self, made: Made) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._efs.describe_mount_targets(FileSystemId=made.id)["MountTargets"]
        return found

    def _open(self, made: Made, order: Order) -> None:
        """A folder in which every job may write, since an EFS begins as root's alone."""
        owner = {"OwnerUid": USER, "OwnerGid": USER, "Permissions": "1777"}
        root = {"Path": "/shared", "CreationInfo": owner}
        self._efs.create_access_point(
            ClientToken=order.token, FileSystemId=made.id, RootDirectory=root, Tags=order.tag_list
        )
