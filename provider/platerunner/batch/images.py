"""Which image a step really runs: a name and a tag can be moved, a digest cannot."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from platerunner.batch.calls import code_of, explained, patiently
from platerunner.batch.image_catalog import DIGEST, catalogued
from platerunner.batch.model import BatchError
from platerunner.spec.problems import PlacedError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

DEFAULT_TAG = "latest"
ECR_HOST = re.compile(r"(?P<account>\d{12})\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
MISSING = ("ImageNotFoundException", "RepositoryNotFoundException")
SHOWN_TAGS = 5


class ImageError(BatchError, PlacedError):
    """A job definition cannot name this image; the caller, which knows the spec, adds file and line."""


class ImageNotFoundError(ImageError):
    """The registry has no such image."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed image reference.

    :param host: of the registry; empty if none is named.
    :param repository: path within the registry.
    :param digest: ``sha256:...``; empty if none is given.
    """

    host: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read ``[host/]repository[:tag][@digest]``.

        :raises ImageError: if it is not one.
        """
        rest, _, digest = text.partition("@")
        first, slash, path = rest.partition("/")
        host = first if slash and ("." in first or ":" in first or first == "localhost") else ""
        repository, _, tag = (path if host else rest).partition(":")
        if not repository or (digest and DIGEST.fullmatch(digest) is None):
            raise ImageError(f"{text!r} is no image: write name:tag, or name@sha256: and 64 hexadecimal digits")
        return cls(host, repository, tag or DEFAULT_TAG, digest)


def resolve(reference: str, registry: str, ecr: "ECRClient") -> tuple[str, str | None]:
    """The full reference of an image, with its digest where the registry can tell.

    :param reference: ``cellprofiler:4.2.8`` (in our registry, see the images catalog), or any full reference.
    :param registry: host and prefix of our images, e.g. ``123456789012.dkr.ecr.eu-west-1.amazonaws.com/platerunner``;
        empty if there is none.
    :param ecr: asked for images of ECR; others stay as they are, without a digest.
    :returns: what a job definition gets, and the digest or None.
    :raises ImageError: if it is not one, or ECR does not have it.
    :raises BatchError: if ECR does not answer.
    """
    parsed = Reference.parse(reference)
    full = reference if parsed.host or not registry else f"{registry.rstrip('/')}/{_own(parsed, reference)}"
    image = Reference.parse(full)
    if image.digest:
        return full, image.digest
    account = ECR_HOST.fullmatch(image.host)
    if account is None:
        return full, None
    digest = _digest(ecr, account["account"], image, reference)
    return f"{image.host}/{image.repository}@{digest}", digest


def _own(image: Reference, text: str) -> str:
    """An image of ours as the images catalog has it; a digest in the text wins."""
    return text if image.digest else catalogued(image.repository, image.tag if ":" in text else None)


def _digest(ecr: "ECRClient", account: str, image: Reference, reference: str) -> str:
    with explained(f"look up the image {reference}"):
        try:
            answer = patiently(
                ecr.describe_images,
                registryId=account,
                repositoryName=image.repository,
                imageIds=[{"imageTag": image.tag}],
            )
        except ClientError as error:
            if code_of(error) not in MISSING:
                raise
            raise ImageNotFoundError(_missing(ecr, account, image, reference)) from error
    return answer["imageDetails"][0]["imageDigest"]


def _missing(ecr: "ECRClient", account: str, image: Reference, reference: str) -> str:
    place = f"{image.host}/{image.repository}"
    try:
        answer = patiently(ecr.describe_images, registryId=account, repositoryName=image.repository)
    except ClientError:
        return f"Image {reference}: there is no repository {place}; push the image, or correct the step's `image`"
    tags = sorted((tag for detail in answer["imageDetails"] for tag in detail.get("imageTags", ())), reverse=True)
    there = f"it has {', '.join(tags[:SHOWN_TAGS])}" if tags else "it is empty"
    return f"Image {reference}: {place} has no tag {image.tag} ({there}); push it, or correct the step's `image`"
