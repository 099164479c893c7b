"""Prices as AWS tells them: the Price List's GetProducts, and EC2's DescribeSpotPriceHistory."""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.calls import DENIED, code_of
from platerunner.engine.access import Access
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.prices.listed import listed
from platerunner.engine.prices.model import HOURS_OF_MONTH, Asked, Price

log = logging.getLogger(__name__)
HOUR_S = 3600
INSTANCE = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}
"""What narrows a type's products down to the one that Batch's instances are."""
FARGATE = {"vcpu": "vCPU-Hours:perCPU", "memory": "GB-Hours", "storage": "EphemeralStorage-GB-Hours"}
RESTORES = {
    "GLACIER-expedited-gb": ("Expedited-Retrieval-Bytes", ""),
    "GLACIER-standard-gb": ("Standard-Retrieval-Bytes", "RestoreObject"),
    "GLACIER-bulk-gb": ("Bulk-Retrieval-Bytes", "RestoreObject"),
    "GLACIER-expedited-request": ("Requests-Tier6", ""),
    "GLACIER-standard-request": ("Requests-Tier3", "RestoreObject"),
    "GLACIER-bulk-request": ("Requests-Tier5", "(RestoreObject)?"),
    "DEEP_ARCHIVE-standard-gb": ("Standard-Retrieval-Bytes", "DeepArchiveRestoreObject"),
    "DEEP_ARCHIVE-bulk-gb": ("Bulk-Retrieval-Bytes", "DeepArchiveRestoreObject"),
    "DEEP_ARCHIVE-standard-request": ("Requests-(GDA-)?Tier3", "DeepArchiveRestoreObject"),
    "DEEP_ARCHIVE-bulk-request": ("Requests-(GDA-)?Tier5", "DeepArchiveRestoreObject(Bulk)?"),
    "copy": ("TimedStorage-ByteHrs", ""),
}
"""By name of what is asked for: patterns of ``usagetype``, without its region, and of ``operation``."""
LINUX = ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"]
NEEDED = {
    "pricing": "pricing:GetProducts",
    "ec2": "ec2:DescribeSpotPriceHistory",
}


class AwsPrices:
    """Asks AWS; a service that does not answer, or may not be asked, is not asked again.

    :param access: clients, made when they are needed.
    """

    _said: ClassVar[dict[tuple[str | None, str, Asked, str], Price]] = {}
    """What AWS said to this process: to make a client for EC2 takes longer than to write the rows of a plate."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._silent: set[str] = set()
        self._of_s3: list[dict[str, Any]] = []

    def find(self, asked: Asked) -> Price | None:
        """A price; None if AWS has none, or two, or may not be asked."""
        key = (self._access.settings.endpoint_url, self._access.region, asked, _day(datetime.now(UTC)))
        if key not in self._said and (price := self._ask(asked)) is not None:
            self._said[key] = price
        return self._said.get(key)

    def _ask(self, asked: Asked) -> Price | None:
        if asked.item == "file_system":
            return listed(asked.name, self._access.region)
        service = "ec2" if asked.item == "spot" else "pricing"
        if service in self._silent:
            return None
        try:
            return self._spot(asked) if service == "ec2" else self._listed(asked)
        except (BotoCoreError, ClientError, ConnectionProblem) as error:
            self._silent.add(service)
            log.warning("prices are not known: %s", _why(service, error))
            return None

    def _spot(self, asked: Asked) -> Price | None:
        """The price at the start of an hour: the last one that was set before."""
        at = datetime.fromtimestamp(asked.hour * HOUR_S, UTC)
        answer = self._access.ec2.describe_spot_price_history(
            InstanceTypes=[asked.name],
            AvailabilityZone=asked.zone,
            ProductDescriptions=LINUX,
            StartTime=at,
            EndTime=at,
        )
        told = [each for each in answer["SpotPriceHistory"] if each["InstanceType"] == asked.name]
        last = max(told, key=lambda each: each["Timestamp"], default=None)
        return Price(float(last["SpotPrice"]), "spot_history", _day(last["Timestamp"])) if last else None

    def _listed(self, asked: Asked) -> Price | None:
        if asked.item == "on_demand":
            return self._one("AmazonEC2", {**INSTANCE, "instanceType": asked.name})
        if asked.item == "volume":
            price = self._one("AmazonEC2", {"productFamily": "Storage", "volumeApiName": asked.name})
            return Price(price.usd / HOURS_OF_MONTH, price.source, price.date) if price else None
        if asked.item == "restore":
            usage, operation = RESTORES[asked.name]
            self._of_s3 = self._of_s3 or list(self._products("AmazonS3", {}))
            return _only(self._of_s3, f"([A-Z0-9]+-)?{usage}", operation, free=True)
        spot = "SpotUsage-" if asked.item == "fargate_spot" else ""
        return self._one("AmazonECS", {}, usage=rf"([A-Z0-9]+-)?{spot}Fargate-{FARGATE[asked.name]}")

    def _one(self, service: str, fields: Mapping[str, str], usage: str = ".*") -> Price | None:
        """The price of what fits; None if there is none, or if there are several that differ.

        :param usage: pattern of its ``usagetype``.
        """
        return _only(self._products(service, fields), usage)

    def _products(self, service: str, fields: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        wanted = {**fields, "regionCode": self._access.region}
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
        pages = self._access.pricing.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters)
        for page in pages:
            yield from map(json.loads, page["PriceList"])


def _only(
    products: Iterable[Mapping[str, Any]], usage: str, operation: str = ".*", *, free: bool = False
) -> Price | None:
    """The price of the products that fit; None if there is none, or if they differ.

    :param usage: pattern of ``usagetype``.
    :param operation: pattern of ``operation``.
    :param free: whether a price may be 0; of machines, what is free is no price of ours.
    """
    fitting = (product for product in products if _fits(product["product"]["attributes"], usage, operation))
    found = {price for product in fitting for price in _prices(product) if price.usd > 0 or free}
    return next(iter(found)) if len(found) == 1 else None


def _fits(attributes: Mapping[str, str], usage: str, operation: str) -> bool:
    named = attributes.get("usagetype", ""), attributes.get("operation", "")
    return re.fullmatch(usage, named[0]) is not None and re.fullmatch(operation, named[1]) is not None


def _prices(product: Mapping[str, Any]) -> Iterator[Price]:
    """What the first of a product costs on demand: an hour, an hour of a GiB, a GB, a request."""
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if float(dimension.get("beginRange", 0)) == 0 and "USD" in dimension["pricePerUnit"]:
                yield Price(float(dimension["pricePerUnit"]["USD"]), "price_list", term["effectiveDate"][:10])


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _why(service: str, error: Exception) -> str:
    if code_of(error) in DENIED:
        return f"the role may not call {NEEDED[service]}; allow it, or write prices.yaml into the ledger"
    return f"{error}; they are null in the ledger, unless prices.yaml there has them"
