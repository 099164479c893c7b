"""Ending jobs, so that nothing pays on."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from platerunner.batch.calls import explained, is_gone, patiently

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

log = logging.getLogger(__name__)


def terminate(batch: "BatchClient", job_ids: Iterable[str], reason: str) -> None:
    """End jobs, whatever they are doing; an array ends with all its children, a job that ended already is no error.

    :param job_ids: of single jobs, arrays, or children of arrays.
    :param reason: for people; becomes the jobs' ``statusReason``.
    :raises BatchError: if AWS refuses, after the others were ended.
    """
    refused: ClientError | None = None
    for job_id in dict.fromkeys(job_ids):
        try:
            patiently(batch.terminate_job, jobId=job_id, reason=reason)
        except ClientError as error:
            if not is_gone(error):
                refused = error
            log.info("terminate %s: %s", job_id, error)
    if refused is not None:
        with explained("terminate jobs"):
            raise refused
