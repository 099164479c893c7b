"""The job table of the embedded cloud: what SubmitJob, DescribeJobs, ListJobs, TerminateJob and CancelJob do."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from moto.batch.exceptions import ClientException

from platerunner.local.aws.shown import describe, summary
from platerunner.local.jobs.instances import Instance
from platerunner.local.jobs.job import STATUSES, Job, Request
from platerunner.local.jobs.scheduler import Scheduler

MAX_DESCRIBE = 100
MAX_PAGE = 100


class Use(NamedTuple):
    """What an attempt took, as a bill would be made of it.

    :param job: its id.
    :param started: seconds since 1970; None if it never ran.
    :param memory: MiB.
    """

    job: str
    started: float | None
    stopped: float | None
    vcpus: float
    memory: int
    instance: Instance | None


class Jobs:
    """All jobs ever submitted.

    :param scheduler: what runs them.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self._jobs: dict[str, Job] = {}
        self._queues: dict[str, list[Job]] = {}

    def submit(self, request: Request, size: int | None, arn: Callable[[str], str]) -> Job:
        """Take a job or an array.

        :param size: children; None for a single job.
        :param arn: job id to ARN.
        :raises ClientException: if it depends on a job that does not exist.
        """
        with self.scheduler.lock:
            job_id = str(uuid.uuid4())
            job = Job(job_id, arn(job_id), request, order=len(self._jobs))
            for index in range(size or 0):
                child_id = f"{job_id}:{index}"
                job.children.append(Job(child_id, arn(child_id), request, job.order, index, job))
            units = job.children or [job]
            for unit in units:
                unit.waits_for = set(_dependencies(request.depends_on, job, unit))
            created = {j.id: j for j in (job, *job.children)}
            for other in set().union(*(unit.waits_for for unit in units)):
                if other not in created and other not in self._jobs:
                    raise ClientException(f"Job {other}, which the job depends on, does not exist")
            self._jobs.update(created)
            self._queues.setdefault(request.queue.arn, []).append(job)
            self.scheduler.submit(job, self._jobs)
            return job

    def book(self) -> list[Use]:
        """What each job that has ended took: the cloud's own book."""
        with self.scheduler.lock:
            ended = [job for job in self._jobs.values() if job.ended and not job.children]
            return [
                Use(job.id, job.started_at, job.stopped_at, job.request.vcpus, job.request.memory, job.instance)
                for job in ended
            ]

    def describe(self, ids: list[str]) -> list[tuple[Job, dict[str, Any]]]:
        """The jobs that exist among these; the others are left out, as AWS does.

        :raises ClientException: if more than 100 are asked for.
        """
        if len(ids) > MAX_DESCRIBE:
            raise ClientException(f"Only {MAX_DESCRIBE} jobs can be described in one call, not {len(ids)}")
        with self.scheduler.lock:
            found = [self._jobs[i] for i in dict.fromkeys(ids) if i in self._jobs]
            return [(job, describe(job)) for job in found]

    def list(
        self,
        queue: str | None,
        array: str | None,
        status: str | None,
        names: Iterable[str] | None,
        size: int,
        token: str | None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of ListJobs: a queue's jobs or an array's children of one status (RUNNING if none is named).

        :param queue: ARN.
        :param names: of the filter ``JOB_NAME``, with which the status does not count.
        :param size: of the page.
        :param token: where to go on.
        :returns: the page, and the token of the next one.
        :raises ClientException: if the array does not exist.
        """
        start = _offset(token)
        delay = self.scheduler.dice.faults.list_delay
        wanted = status or "RUNNING"
        with self.scheduler.lock:
            jobs = self._queues.get(queue or "", []) if array is None else self._array(array).children
            page: list[dict[str, Any]] = []
            for position, job in enumerate(islice(jobs, start, None), start):
                shown = job.listed_status(delay)
                if not (_named(job, names) if names is not None else shown == wanted) or job.hidden(delay):
                    continue
                if len(page) == size:
                    return page, str(position)
                page.append(summary(job, shown))
            return page, None

    def stop(self, job_id: str, reason: str, *, running: bool) -> None:
        """End a job.

        :param running: whether it may run already.
        :raises ClientException: if it never existed.
        """
        with self.scheduler.lock:
            if job_id not in self._jobs:
                raise ClientException(f"Job {job_id} does not exist")
            self.scheduler.stop(self._jobs[job_id], reason, running=running)

    def _array(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise ClientException(f"Array job {job_id} does not exist")
        return self._jobs[job_id]


def check_status(status: str | None) -> None:
    """Refuse a status that does not exist.

    :raises ClientException: naming those that do.
    """
    if status is not None and status not in STATUSES:
        raise ClientException(f"Job status is not one of {' | '.join(STATUSES)}")


def _offset(token: str | None) -> int:
    try:
        return int(token or 0)
    except ValueError:
        raise ClientException("The nextToken is not valid") from None


def _dependencies(depends_on: Iterable[Mapping[str, str]], job: Job, unit: Job) -> Iterable[str]:
    for dependency in depends_on:
        kind, other = dependency.get("type"), dependency.get("jobId") or job.id
        if kind == "SEQUENTIAL":
            if unit.index:
                yield f"{job.id}:{unit.index - 1}"
        elif kind == "N_TO_N" and unit.index is not None:
            yield f"{other}:{unit.index}"
        else:
            yield other


def _named(job: Job, names: Iterable[str]) -> bool:
    own = job.request.name.lower()
    return any(own.startswith(name[:-1].lower()) if name.endswith("*") else own == name.lower() for name in names)
