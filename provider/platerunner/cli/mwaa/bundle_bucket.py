"""The bucket that a bundle is uploaded to: what is there already is not sent again."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.cli.mwaa.bundle_source import BundleError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NEEDED = "s3:GetBucketVersioning, s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and its key"


class State(StrEnum):
    """What became of a file."""

    UPLOADED = "uploaded"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A versioned bucket, or a folder in it.

    :param prefix: empty, or with a slash at its end.
    """

    client: "S3Client"
    name: str
    prefix: str

    @classmethod
    def open(cls, name: str, prefix: str) -> "Bucket":
        """The bucket, once it is known that MWAA can use it.

        :raises BundleError: if it cannot be reached or has no versions.
        """
        folder = prefix.strip("/")
        with _told(name):
            import boto3  # slow, and few commands need it

            client = boto3.client("s3")
            status = client.get_bucket_versioning(Bucket=name).get("Status")
        if status != "Enabled":
            how = f"aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
            raise BundleError(f"--bucket {name}: it keeps no versions, which MWAA needs; turn them on: {how}")
        return cls(client, name, f"{folder}/" if folder else "")

    def key(self, name: str) -> str:
        """Where a file of the bundle goes."""
        return f"{self.prefix}{name}"

    def put(self, name: str, content: bytes, sha256: str) -> tuple[State, str]:
        """Upload a file unless the same is there; S3 itself keeps and checks the sum, so it is the object's own.

        :param sha256: the content's sum, as hexadecimal digits.
        :returns: what was done, and the id of the version that is now there.
        """
        key, checksum = self.key(name), base64.b64encode(bytes.fromhex(sha256)).decode()
        with _told(self.name):
            there = self._version(key, checksum)
            if there is not None:
                return State.UNCHANGED, there
            done = self.client.put_object(
                Bucket=self.name, Key=key, Body=content, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum
            )
        return State.UPLOADED, done["VersionId"]

    def _version(self, key: str, checksum: str) -> str | None:
        """The version that is there, if it has this sum."""
        try:
            head = self.client.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise
        return head["VersionId"] if head.get("ChecksumSHA256") == checksum else None

    def remove_others(self, folder: str, names: set[str]) -> Iterator[str]:
        """Remove what an older bundle left in a folder that is the bundle's alone; its versions stay.

        :param names: what this bundle has.
        """
        keep = set(map(self.key, names))
        with _told(self.name):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.key(folder))
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
            for key in sorted(set(keys) - keep):
                self.client.delete_object(Bucket=self.name, Key=key)
                yield key


@contextmanager
def _told(bucket: str) -> Iterator[None]:
    """Say what AWS refused in a sentence."""
    try:
        yield
    except ClientError as error:
        why = error.response["Error"].get("Message") or error.response["Error"]["Code"]
        raise BundleError(f"--bucket {bucket}: {why}: name the environment's own, or be granted {NEEDED}.") from None
    except BotoCoreError as error:
        raise BundleError(f"--bucket {bucket}: {error}: set AWS_PROFILE, or sign in (`aws sso login`).") from None
