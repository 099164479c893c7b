"""Asks S3 to bring objects back from its archives, and looks whether they are there."""

import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from platerunner.batch.calls import DENIED, S3_CONNECTIONS, THROTTLES, code_of
from platerunner.engine.archives import ARCHIVES
from platerunner.engine.planning.archived import ArchivedFile
from platerunner.engine.planning.restore_prices import TIERED
from platerunner.spec.dataset import Restore

BATCH = 1000
"""Requests after which is written down what was asked for."""
THREADS = S3_CONNECTIONS
"""With ten, S3's own latency would be what a million objects wait for; with more, this process's CPU is."""
PATIENCE_S = 300.0
"""How long a request is repeated while S3 only asks to slow down."""
PAUSE_S = (0.5, 30.0)
"""Seconds before a request is repeated, at first and at most."""
BUSY = THROTTLES | {"ServiceUnavailable", "InternalError", "503", "500", "RequestTimeout"}
FINE = frozenset({"RestoreAlreadyInProgress", "ObjectAlreadyInActiveTierError", "InvalidObjectState", "NoSuchKey"})
"""Somebody asked before, it is there already, or it is gone, of which the plan tells."""
NO_CAPACITY = "GlacierExpeditedRetrievalNotAvailable"
GOES_ON, THERE = 'ongoing-request="true"', 'ongoing-request="false"'
"""What S3 says of a restore."""


class RestoreRefusedError(Exception):
    """S3 does not bring an object back; the message says what to do."""


def request(client: Any, files: Sequence[ArchivedFile], restore: Restore) -> Iterator[list[str]]:
    """Ask for objects, some at a time; the addresses of those that were asked for.

    :param client: boto3's for S3.
    :raises RestoreRefusedError: if S3 refuses for good.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        for part in batched(files, BATCH):
            list(pool.map(lambda file: _ask(client, file, restore), part))
            yield [file.url for file in part]


def are_there(client: Any, urls: Iterable[str]) -> bool:
    """Whether objects can be read, by a HEAD each; no more are asked for after the first that cannot.

    :raises botocore.exceptions.ClientError: if one may not be looked at.
    """
    return all(_is_there(client.head_object(**_place(url))) for url in urls)


def _is_there(head: Mapping[str, Any]) -> bool:
    restore = head.get("Restore", "")
    if GOES_ON in restore:
        return False
    return THERE in restore or not (head.get("ArchiveStatus") or head.get("StorageClass") in ARCHIVES)


def _ask(client: Any, file: ArchivedFile, restore: Restore) -> None:
    asked: dict[str, Any] = {"GlacierJobParameters": {"Tier": restore.tier.capitalize()}}
    if file.tier not in TIERED:  # those come back for good
        asked["Days"] = restore.days
    until, pause = time.monotonic() + PATIENCE_S, PAUSE_S[0]
    while (refused := _refusal(client, file, asked)) is not None and code_of(refused) not in FINE:
        if code_of(refused) not in BUSY or time.monotonic() > until:
            raise RestoreRefusedError(_why(file.url, refused, restore)) from refused
        time.sleep(random.uniform(0, pause))  # noqa: S311
        pause = min(2 * pause, PAUSE_S[1])


def _refusal(client: Any, file: ArchivedFile, asked: Mapping[str, Any]) -> ClientError | None:
    """What S3 has against a request; None if it has nothing."""
    try:
        client.restore_object(**_place(file.url), RestoreRequest=asked)
    except ClientError as error:
        return error
    return None


def _place(url: str) -> dict[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def _why(url: str, error: ClientError, restore: Restore) -> str:
    if code_of(error) in DENIED:
        return f"{url} may not be restored: let the role of the connection call s3:RestoreObject, then clear the task"
    if code_of(error) == NO_CAPACITY:
        return f"S3 has no capacity for `tier: {restore.tier}` now: write `tier: standard`, or clear the task later"
    return f"{url} cannot be restored: {error}; fix that and clear the task"
