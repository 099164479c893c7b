"""Image digests for commands that plan without running: from the embedded cloud's images, or from ECR."""

from collections.abc import Iterable, Mapping
from typing import Any

from platerunner.batch.images import resolve


def digests(images: Iterable[str], connection: Mapping[str, Any]) -> dict[str, str | None]:
    """Image name to digest; None where no registry is known, or where it does not say.

    :param images: names as specs and the catalog use them.
    :param connection: extras of the connection ``platerunner``.
    """
    registry = connection.get("registry")
    if not registry:
        return dict.fromkeys(images)
    import boto3

    ecr = boto3.client("ecr", region_name=connection.get("region"))
    return {image: resolve(image, registry, ecr)[1] for image in images}
