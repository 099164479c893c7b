"""What jobs are doing: DescribeJobs by hundreds, ListJobs by pages."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import batched
from typing import TYPE_CHECKING, Any

from platerunner.batch.calls import PATIENCE_S, patiently
from platerunner.batch.quotas import MAX_DESCRIBE
from platerunner.batch.views import AttemptView, JobView

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

ENDED_BADLY = ("FAILED",)


def describe(batch: "BatchClient", ids: Iterable[str], *, patience: float = PATIENCE_S) -> Iterator[JobView]:
    """Look jobs up, 100 a call; those that Batch does not know (any more) are left out.

    :param ids: job ids, ``<id>:<index>`` for children.
    :param patience: seconds for which a call is repeated while AWS throttles or fails by itself.
    :raises ClientError: if AWS refuses.
    """
    for some in batched(dict.fromkeys(ids), MAX_DESCRIBE):
        answer = patiently(batch.describe_jobs, patience=patience, jobs=list(some))
        yield from (view_of(job) for job in answer["jobs"])


def children(
    batch: "BatchClient", parent_id: str, statuses: Collection[str], *, reasons: bool = True
) -> Iterator[JobView]:
    """An array's children of some statuses.

    :param parent_id: job id of the array.
    :param statuses: e.g. ``("FAILED",)``; each costs a call per 100 children.
    :param reasons: look the failed ones up too (a further call per 100), for what ListJobs leaves out: the log stream
        and the attempts.
    """
    for status in statuses:
        found = _list(batch, arrayJobId=parent_id, jobStatus=status)
        if reasons and status in ENDED_BADLY:
            yield from describe(batch, (view.id for view in found))
        else:
            yield from found


def find(batch: "BatchClient", queue: str, name: str, tags: Mapping[str, str] | None = None) -> list[str]:
    """Job ids of a name, in any status, newest first: how a submission is found whose answer was lost.

    :param queue: name or ARN.
    :param name: exact.
    :param tags: that the job must carry.
    """
    wanted = {"name": "JOB_NAME", "values": [name]}
    views = [view for view in _list(batch, jobQueue=queue, filters=[wanted]) if view.name == name]
    if tags and views:
        views = [view for view in describe(batch, (v.id for v in views)) if tags.items() <= view.tags.items()]
    return [view.id for view in sorted(views, key=lambda view: view.created_at or 0, reverse=True)]


def _list(batch: "BatchClient", **arguments: Any) -> Iterator[JobView]:
    while True:
        answer = patiently(batch.list_jobs, **arguments)
        yield from (view_of(job) for job in answer["jobSummaryList"])
        if not answer.get("nextToken"):
            return
        arguments["nextToken"] = answer["nextToken"]


def view_of(job: Mapping[str, Any]) -> JobView:
    """A job as DescribeJobs or ListJobs shows it.

    :param job: an element of ``jobs`` or ``jobSummaryList``.
    """
    container = job.get("container") or {}
    array = job.get("arrayProperties") or {}
    return JobView(
        id=job["jobId"],
        name=job.get("jobName", ""),
        queue=job.get("jobQueue", ""),
        status=job.get("status", ""),
        status_reason=job.get("statusReason") or "",
        container_reason=container.get("reason") or "",
        exit_code=container.get("exitCode"),
        stopped=bool(job.get("isTerminated") or job.get("isCancelled")),
        log_stream=container.get("logStreamName"),
        index=array.get("index"),
        array_size=array.get("size"),
        array_counts={status: count for status, count in (array.get("statusSummary") or {}).items() if count},
        created_at=_seconds(job.get("createdAt")),
        started_at=_seconds(job.get("startedAt")),
        stopped_at=_seconds(job.get("stoppedAt")),
        attempts=tuple(_attempt(attempt) for attempt in job.get("attempts") or ()),
        tags=job.get("tags") or {},
        host=container.get("containerInstanceArn"),
    )


def _attempt(attempt: Mapping[str, Any]) -> AttemptView:
    container = attempt.get("container") or {}
    return AttemptView(
        exit_code=container.get("exitCode"),
        reason=container.get("reason") or "",
        status_reason=attempt.get("statusReason") or "",
        log_stream=container.get("logStreamName"),
        started_at=_seconds(attempt.get("startedAt")),
        stopped_at=_seconds(attempt.get("stoppedAt")),
    )


def _seconds(milliseconds: int | None) -> float | None:
    return milliseconds / 1000 if milliseconds else None
