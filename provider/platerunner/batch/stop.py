"""Ends jobs, so that they cost no more."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from platerunner.batch.calls import explained, is_gone, patiently

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

log = logging.getLogger(__name__)
AT_ONCE = 50
"""Jobs that TerminateJobs takes, by its model in botocore."""


def terminate(batch: "BatchClient", job_ids: Iterable[str], reason: str) -> None:
    """End jobs, whatever they are doing; an array ends with all its children, a job that ended already is not an error.

    :param job_ids: of single jobs, arrays, or children of arrays.
    :param reason: for people; becomes the jobs' ``statusReason``.
    :raises BatchError: if AWS refuses, after the others were ended.
    """
    refused: ClientError | None = None
    for job_id in _left(batch, list(dict.fromkeys(job_ids)), reason):
        try:
            patiently(batch.terminate_job, jobId=job_id, reason=reason)
        except ClientError as error:
            if not is_gone(error):
                refused = error
            log.info("terminate %s: %s", job_id, error)
    if refused is not None:
        with explained("terminate jobs"):
            raise refused


def _left(batch: "BatchClient", job_ids: Sequence[str], reason: str) -> Iterator[str]:
    """What has to be ended job by job: one alone, what AWS did not end with the others, and all where it cannot."""
    bulk = getattr(batch, "terminate_jobs", None)  # botocore has had it since 2026, and not every region may have it
    if bulk is None or len(job_ids) < 2:
        yield from job_ids
        return
    for part in batched(job_ids, AT_ONCE):
        try:
            refused = [error["job"] for error in patiently(bulk, jobs=list(part), reason=reason)["errors"]]
        except ClientError as error:
            log.info("terminate %d jobs at once: %s; ending them one by one", len(part), error)
            refused = list(part)
        yield from refused
