"""What the embedded cloud's machines would cost: the answers of the Price List and of the history of spot prices.

A small list, of the form that AWS's has; its prices are those of us-east-1, whatever region the cloud plays.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.spot_instances import SpotInstances

from platerunner.local.jobs.instances import FAMILY, SIZES

DATE = "2025-11-01T00:00:00Z"
PER_VCPU = 0.0504
"""USD an hour for a vCPU of an m7i with its memory, on demand. Source: https://aws.amazon.com/ec2/pricing/on-demand/"""
SPOT_SHARE = 0.4
"""The price of spot instances as a share of the price on demand; AWS's changes by the hour."""
GP3 = 0.08
"""USD for a GiB of a gp3 volume and a month. Source: https://aws.amazon.com/ebs/pricing/"""
FARGATE = {
    "Fargate-vCPU-Hours:perCPU": 0.04048,
    "Fargate-GB-Hours": 0.004445,
    "Fargate-EphemeralStorage-GB-Hours": 0.000111,
    "SpotUsage-Fargate-vCPU-Hours:perCPU": 0.01334,
    "SpotUsage-Fargate-GB-Hours": 0.00146,
}
"""USD an hour. Source: https://aws.amazon.com/fargate/pricing/"""


RESTORES = (
    ("Expedited-Retrieval-Bytes", "", 0.03),
    ("Standard-Retrieval-Bytes", "RestoreObject", 0.01),
    ("Bulk-Retrieval-Bytes", "RestoreObject", 0.0),
    ("Standard-Retrieval-Bytes", "DeepArchiveRestoreObject", 0.02),
    ("Bulk-Retrieval-Bytes", "DeepArchiveRestoreObject", 0.0025),
    ("Requests-Tier6", "", 0.01),
    ("Requests-Tier3", "RestoreObject", 0.00005),
    ("Requests-Tier3", "S3-GDATransition", 0.00005),
    ("Requests-Tier3", "DeepArchiveRestoreObject", 0.0001),
    ("Requests-Tier5", "", 0.000025),
    ("Requests-Tier5", "DeepArchiveRestoreObjectBulk", 0.000025),
)
"""USD for a GB or a request, by usage and operation. Source: https://aws.amazon.com/s3/pricing/"""
S3_STANDARD = ((0, 0.023), (51_200, 0.022), (512_000, 0.021))
"""USD for a GB and a month, each from so many GB on. Source: the same."""


def on_demand(size: str) -> float:
    """USD an hour for an instance.

    :param size: of the family, such as ``xlarge``.
    """
    return round(PER_VCPU * SIZES[size], 4)


def get_products(asked: Mapping[str, Any], region: str) -> dict[str, Any]:
    """What GetProducts answers.

    :param asked: its request: ``ServiceCode`` and ``Filters`` of the type TERM_MATCH.
    :param region: that the cloud plays.
    """
    wanted = {each["Field"]: each["Value"] for each in asked.get("Filters") or ()}
    found = [
        product
        for product in _products(asked["ServiceCode"], region)
        if all(_told(product, field) == value for field, value in wanted.items())
    ]
    return {"FormatVersion": "aws_v1", "PriceList": [json.dumps(product) for product in found]}


def _told(product: Mapping[str, Any], field: str) -> Any:
    """What a product says of a field; its family is beside its attributes."""
    told = product["product"]
    return told.get(field, told["attributes"].get(field))


def _products(service: str, region: str) -> Iterator[dict[str, Any]]:
    if service == "AmazonEC2":
        for size in SIZES:
            yield _product(region, "Compute Instance", on_demand(size), "Hrs", **_instance(size))
        yield _product(region, "Storage", GP3, "GB-Mo", volumeApiName="gp3", usagetype="EBS:VolumeUsage.gp3")
    if service == "AmazonECS":
        for usage, price in FARGATE.items():
            yield _product(region, "Compute", price, "hours", usagetype=f"USE1-{usage}")
    if service == "AmazonS3":
        for usage, operation, price in RESTORES:
            unit = "GB" if usage.endswith("Bytes") else "Requests"
            yield _product(region, "Fee", price, unit, usagetype=usage, operation=operation)
        yield _product(region, "Storage", S3_STANDARD, "GB-Mo", usagetype="TimedStorage-ByteHrs", operation="")


def _instance(size: str) -> dict[str, str]:
    return {
        "instanceType": f"{FAMILY}.{size}",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "usagetype": f"BoxUsage:{FAMILY}.{size}",
    }


def _product(
    region: str, family: str, price: float | Sequence[tuple[int, float]], unit: str, **attributes: str
) -> dict[str, Any]:
    """A product of one price, or of several from some amount on."""
    bands = [(0, price)] if isinstance(price, float) else list(price)
    ends = [*(str(start) for start, _ in bands[1:]), "Inf"]
    dimensions = {
        f"SKU.TERM.{n}": {
            "unit": unit,
            "beginRange": str(start),
            "endRange": end,
            "pricePerUnit": {"USD": f"{usd:.10f}"},
        }
        for n, ((start, usd), end) in enumerate(zip(bands, ends, strict=True))
    }
    term = {"effectiveDate": DATE, "priceDimensions": dimensions}
    return {
        "product": {"productFamily": family, "attributes": {"regionCode": region, **attributes}},
        "terms": {"OnDemand": {"SKU.TERM": term}},
    }


_CALL = "describe_spot_price_history"


class SpotPrices:
    """Puts a history of spot prices into moto's place, whose prices are all 0.00001, and moto's back when undone.

    :param region: that the cloud plays.
    """

    def __init__(self, region: str) -> None:
        self._before = getattr(SpotInstances, _CALL)
        setattr(SpotInstances, _CALL, _history(region))

    def undo(self) -> None:
        """Leave moto as it was."""
        setattr(SpotInstances, _CALL, self._before)


def _history(region: str) -> Callable[[SpotInstances], ActionResult]:
    def history(self: SpotInstances) -> ActionResult:
        """DescribeSpotPriceHistory: one price per type, since the start of the day."""
        types = self._get_param("InstanceTypes", []) or [f"{FAMILY}.{size}" for size in SIZES]
        day = datetime.fromtimestamp(time.time() // 86400 * 86400, UTC)
        sizes = [name.partition(".")[2] for name in types if name.startswith(f"{FAMILY}.")]
        entries = [
            {
                "InstanceType": f"{FAMILY}.{size}",
                "ProductDescription": "Linux/UNIX",
                "SpotPrice": f"{on_demand(size) * SPOT_SHARE:.6f}",
                "AvailabilityZone": f"{region}a",
                "Timestamp": day,
            }
            for size in sizes
            if size in SIZES
        ]
        return ActionResult({"SpotPriceHistory": entries})

    return history
