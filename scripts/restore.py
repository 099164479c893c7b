"""Bring a bucket's objects back as they were at a moment, by their old versions.   restore.py --help

What was overwritten or deleted since gets its version of then again, as a new one, so that a restore can itself be
taken back; what was made since stays where it is and is named. ``--drill`` tries it: it makes objects below a prefix of
its own, deletes and overwrites them, restores them, compares every byte, tells the time, and takes its objects away.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config

AT_ONCE = 32
"""Copies at once: S3 takes 3,500 writes a second below a prefix."""
MOST = 5 * 1024**3
"""Bytes of the largest object that one copy takes.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""


@dataclass
class Key:
    """What is known of a key.

    :param then: the version that it had at the moment; None if there was none, or it was deleted.
    :param newest: when that, or the deletion, was made; None if the key was made since.
    :param now: the id of its version now; None if it is deleted.
    """

    then: dict[str, Any] | None = None
    newest: datetime | None = None
    now: str | None = None


def look(s3: Any, bucket: str, prefix: str, at: datetime) -> dict[str, Key]:
    """All keys below a prefix, with what they were and are."""
    found: dict[str, Key] = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        entries = [(each, each) for each in page.get("Versions", ())]
        entries += [(each, None) for each in page.get("DeleteMarkers", ())]
        for each, version in entries:
            key = found.setdefault(each["Key"], Key())
            if each["IsLatest"]:
                key.now = each["VersionId"] if version else None
            # S3 lists a key's versions newest first, and tells times by the second: the first of a second is the last.
            if each["LastModified"] <= at and (key.newest is None or each["LastModified"] > key.newest):
                key.newest, key.then = each["LastModified"], version
    return found


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    :param back: keys that have their version of then again.
    :param made_since: keys that were not there then, and stay.
    :param too_large: keys that a single copy does not take.
    """

    back: list[str]
    made_since: list[str]
    too_large: list[str]


def restore(s3: Any, bucket: str, prefix: str, at: datetime) -> Restored:
    """Give keys their version of then again, where that is another one than now's."""
    keys = look(s3, bucket, prefix, at)
    lost = {name: key.then for name, key in keys.items() if key.then and key.then["VersionId"] != key.now}
    too_large = sorted(name for name, version in lost.items() if version["Size"] > MOST)
    back = sorted(set(lost) - set(too_large))

    def copy(name: str) -> None:
        source = {"Bucket": bucket, "Key": name, "VersionId": lost[name]["VersionId"]}
        s3.copy_object(Bucket=bucket, Key=name, CopySource=source)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(copy, back))
    made_since = sorted(name for name, key in keys.items() if key.then is None and key.now is not None)
    return Restored(back, made_since, too_large)


def drill(s3: Any, bucket: str, objects: int) -> tuple[int, float]:
    """Lose objects on purpose and bring them back; how many, and the seconds that it took.

    :raises SystemExit: if one is not what it was.
    """
    prefix = f"restore-drill/{uuid4().hex}/"
    contents = {f"{prefix}{number:06}.bin": os.urandom(1024) for number in range(objects)}
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda each: s3.put_object(Bucket=bucket, Key=each[0], Body=each[1]), contents.items()))
        at = max(
            key.newest for key in look(s3, bucket, prefix, datetime.max.replace(tzinfo=UTC)).values() if key.newest
        )
        while datetime.now(UTC).timestamp() < at.timestamp() + 1:  # times have whole seconds
            time.sleep(0.1)
        _lose(s3, bucket, list(contents))
        began = time.monotonic()
        done = restore(s3, bucket, prefix, at)
        took = time.monotonic() - began
        wrong = [name for name, content in contents.items() if _read(s3, bucket, name) != content]
        if wrong or len(done.back) != objects:
            raise SystemExit(f"{len(done.back)} of {objects} objects came back; {len(wrong)} are not what they were")
        return objects, took
    finally:
        _forget(s3, bucket, prefix)


def _lose(s3: Any, bucket: str, names: list[str]) -> None:
    """Delete half of them, overwrite the others."""
    for number, name in enumerate(names):
        if number % 2:
            s3.delete_object(Bucket=bucket, Key=name)
        else:
            s3.put_object(Bucket=bucket, Key=name, Body=b"overwritten by mistake")


def _read(s3: Any, bucket: str, name: str) -> bytes:
    return bytes(s3.get_object(Bucket=bucket, Key=name)["Body"].read())


def _forget(s3: Any, bucket: str, prefix: str) -> None:
    """Take all versions of the drill's own away, if one may: without s3:DeleteObjectVersion its markers stay."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def main() -> None:
    """Restore, or try it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bucket")
    parser.add_argument("--prefix", default="", help="keys that begin so")
    parser.add_argument("--at", type=datetime.fromisoformat, help="the moment, like 2026-11-30T12:00:00+00:00")
    parser.add_argument("--drill", action="store_true", help="try it on objects of its own")
    parser.add_argument("--objects", type=int, default=1000, help="of the drill")
    given = parser.parse_args()
    s3 = boto3.client("s3", config=Config(max_pool_connections=AT_ONCE))
    if s3.get_bucket_versioning(Bucket=given.bucket).get("Status") != "Enabled":
        raise SystemExit(f"{given.bucket} keeps no versions, so nothing can be brought back")
    if given.drill:
        objects, took = drill(s3, given.bucket, given.objects)
        print(
            f"{objects:,} objects came back in {took:.1f} s, {objects / took:,.0f} a second; every byte was compared."
        )
        return
    if given.at is None or given.at.tzinfo is None:
        raise SystemExit("--at: say the moment with its zone, like 2026-11-30T12:00:00+00:00")
    began = time.monotonic()
    done = restore(s3, given.bucket, given.prefix, given.at)
    print(f"{len(done.back):,} objects came back in {time.monotonic() - began:.1f} s.")
    for title, names in (("made since, left as they are", done.made_since), ("larger than 5 GiB", done.too_large)):
        if names:
            print(f"{len(names):,} {title}, such as {', '.join(names[:3])}.")
    if done.too_large:
        sys.exit(1)


if __name__ == "__main__":
    main()
