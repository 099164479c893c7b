"""Fair share: in whose name a job takes its place in a queue that has a scheduling policy."""

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from platerunner.batch.calls import explained, patiently
from platerunner.batch.model import BatchError

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

MAX_IDENTIFIER = 255
"""Letters and digits of a share identifier (AWS Batch API)."""
MAX_PRIORITY = 9999
_known: MutableMapping["BatchClient", dict[str, bool]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Share:
    """A job's share, and its place among the jobs of the same share.

    :param identifier: letters and digits, at most 255.
    :param priority: 0 to 9999; higher goes first.
    """

    identifier: str
    priority: int = 0


def identifier(name: str) -> str:
    """A pipeline's or an owner's name as Batch takes it: ``cell_painting`` becomes ``cellpainting``.

    :raises BatchError: if it has neither a letter nor a digit that Batch knows.
    """
    found = re.sub(r"[^A-Za-z0-9]", "", name)[:MAX_IDENTIFIER]
    if not found:
        raise BatchError(f"{name!r} makes no share identifier, which is letters a-z and digits: give it some of these")
    return found


def share_of(batch: "BatchClient", queue: str, name: str, n: int) -> Share | None:
    """The share of a submission; None for a queue without a policy, which refuses jobs that name one.

    Retries run before new units of the same share: a step waits for its last unit.

    :param queue: name or ARN.
    :param name: pipeline or owner; empty for no share.
    :param n: number of the submission in its step.
    :raises BatchError: if AWS does not answer, or the name is none.
    """
    if not name or not has_policy(batch, queue):
        return None
    return Share(identifier(name), min(n, MAX_PRIORITY))


def has_policy(batch: "BatchClient", queue: str) -> bool:
    """Whether a queue shares by a scheduling policy; asked once, since a queue never gains or loses its policy.

    :param queue: name or ARN.
    """
    known = _known.setdefault(batch, {})
    if queue not in known:
        with explained(f"look up the scheduling policy of the queue {queue}"):
            found = patiently(batch.describe_job_queues, jobQueues=[queue])["jobQueues"]
        known[queue] = any(entry.get("schedulingPolicyArn") for entry in found)
    return known[queue]
