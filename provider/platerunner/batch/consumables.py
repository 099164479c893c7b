"""Limits across steps and pipelines, such as the licences of a program: AWS Batch's consumable resources.

Source: https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling.html
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from platerunner.batch.calls import explained, patiently

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

log = logging.getLogger(__name__)


def ensure_limits(batch: "BatchClient", limits: Mapping[str, int], tags: Mapping[str, str]) -> None:
    """Make the consumable resources that are not there yet. What the account has of one goes before what a spec says.

    :param limits: name to how many there are.
    :param tags: of those that are made.
    :raises BatchError: if AWS refuses.
    """
    for name, total in limits.items():
        with explained(f"look up or make the consumable resource {name}"):
            there = _total(batch, name)
            if there is None:
                there = _make(batch, name, total, tags)
        if there != total:
            log.warning(
                "the account has %d of `%s`, and the spec says %d: %d holds, for all pipelines; "
                "the platform team changes it with `aws batch update-consumable-resource`",
                there, name, total, there,
            )  # fmt: skip


def _total(batch: "BatchClient", name: str) -> int | None:
    """How many the account has; None if it has no such resource."""
    arguments: dict[str, Any] = {"filters": [{"name": "CONSUMABLE_RESOURCE_NAME", "values": [name]}]}
    while True:
        answer = patiently(batch.list_consumable_resources, **arguments)
        for each in answer["consumableResources"]:
            if each["consumableResourceName"] == name:
                return each["totalQuantity"]
        if not answer.get("nextToken"):
            return None
        arguments["nextToken"] = answer["nextToken"]


def _make(batch: "BatchClient", name: str, total: int, tags: Mapping[str, str]) -> int:
    """Make one; of tasks that race, one makes it and the others find it."""
    try:
        patiently(
            batch.create_consumable_resource,
            consumableResourceName=name,
            totalQuantity=total,
            resourceType="REPLENISHABLE",
            tags=dict(tags),
        )
    except ClientError:
        there = _total(batch, name)
        if there is None:
            raise
        return there
    return total
