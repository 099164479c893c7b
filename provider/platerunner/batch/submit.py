"""Submits jobs so that nothing is submitted twice, although SubmitJob has no client token.

AWS may accept a job and lose the answer: a 5xx, a timeout, a closed connection. Repeating the call, as botocore does
by itself, would then run (and bill) everything twice. So each submission has a name that nothing else has, and a call
that was not answered is looked up by that name before it is made again. Throttled calls were certainly not accepted:
those are repeated.
"""

import hashlib
import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ClientError

from platerunner.batch.calls import PATIENCE_S, TokenBucket, explained, is_gone, is_throttled, is_unanswered, pauses
from platerunner.batch.model import BatchError, UnansweredError
from platerunner.batch.quotas import MAX_ARRAY, MAX_NAME, MAX_PAYLOAD, SUBMIT_RATE
from platerunner.batch.share import Share
from platerunner.batch.status import find

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

MIN_TIMEOUT_S = 60
"""Shortest attempt duration that AWS Batch takes."""
MIB = 1024**2
SETTLE_S = 10.0
"""For how long a job that was accepted may be missing from ListJobs."""
HASH_LETTERS = 12
_bucket = TokenBucket(SUBMIT_RATE)


def job_name(pipeline: str, step: str, run_id: str, n: int, *, scope: str = "") -> str:
    """The name of a submission: readable, at most 128 letters, and different for every submission there is.

    :param run_id: DAG run id, or any text.
    :param n: number of the submission.
    :param scope: what else tells it from others of the account, e.g. the workspace's URL.
    """
    exact = "\0".join((pipeline, step, run_id, str(n), scope))
    tail = f"-{n}-{hashlib.sha256(exact.encode()).hexdigest()[:HASH_LETTERS]}"
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{pipeline}-{step}-{run_id}").strip("-_") or "job"
    return readable[: MAX_NAME - len(tail)] + tail


