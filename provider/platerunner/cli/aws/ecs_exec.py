"""The way into a job on AWS: ECS Exec, by AWS's own command line."""

import shutil
from typing import Any

from platerunner.batch.calls import patiently
from platerunner.engine.access import Access
from platerunner.local.host.inside import ENTER, NotHereError, WayIn

PROGRAMS = {
    "aws": "install the AWS CLI, version 2",
    "session-manager-plugin": "install AWS's Session Manager plugin, which the AWS CLI needs for it",
}
SETTING = 'add `"shell": true` to the connection; jobs that are submitted from then on have it'


def find_way_in(access: Access, job_id: str, fingerprint: str) -> WayIn:
    """The way into a unit's container.

    :param access: of the connection that submitted the job.
    :param job_id: of its child, if it is in an array.
    :param fingerprint: of the unit; its work folder is named after it.
    :raises NotHereError: if there is none, with the remedy.
    """
    if not access.settings.shell:
        raise NotHereError(f"the connection does not allow anyone into jobs: {SETTING}")
    job = _described(access, job_id)
    if job["status"] != "RUNNING":
        raise NotHereError(
            f"AWS Batch says that its job is {job['status']}, and only one that is RUNNING can be entered"
        )
    container = job.get("container") or {}
    if not container.get("enableExecuteCommand") or "taskArn" not in container:
        raise NotHereError(f"its job was submitted without ECS Exec: {SETTING}")
    for program, remedy in PROGRAMS.items():
        if shutil.which(program) is None:
            raise NotHereError(f"this machine has no {program}: {remedy}")
    return WayIn(_command(container["taskArn"], fingerprint), None, None, f"job {job_id}")


def _described(access: Access, job_id: str) -> dict[str, Any]:
    found: list[Any] = patiently(access.batch.describe_jobs, jobs=[job_id])["jobs"]
    if not found:
        raise NotHereError(f"AWS Batch does not know its job {job_id} any more")
    return dict(found[0])


def _command(task: str, fingerprint: str) -> tuple[str, ...]:
    """ECS Exec into the task's one container; its command line has no shell of its own around it.

    :param task: ``arn:aws:ecs:<region>:<account>:task/<cluster>/<id>``.
    """
    region, cluster = task.split(":")[3], task.split("/")[1]
    enter = f"sh -c '{ENTER.replace('"$0"', fingerprint)}'"
    place = ("--region", region, "--cluster", cluster, "--task", task)
    return ("aws", "ecs", "execute-command", *place, "--interactive", "--command", enter)
