"""FSx for Lustre, linked to a prefix of a bucket: the objects appear as files, and their content comes when it is read.

Hosts mount it, since AWS Batch can give a job a folder of its host, but no Lustre.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from platerunner.batch.model import BatchError
from platerunner.engine.file_systems.made import Made, Order, tags_of
from platerunner_unit.contract.mounted import LINKED

HOST_FOLDER = "/fsx"
"""Where hosts mount a file system once ``<id>.<mount name>`` is looked for there (``terraform/modules/batch``)."""
VERSION = "2.15"
GIB = 1024**3


class Lustre:
    """The file systems of FSx.

    :param fsx: boto3 client.
    """

    kind = "fsx"

    def __init__(self, fsx: Any) -> None:
        self._fsx = fsx

    def all(self) -> Iterator[Made]:
        """The file systems that runs made and that are not being deleted."""
        for page in self._fsx.get_paginator("describe_file_systems").paginate():
            made = [_made(each) for each in page["FileSystems"]]
            yield from (each for each in made if each.token and each.state != "deleting")

    def make(self, order: Order) -> None:
        """Begin to make a file system of the cheapest type, which keeps one copy of the data."""
        self._fsx.create_file_system(
            ClientRequestToken=order.token,
            FileSystemType="LUSTRE",
            FileSystemTypeVersion=VERSION,
            StorageCapacity=order.capacity,
            StorageType="SSD",
            SubnetIds=list(order.subnets[:1]),
            SecurityGroupIds=list(order.security_groups),
            Tags=order.tag_list,
            LustreConfiguration={"DeploymentType": "SCRATCH_2"},
        )

    def prepare(self, made: Made, order: Order) -> str | None:
        """Link the bucket once it is there; the host's folder that jobs mount, or None while AWS is at work."""
        _refuse_failed(f"the file system {made.id}", made.state, made.why)
        if made.state not in ("available", ""):
            return None
        asked = [{"Name": "file-system-id", "Values": [made.id]}]
        found = self._fsx.describe_data_repository_associations(Filters=asked)["Associations"]
        if not found:
            self._link(made, order)
            return None
        state, why = found[0]["Lifecycle"].lower(), found[0].get("FailureDetails", {}).get("Message", "")
        _refuse_failed(f"the link of {made.id} to {order.data}", state, why)
        return f"{HOST_FOLDER}/{made.id}.{made.name}" if state == "available" else None

    def end(self, made: Made) -> bool:
        """Delete the file system and its link; the bucket keeps all objects."""
        self._fsx.delete_file_system(FileSystemId=made.id)
        return True

    def _link(self, made: Made, order: Order) -> None:
        """Without rules for objects that arrive later: the run has listed its files already."""
        self._fsx.create_data_repository_association(
            ClientRequestToken=order.token,
            FileSystemId=made.id,
            FileSystemPath=f"/{LINKED}",
            DataRepositoryPath=order.data,
            BatchImportMetaDataOnCreate=True,
            Tags=order.tag_list,
        )


def _made(described: dict[str, Any]) -> Made:
    return Made(
        described["FileSystemId"],
        described.get("CreationTime") or datetime.now(UTC),
        tags_of(described),
        described.get("Lifecycle", "").lower(),
        described.get("FailureDetails", {}).get("Message", ""),
        described.get("LustreConfiguration", {}).get("MountName", ""),
        described["StorageCapacity"] * GIB if "StorageCapacity" in described else None,
    )


def _refuse_failed(what: str, state: str, why: str) -> None:
    if state in ("failed", "misconfigured", "misconfigured_unavailable"):
        raise BatchError(f"{what} is {state}: {why or 'AWS does not say why'}")
