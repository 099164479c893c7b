"""AWS Batch's calls on jobs, in front of moto's compute environments, queues, definitions and tags."""

import json
from contextlib import suppress
from typing import Any, ClassVar

from moto.batch import urls
from moto.batch.exceptions import ClientException
from moto.batch.models import JobQueue
from moto.batch.responses import BatchResponse
from moto.batch.utils import make_arn_for_job

from platerunner.batch.stop import AT_ONCE
from platerunner.local.aws import request
from platerunner.local.jobs.job import Queue
from platerunner.local.jobs.table import MAX_PAGE, Jobs, check_status


class LocalBatchResponse(BatchResponse):
    """moto's answers, except for jobs."""

    jobs: ClassVar[Jobs]
    limits: ClassVar[request.Limits]

    def submitjob(self) -> str:
        """SubmitJob."""
        body = json.loads(self.body)
        request.check(body, len(self.body), self.limits)
        definition = self.batch_backend.get_job_definition(body["jobDefinition"])
        if definition is None or definition.status != "ACTIVE":
            raise ClientException(f"JobDefinition {body['jobDefinition']} does not exist or is not ACTIVE")
        request.check_share(body, self._found(body["jobQueue"]).schedule_policy)
        held = self.jobs.scheduler.consumables.of_definitions.get(definition.arn)
        wanted = request.build(body, definition, self._queue(body["jobQueue"]), self.limits, held)
        backend = self.batch_backend

        def arn(job_id: str) -> str:
            return make_arn_for_job(backend.account_id, job_id, backend.region_name)

        job = self.jobs.submit(wanted, (body.get("arrayProperties") or {}).get("size"), arn)
        backend.tag_resource(job.arn, dict(wanted.tags))
        return json.dumps({"jobId": job.id, "jobName": wanted.name, "jobArn": job.arn})

    def registerjobdefinition(self) -> str:
        """RegisterJobDefinition, with the consumable resources that moto passes over."""
        if (self._get_param("containerProperties") or {}).get("volumes"):
            raise ClientException("the embedded cloud mounts no file systems: leave out `volumes`")
        consumables = self.jobs.scheduler.consumables
        asked = consumables.asked_for(self._get_param("consumableResourceProperties"))
        answer: str = super().registerjobdefinition()
        consumables.of_definitions[json.loads(answer)["jobDefinitionArn"]] = asked
        return answer

    def createconsumableresource(self) -> str:
        """CreateConsumableResource."""
        name = self._get_param("consumableResourceName")
        self.jobs.scheduler.consumables.create(name, int(self._get_param("totalQuantity")))
        return json.dumps({"consumableResourceName": name, "consumableResourceArn": self._arn_of(name)})

    def listconsumableresources(self) -> str:
        """ListConsumableResources, by their names."""
        filters = self._get_param("filters") or []
        names = {value for one in filters for value in one["values"]}
        found = [
            {"consumableResourceName": name, "consumableResourceArn": self._arn_of(name), "totalQuantity": total}
            for name, total in self.jobs.scheduler.consumables.totals.items()
            if not filters or name in names
        ]
        return json.dumps({"consumableResources": found})

    def _arn_of(self, name: str) -> str:
        backend = self.batch_backend
        return f"arn:aws:batch:{backend.region_name}:{backend.account_id}:consumable-resource/{name}"

    def describejobs(self) -> str:
        """DescribeJobs."""
        found = []
        for job, view in self.jobs.describe(self._get_param("jobs") or []):
            tags = self.batch_backend.list_tags_for_resource((job.parent or job).arn)
            found.append(view | {"tags": tags})
        return json.dumps({"jobs": found})

    def listjobs(self) -> str:
        """ListJobs."""
        queue, array = self._get_param("jobQueue"), self._get_param("arrayJobId")
        status, filters = self._get_param("jobStatus"), self._get_param("filters")
        check_status(status)
        if (queue is None) == (array is None):
            raise ClientException("Exactly one of jobQueue, arrayJobId and multiNodeJobId must be given")
        page, token = self.jobs.list(
            None if queue is None else self._found(queue).arn,
            array,
            status,
            _names(filters),
            min(int(self._get_param("maxResults") or MAX_PAGE), MAX_PAGE),
            self._get_param("nextToken"),
        )
        return json.dumps({"jobSummaryList": page} | ({"nextToken": token} if token else {}))

    def terminatejob(self) -> str:
        """TerminateJob."""
        return self._stop(running=True)

    def terminatejobs(self) -> str:
        """TerminateJobs: as its model says, one that is not found counts as ended."""
        job_ids, reason = self._get_param("jobs"), self._get_param("reason")
        if not job_ids or not reason:
            raise ClientException(f"{'reason' if job_ids else 'jobs'} is a required field and cannot be empty")
        if len(job_ids) > AT_ONCE:
            raise ClientException(f"jobs has {len(job_ids)} entries, at most {AT_ONCE} are allowed")
        for job_id in job_ids:
            with suppress(ClientException):
                self.jobs.stop(job_id, reason, running=True)
        return json.dumps({"successful": job_ids, "errors": []})

    def canceljob(self) -> str:
        """CancelJob."""
        return self._stop(running=False)

    def _stop(self, *, running: bool) -> str:
        job_id, reason = self._get_param("jobId"), self._get_param("reason")
        if not job_id or not reason:
            raise ClientException(f"{'reason' if job_id else 'jobId'} is a required field and cannot be empty")
        self.jobs.stop(job_id, reason, running=running)
        return "{}"

    def _found(self, name: str) -> JobQueue:
        queue = self.batch_backend.get_job_queue(name)
        if queue is None:
            raise ClientException(f"JobQueue {name} not found")
        return queue

    def _queue(self, name: str) -> Queue:
        queue = self._found(name)
        if queue.state != "ENABLED":
            raise ClientException(f"JobQueue {name} is in state {queue.state}: it takes no jobs")
        environment = queue.environments[0]
        resources: dict[str, Any] = environment.compute_resources or {}
        return Queue(queue.name, queue.arn, environment.name, spot="SPOT" in resources.get("type", ""))


def _names(filters: list[dict[str, Any]] | None) -> list[str] | None:
    if not filters:
        return None
    for one in filters:
        if one["name"] != "JOB_NAME":
            raise ClientException(f"The filter {one['name']} is not known here; JOB_NAME is")
    return [name for one in filters for name in one["values"]]


class Patch:
    """Puts the answers above into moto's place, and moto's back when it is undone.

    :param jobs: the job table.
    :param limits: quotas.
    """

    def __init__(self, jobs: Jobs, limits: request.Limits) -> None:
        LocalBatchResponse.jobs = jobs
        LocalBatchResponse.limits = limits
        self._before = dict(urls.url_paths)
        # Moto has no answer to these.
        others = ("terminatejobs", "createconsumableresource", "listconsumableresources")
        for path in [*urls.url_paths, *(f"{{0}}/v1/{name}" for name in others)]:
            urls.url_paths[path] = LocalBatchResponse.dispatch

    def undo(self) -> None:
        """Leave moto as it was."""
        urls.url_paths.clear()
        urls.url_paths.update(self._before)
