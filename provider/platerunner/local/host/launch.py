"""How an attempt of a job becomes processes of this machine: its environment, its folders, perhaps a container."""

import shutil
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from platerunner.local.aws.images import LocalImage, LocalImages
from platerunner.local.host import containers
from platerunner.local.host.agent_process import Host, Listener, base_environment
from platerunner.local.host.shim import OOM_MARK
from platerunner.local.jobs.job import Job

PARENT_VARIABLE = "PLATERUNNER_PARENT"

OpenLog = Callable[[str, str, Path], None]


class Launcher:
    """Starts attempts and cleans up after them.

    :param folder: for the jobs' working folders and logs.
    :param variables: environment that every job gets: how to reach the cloud.
    :param open_log: called with log group, stream and file before an attempt starts.
    :param listener: called for each event of an attempt, as :class:`Host` does.
    """

    def __init__(
        self, folder: Path, images: LocalImages, variables: dict[str, str], open_log: OpenLog, listener: Listener
    ) -> None:
        self._variables = variables
        self._folder = folder
        self._images = images
        self._open_log = open_log
        self._base = base_environment()
        self._host = Host(listener)
        self._in_containers = any(image.container for image in images.all)

    def close(self) -> None:
        """End all attempts."""
        self._host.close()
        if self._in_containers:
            containers.remove()

    def start(self, job: Job, key: str) -> None:
        """Start an attempt; the listener hears the rest.

        :raises ImageMissingError: if there is nothing that stands for the job's image.
        """
        image = self._images.find(job.request.image)
        job.stream = f"{job.request.stream}/default/{uuid.uuid4().hex}"
        log = self._folder / "logs" / f"{key}.log"
        cwd = self._cwd(key)
        cwd.mkdir(parents=True)
        self._open_log(job.request.log_group, job.stream, log)
        start = self._start_container if image.container else self._start_processes
        start(job, key, image, cwd, log)

    def stop(self, key: str, grace: float) -> None:
        """End an attempt.

        :param grace: seconds between TERM and KILL; 0 kills at once.
        """
        self._host.stop(key, grace)

    def never_began(self, key: str) -> bool:
        """Whether an attempt that has ended is one whose container could not be started."""
        return self._in_containers and not (self._cwd(key) / "pid").exists()

    def was_short_of_memory(self, key: str) -> bool:
        """Whether a container's shim saw a kill for memory."""
        return (self._cwd(key) / OOM_MARK).exists()

    def clean(self, key: str, *, killed: bool) -> None:
        """Remove what an attempt leaves behind.

        :param killed: whether its processes were, so that its container may not have heard of the end.
        """
        if self._in_containers and killed:
            left = containers.container_name(key)
            threading.Thread(target=containers.remove, args=(left,), name="platerunner-remove").start()
        shutil.rmtree(self._cwd(key), ignore_errors=True)

    def _cwd(self, key: str) -> Path:
        return self._folder / "jobs" / key

    def _start_processes(self, job: Job, key: str, image: LocalImage, cwd: Path, log: Path) -> None:
        env = image.environment(self._base) | self._variables | {"TMPDIR": str(cwd)} | batch_variables(job)
        self._host.start(key, job.request.command, env, cwd, log, job.request.memory * 1024**2)

    def _start_container(self, job: Job, key: str, image: LocalImage, cwd: Path, log: Path) -> None:
        # Its own process table has no such pid; the container ends with the job's processes.
        shared = {name: value for name, value in self._variables.items() if name != PARENT_VARIABLE}
        argv = containers.command(
            image.container,
            job.request.command,
            shared | batch_variables(job),
            vcpus=job.request.vcpus,
            memory=job.request.memory * 1024**2,
            folder=cwd,
        )
        self._host.start(key, argv, containers.environment(self._base), cwd, log, None)


def batch_variables(job: Job) -> dict[str, str]:
    """What AWS Batch sets in a container, and the job's own variables.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
    """
    found = dict(job.request.environment) | {
        "AWS_BATCH_JOB_ID": job.id,
        "AWS_BATCH_JOB_ATTEMPT": str(len(job.attempts) + 1),
        "AWS_BATCH_JQ_NAME": job.request.queue.name,
        "AWS_BATCH_CE_NAME": job.request.queue.environment,
    }
    if job.index is not None:
        found["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.index)
    return found
