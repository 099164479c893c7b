"""Asks S3 which objects lie in an archive.

obstore's LIST has no storage class, so boto3 lists once more, and only from one of the keys that matter to the next: a
thousand of them side by side cost one request, and none costs more than one.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import batched
from os.path import commonprefix
from types import MappingProxyType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.engine.planning.archived import ArchivedFile, Look
from platerunner_unit.contract.stores.buckets import ANONYMOUS, REQUESTER_PAYS

log = logging.getLogger(__name__)
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Classes whose objects cannot be read until they are restored; those of GLACIER_IR can."""
TIERED = "INTELLIGENT_TIERING"
HEADS = 100
"""Objects that get a HEAD for what LIST leaves open; if there are more, LIST has to do."""
HEADS_OF_RESTORED = 20_000
"""The same where the spec restores: not every store tells in LIST what is restored, and it must be read then."""
THREADS = 8
KEYS_PER_THREAD = 5000


def looker(
    client: Callable[[], Any],
    buckets: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    *,
    restored: bool = False,
) -> Look:
    """What finds archived objects.

    :param client: makes boto3's client for S3; called only when there is something to ask.
    :param buckets: of the connection. Anonymous ones, and those of another account's role, are not asked: the lab's
        own role may not look there, nor restore an object. A job says of such an object that it is archived.
    :param restored: whether the spec has objects restored.
    """
    heads = HEADS_OF_RESTORED if restored else HEADS

    def look(url: str, keys: Sequence[str]) -> Mapping[str, ArchivedFile]:
        bucket, _, below = url.removeprefix("s3://").partition("/")
        prefix, access = f"{below}/" if below else "", buckets.get(bucket, {}).get("access")
        if access == ANONYMOUS or "role" in buckets.get(bucket, {}):
            return {}
        try:
            made = paying(client()) if access == REQUESTER_PAYS else client()
            found = _archived(made, bucket, [f"{prefix}{key}" for key in keys], heads)
        except (ClientError, BotoCoreError) as error:
            log.warning("%s: goes on without knowing which inputs are archived: %s", url, error)
            return {}
        return {key.removeprefix(prefix): file for key, file in found.items()}

    return look


def paying(client: Any) -> Any:
    """A client whose requests offer to pay."""
    client.meta.events.register("before-call.s3", _offer_to_pay, unique_id="platerunner-requester-pays")
    return client


def _offer_to_pay(params: dict[str, Any], **_: object) -> None:
    params["headers"]["x-amz-request-payer"] = "requester"


def _archived(client: Any, bucket: str, keys: Sequence[str], heads: int) -> dict[str, ArchivedFile]:
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(lambda part: list(_listed(client, bucket, part)), batched(keys, KEYS_PER_THREAD))
        found = [each for part in parts for each in part]
        # HEAD alone knows the tiers of INTELLIGENT_TIERING; and not every store tells in LIST what is restored.
        unsure = {each["Key"] for each in found if "RestoreStatus" not in each}
        asked = unsure if len(unsure) <= heads else set()
        judged = pool.map(lambda each: _judged(client, bucket, each, ask=each["Key"] in asked), found)
        return {each["Key"]: file for each, file in zip(found, judged, strict=True) if file is not None}


def _listed(client: Any, bucket: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What LIST says of those of some sorted keys that may be archived."""
    wanted, at = set(keys), 0
    folder = commonprefix([keys[0], keys[-1]]).rpartition("/")  # noqa: RUF071  (up to a slash, whatever comes before)
    while at < len(keys):
        # A key without its last character comes right before it, and before what begins as it does.
        page = client.list_objects_v2(
            Bucket=bucket,
            Prefix=folder[0] + folder[1],
            StartAfter=keys[at][:-1],
            OptionalObjectAttributes=["RestoreStatus"],
        )
        objects = page.get("Contents", [])
        for each in objects:
            if each["Key"] in wanted and each.get("StorageClass") in (*ARCHIVES, TIERED):
                yield each
        if not page.get("IsTruncated") or not objects:
            return
        at = next((n for n in range(at, len(keys)) if keys[n] > objects[-1]["Key"]), len(keys))


def _judged(client: Any, bucket: str, listed: Mapping[str, Any], *, ask: bool) -> ArchivedFile | None:
    """The object as it is archived; None if it can be read."""
    tier, told = str(listed["StorageClass"]), listed.get("RestoreStatus", {})
    restoring, until = bool(told.get("IsRestoreInProgress")), told.get("RestoreExpiryDate")
    if ask and (head := _head(client, bucket, listed["Key"])) is not None:
        tier = head.get("ArchiveStatus") or tier
        restoring, until = _restore(head.get("Restore", ""))
    if tier == TIERED or (until is not None and until > datetime.now(UTC)):
        return None
    return ArchivedFile(f"s3://{bucket}/{listed['Key']}", listed["Size"], tier, restoring)


def _head(client: Any, bucket: str, key: str) -> Mapping[str, Any] | None:
    """None for an object that we may list, and not look at."""
    try:
        answer: Mapping[str, Any] = client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        log.info("s3://%s/%s: %s; what LIST says of its archive has to do", bucket, key, error)
        return None
    return answer


def _restore(header: str) -> tuple[bool, datetime | None]:
    """Whether a restore goes on, and until when one lasts.

    :param header: as S3 has it: ``ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"``.
    """
    _, _, date = header.partition('expiry-date="')
    return 'ongoing-request="true"' in header, parsedate_to_datetime(date.partition('"')[0]) if date else None
