"""How DescribeJobs and ListJobs show a job of the embedded cloud."""

from typing import Any

from platerunner.local.jobs.job import STATUSES, Job


def summary(job: Job, status: str) -> dict[str, Any]:
    """A job's line in ListJobs.

    :param status: as listed.
    """
    result: dict[str, Any] = {
        "jobArn": job.arn,
        "jobId": job.id,
        "jobName": job.request.name,
        "createdAt": _ms(job.created_at),
        "status": status,
        "jobDefinition": job.request.definition,
        **_times_and_reason(job),
    }
    if container := _outcome(job):
        result["container"] = container
    if job.children:
        result["arrayProperties"] = {"size": len(job.children)}
    elif job.index is not None:
        result["arrayProperties"] = {"index": job.index}
    return result


def describe(job: Job) -> dict[str, Any]:
    """A job's entry in DescribeJobs."""
    request = job.request
    result = summary(job, job.status) | {
        "jobQueue": request.queue.arn,
        "dependsOn": [dict(d) for d in request.depends_on],
        "parameters": dict(request.parameters),
        "tags": dict(request.tags),
        "attempts": job.attempts,
        "retryStrategy": {"attempts": request.attempts, "evaluateOnExit": [dict(r) for r in request.rules]},
        "platformCapabilities": [request.platform],
        "container": _container(job),
        "isCancelled": job.stopped_because is not None and job.started_at is None,
        "isTerminated": job.stopped_because is not None,
    }
    sharing = {"shareIdentifier": request.share, "schedulingPriority": request.priority}
    result |= {name: value for name, value in sharing.items() if value is not None}
    if request.timeout is not None:
        result["timeout"] = {"attemptDurationSeconds": request.timeout}
    if job.children:
        counts = {status: job.counts[status] for status in STATUSES}
        result["arrayProperties"] = {"statusSummary": counts, "size": len(job.children)}
    elif job.index is not None:
        result["arrayProperties"] = {"statusSummary": {}, "index": job.index}
    return result


def attempt_of(job: Job) -> dict[str, Any]:
    """The attempt that just ended, as DescribeJobs lists it."""
    place = {"logStreamName": job.stream, "containerInstanceArn": _host(job)}
    container = _outcome(job) | {name: value for name, value in place.items() if value}
    return {"container": container | {"networkInterfaces": []}, **_times_and_reason(job)}


def _times_and_reason(job: Job) -> dict[str, Any]:
    found = {
        "statusReason": job.status_reason,
        "startedAt": None if job.started_at is None else _ms(job.started_at),
        "stoppedAt": None if job.stopped_at is None else _ms(job.stopped_at),
    }
    return {name: value for name, value in found.items() if value is not None}


def _container(job: Job) -> dict[str, Any]:
    request = job.request
    details = {
        "image": request.image,
        "command": list(request.command),
        "environment": [{"name": name, "value": value} for name, value in request.environment.items()],
        "resourceRequirements": [
            {"type": "VCPU", "value": f"{request.vcpus:g}"},
            {"type": "MEMORY", "value": str(request.memory)},
        ],
        "jobRoleArn": request.job_role,
        "executionRoleArn": request.execution_role,
        "containerInstanceArn": _host(job),
        "logStreamName": job.stream,
        "volumes": [],
        "mountPoints": [],
        "ulimits": [],
        "secrets": [],
    }
    return {name: value for name, value in details.items() if value is not None} | _outcome(job)


def _host(job: Job) -> str | None:
    """The container instance that it was given to; Fargate has none."""
    return job.instance.arn if job.instance and job.request.platform == "EC2" else None


def _outcome(job: Job) -> dict[str, Any]:
    found = {"exitCode": job.exit_code, "reason": job.reason}
    return {name: value for name, value in found.items() if value is not None}


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