def chunks(n: int, largest: int = MAX_ARRAY) -> list[range]:
    """Cut units into submissions of nearly equal size, as few as possible.

    :param n: units.
    :param largest: children that an array may have.
    :returns: ranges of unit indexes, in order.
    """
    count = math.ceil(n / largest)
    bounds = [n * i // count for i in range(count + 1)] if count else []
    return [range(start, end) for start, end in pairwise(bounds)]


def submit(
    batch: "BatchClient",
    *,
    name: str,
    queue: str,
    definition: str,
    command: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    vcpus: float | None = None,
    memory: int | None = None,
    timeout_s: float | None = None,
    size: int = 1,
    tags: Mapping[str, str] | None = None,
    share: Share | None = None,
    settle_s: float | None = None,
) -> str:
    """Submit a job once: an array if there are several units, a plain job for one.

    :param name: of :func:`job_name`; a job of this name that the queue has already must be this one.
    :param queue: name or ARN.
    :param definition: ARN.
    :param command: overrides the definition's; empty for no override; likewise the following.
    :param memory: bytes.
    :param timeout_s: seconds per child and attempt; at least 60 are given.
    :param size: units, at most 10,000.
    :param share: for a queue with a scheduling policy; None for one without, which takes none.
    :param settle_s: seconds for which ListJobs may not show a job whose answer was lost; None for AWS's.
    :returns: the job id.
    :raises UnansweredError: if AWS may have taken the job, and does not tell.
    :raises BatchError: if there is certainly no job: AWS refuses it, or the request breaks a limit of AWS Batch.
    """
    request: dict[str, Any] = {
        "jobName": name,
        "jobQueue": queue,
        "jobDefinition": definition,
        "containerOverrides": _overrides(command, environment or {}, vcpus, memory),
        "tags": dict(tags or {}),
        "propagateTags": True,
    }
    if size > 1:
        request["arrayProperties"] = {"size": size}
    if share is not None:
        request |= {"shareIdentifier": share.identifier, "schedulingPriorityOverride": share.priority}
    if timeout_s is not None:
        request["timeout"] = {"attemptDurationSeconds": max(MIN_TIMEOUT_S, math.ceil(timeout_s))}
    _check(request, size)
    with explained(f"submit the job {name} to the queue {queue}"):
        return _once(batch, request, settle_s)


def _overrides(
    command: Sequence[str], environment: Mapping[str, str], vcpus: float | None, memory: int | None
) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if command:
        wanted["command"] = list(command)
    if environment:
        wanted["environment"] = [{"name": name, "value": value} for name, value in environment.items()]
    amounts = {
        "VCPU": None if vcpus is None else f"{vcpus:g}",
        "MEMORY": None if memory is None else str(math.ceil(memory / MIB)),
    }
    if requirements := [{"type": kind, "value": value} for kind, value in amounts.items() if value is not None]:
        wanted["resourceRequirements"] = requirements
    return wanted


def _check(request: Mapping[str, Any], size: int) -> None:
    if not 1 <= size <= MAX_ARRAY:
        raise BatchError(f"{request['jobName']}: an array has 2 to {MAX_ARRAY} children, not {size}")
    payload = len(json.dumps(request).encode())
    if payload > MAX_PAYLOAD:
        raise BatchError(
            f"{request['jobName']}: the request is {payload} bytes long and AWS Batch takes {MAX_PAYLOAD}:"
            " put large values into the step's files instead of its command or environment"
        )


class _NoAnswerError(Exception):
    """AWS may or may not have accepted the job."""


def _once(batch: "BatchClient", request: dict[str, Any], settle_s: float | None) -> str:
    _never_repeat_unanswered(batch)
    deadline = time.monotonic() + PATIENCE_S
    unanswered = False
    for pause in pauses():
        _bucket.take()
        try:
            return batch.submit_job(**request)["jobId"]
        except _NoAnswerError as error:
            unanswered = True
            if (job_id := _looked_up(batch, request, settle_s, error)) is not None:
                return job_id
            problem: Exception = error
        except ClientError as error:
            if not is_throttled(error):
                _told_apart(request, error, unanswered=unanswered)
            problem = error
        if time.monotonic() + pause > deadline:
            raise UnansweredError(f"AWS did not take the job {request['jobName']} within {PATIENCE_S:.0f} s: {problem}")
        time.sleep(pause)
    raise AssertionError("pauses never end")


def _looked_up(batch: "BatchClient", request: dict[str, Any], settle_s: float | None, error: Exception) -> str | None:
    """The id of the job that may have been accepted; None if there is none."""
    name = request["jobName"]
    try:
        return look(batch, request["jobQueue"], name, settle_s)
    except BatchError as problem:
        raise UnansweredError(f"AWS did not say whether it took the job {name} ({error}). {problem}") from problem


def _told_apart(request: dict[str, Any], error: ClientError, *, unanswered: bool) -> NoReturn:
    """Raise a refusal; one that follows a call without an answer does not prove that there is no job."""
    if unanswered:
        raise UnansweredError(f"AWS refused the job {request['jobName']} after it had not answered: {error}") from error
    raise error


def look(batch: "BatchClient", queue: str, name: str, settle_s: float | None = None) -> str | None:
    """The job id of a submission whose answer was lost; ListJobs may know of it only after a while.

    :param queue: name or ARN; one that was deleted has no jobs.
    :param name: of :func:`job_name`.
    :param settle_s: seconds after which a job that is not listed does not exist; None for AWS's.
    :raises BatchError: if AWS does not tell.
    """
    with explained(f"look up the job {name} in the queue {queue}"):
        settles = SETTLE_S if settle_s is None else settle_s
        for share in (0.0, 0.1, 0.3, 0.6) if settles else (0.0,):
            time.sleep(share * settles)
            try:
                found = find(batch, queue, name)
            except ClientError as error:
                if is_gone(error):
                    return None
                raise
            if found:
                return found[0]
    return None


def _never_repeat_unanswered(batch: "BatchClient") -> None:
    """Make botocore hand every unanswered SubmitJob to us instead of repeating it; throttled ones it may repeat."""
    batch.meta.events.register("needs-retry.batch.SubmitJob", _refuse_to_repeat, unique_id="platerunner-submit-once")


def _refuse_to_repeat(
    response: tuple[Any, Mapping[str, Any]] | None = None,
    caught_exception: Exception | None = None,
    **_: object,
) -> None:
    error = caught_exception
    if response is not None and response[0].status_code >= 400:
        error = ClientError(dict(response[1]), "SubmitJob")  # type: ignore[arg-type]
    if error is not None and is_unanswered(error):
        raise _NoAnswerError(str(error)) from error
