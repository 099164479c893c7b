"""What decides which job of the embedded cloud runs when, and what becomes of it."""

import heapq
import os
import shutil
import signal
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platerunner.local import containers
from platerunner.local.faults import Dice
from platerunner.local.host import Host, base_environment
from platerunner.local.images import ImageMissingError, LocalImage, LocalImages
from platerunner.local.job import Job
from platerunner.local.limits import end_processes
from platerunner.local.shim import OOM_MARK
from platerunner.local.timers import Timers

PARENT_VARIABLE = "PLATERUNNER_PARENT"
KILLED = 128 + signal.SIGKILL
STOP_GRACE_S = 30.0
"""Between TERM and KILL, as AWS Batch and ECS do it."""
EXITED = "Essential container in task exited"
NOT_STARTED = "Task failed to start"
TIMED_OUT = "Job attempt duration exceeded timeout"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
TOO_LARGE = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can"
    " be met by the CE(s) attached to the job queue."
)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the machine gives to jobs.

    :param vcpus: cores.
    :param memory: MiB.
    """

    vcpus: float
    memory: int


OpenLog = Callable[[str, str, Path], None]


class Scheduler:
    """Jobs start in the order of their submission, as many as the machine holds; all state is under one lock.

    :param folder: for the jobs' working folders and logs.
    :param variables: environment that every job gets: how to reach the cloud.
    :param open_log: called with log group, stream and file before an attempt starts.
    """

    def __init__(
        self,
        folder: Path,
        capacity: Capacity,
        images: LocalImages,
        variables: dict[str, str],
        dice: Dice,
        open_log: OpenLog,
    ) -> None:
        self.capacity = capacity
        self.variables = variables
        self.dice = dice
        self.lock = threading.RLock()
        self._folder = folder
        self._images = images
        self._open_log = open_log
        self._ready: list[tuple[int, int, Job]] = []
        self._running: dict[str, Job] = {}
        self._held: dict[str, Job] = {}
        self._dependents: dict[str, list[Job]] = {}
        self._timers = Timers()
        self._base = base_environment()
        self._host = Host(self._on_event)
        self._closed = False
        self._in_containers = any(image.container for image in images.all)

    def close(self) -> None:
        """End all jobs."""
        with self.lock:
            self._closed = True
            self._ready.clear()
        self._timers.close()
        self._host.close()
        if self._in_containers:
            containers.remove()

    def submit(self, job: Job, known: dict[str, Job]) -> None:
        """Take a job, or a parent with its children, whose ``waits_for`` are set.

        :param known: all jobs by id.
        """
        with self.lock:
            if job.children:
                job.counts["SUBMITTED"] = len(job.children)
                self._move(job, "PENDING")
            for unit in job.children or [job]:
                self._wait_or_go(unit, known)
            self._dispatch()

    def stop(self, job: Job, reason: str, *, running: bool) -> None:
        """End a job, or an array with all its children.

        :param running: whether to end what runs already (TerminateJob) or only what does not (CancelJob).
        """
        with self.lock:
            if job.children and not job.ended and running:
                job.stopped_because = job.status_reason = reason
            for unit in job.children or [job]:
                self._stop_one(unit, reason, running=running)
            self._dispatch()

    def _stop_one(self, job: Job, reason: str, *, running: bool) -> None:
        if job.ended or job.stopped_because is not None:
            return
        if job.key in self._running:
            if running:
                job.stopped_because = reason
                self._host.stop(job.key, STOP_GRACE_S)
            return
        job.stopped_because = job.status_reason = reason
        self._held.pop(job.key, None)
        self._finish(job, "FAILED")

    def _wait_or_go(self, job: Job, known: dict[str, Job]) -> None:
        failed = [known[i] for i in job.waits_for if known[i].status == "FAILED"]
        job.waits_for = {i for i in job.waits_for if known[i].status != "SUCCEEDED"}
        if failed:
            job.status_reason = "Dependent Job failed"
            self._finish(job, "FAILED")
            return
        for other in job.waits_for:
            self._dependents.setdefault(other, []).append(job)
        self._move(job, "PENDING")
        if not job.waits_for:
            self._make_runnable(job)

    def _make_runnable(self, job: Job) -> None:
        self._move(job, "RUNNABLE")
        wanted = job.request
        if wanted.vcpus > self.capacity.vcpus or wanted.memory > self.capacity.memory:
            job.status_reason = TOO_LARGE
            return
        heapq.heappush(self._ready, (job.order, job.index or 0, job))

    def _dispatch(self) -> None:
        while self._ready and not self._closed:
            job = self._ready[0][2]
            if job.status == "RUNNABLE" and not self._fits(job):
                return
            heapq.heappop(self._ready)
            if job.status == "RUNNABLE":
                self._begin(job)

    def _fits(self, job: Job) -> bool:
        busy = [*self._running.values(), *self._held.values()]
        vcpus = sum(other.request.vcpus for other in busy) + job.request.vcpus
        memory = sum(other.request.memory for other in busy) + job.request.memory
        return vcpus <= self.capacity.vcpus and memory <= self.capacity.memory

    def _begin(self, job: Job) -> None:
        self._move(job, "STARTING")
        self._held[job.key] = job
        faults = self.dice.faults
        if faults.slow_start:
            self._timers.after(self.dice.between(0, faults.slow_start), self._start, job, job.key)
        else:
            self._start(job, job.key)

    def _start(self, job: Job, key: str) -> None:
        with self.lock:
            if self._held.pop(key, None) is None or self._closed:
                return
            self._running[key] = job
            number = len(job.attempts) + 1
            try:
                image = self._images.find(job.request.image)
            except ImageMissingError as error:
                self._not_started(job, key, f"CannotPullContainerError: {error}", None)
                return
            job.stream = f"{job.request.stream}/default/{uuid.uuid4().hex}"
            log = self._folder / "logs" / f"{key}.log"
            cwd = self._folder / "jobs" / key
            cwd.mkdir(parents=True)
            self._open_log(job.request.log_group, job.stream, log)
            self._run(job, key, image, _variables(job, number), cwd, log)

    def _run(self, job: Job, key: str, image: LocalImage, variables: dict[str, str], cwd: Path, log: Path) -> None:
        memory = job.request.memory * 1024**2
        if image.container:
            # Its own process table has no such pid; the container ends with the job's processes.
            inside = {name: value for name, value in self.variables.items() if name != PARENT_VARIABLE} | variables
            argv = containers.command(
                image.container, job.request.command, inside, vcpus=job.request.vcpus, memory=memory, folder=cwd
            )
            self._host.start(key, argv, containers.environment(self._base), cwd, log, None)
            return
        env = image.environment(self._base) | self.variables | {"TMPDIR": str(cwd)} | variables
        self._host.start(key, job.request.command, env, cwd, log, memory)

    def _on_event(self, event: dict[str, Any]) -> None:
        with self.lock:
            if event["event"] == "lost":
                self._lose_all()
            elif event["key"] in self._running:
                self._on_job_event(self._running[event["key"]], event)
            self._dispatch()

    def _lose_all(self) -> None:
        end_processes(self._running)
        for key, job in list(self._running.items()):
            _kill_group(job.pid)
            self._attempt_over(job, key, None, self._host_lost(), None)

    def _host_lost(self) -> str:
        return f"Host EC2 (instance {self.dice.instance()}) terminated."

    def _on_job_event(self, job: Job, event: dict[str, Any]) -> None:
        key = event["key"]
        if event["event"] == "started":
            job.started_at, job.pid = time.time(), event["pid"]
            self._move(job, "RUNNING")
            self._watch(job, key)
        elif event["event"] == "failed":
            program = job.request.command[0] if job.request.command else ""
            self._not_started(job, key, f"CannotStartContainerError: exec {program!r}: {event['error']}", 127)
        else:
            self._ended(job, key, event)

    def _watch(self, job: Job, key: str) -> None:
        if job.stopped_because is not None:  # terminated while it started
            self._host.stop(key, STOP_GRACE_S)
        if job.request.timeout is not None:
            self._timers.after(job.request.timeout, self._time_out, job, key)
        faults = self.dice.faults
        reclaimed = job.request.queue.spot and self.dice.happens(faults.spot_reclaim)
        if reclaimed or self.dice.happens(faults.lost_host):
            self._timers.after(self.dice.between(0, faults.lost_after), self._lose, job, key)

    def _time_out(self, job: Job, key: str) -> None:
        with self.lock:
            if key in self._running and job.stopped_because is None:
                job.stopped_because = TIMED_OUT
                self._host.stop(key, STOP_GRACE_S)

    def _lose(self, job: Job, key: str) -> None:
        with self.lock:
            if key in self._running and job.stopped_because is None:
                job.lost = True
                self._host.stop(key, 0)

    def _not_started(self, job: Job, key: str, reason: str, exit_code: int | None) -> None:
        job.exit_code = exit_code
        self._attempt_over(job, key, reason, NOT_STARTED, exit_code)
        self._dispatch()

    def _ended(self, job: Job, key: str, event: dict[str, Any]) -> None:
        code = event["code"] if event["code"] >= 0 else 128 - event["code"]
        if job.lost:
            self._attempt_over(job, key, None, self._host_lost(), None)
        elif self._in_containers and job.stopped_because is None and not (self._folder / "jobs" / key / "pid").exists():
            self._not_started(job, key, "CannotStartContainerError: podman says why in the job's log", code)
        else:
            oom = event["oom"] or (self._folder / "jobs" / key / OOM_MARK).exists()
            reason = OUT_OF_MEMORY if oom and code != 0 else None
            self._attempt_over(job, key, reason, job.stopped_because or EXITED, code)

    def _attempt_over(self, job: Job, key: str, reason: str | None, status_reason: str, code: int | None) -> None:
        del self._running[key]
        job.exit_code, job.reason, job.status_reason, job.stopped_at = code, reason, status_reason, time.time()
        job.close_attempt()
        if self._in_containers and (job.lost or code == KILLED):
            left = containers.container_name(key)
            threading.Thread(target=containers.remove, args=(left,), name="platerunner-remove").start()
        shutil.rmtree(self._folder / "jobs" / key, ignore_errors=True)
        if code == 0 and job.stopped_because is None:
            self._finish(job, "SUCCEEDED")
        elif self._tries_again(job):
            job.reset()
            self._make_runnable(job)
        else:
            self._finish(job, "FAILED")

    def _tries_again(self, job: Job) -> bool:
        if job.stopped_because is not None or len(job.attempts) >= job.request.attempts:
            return False
        return job.request.retries(
            exit_code=job.exit_code, reason=job.reason or "", status_reason=job.status_reason or ""
        )

    def _finish(self, job: Job, status: str) -> None:
        todo = deque([(job, status)])
        while todo:  # a chain of ten thousand dependents is no recursion
            job, status = todo.popleft()
            job.stopped_at = job.stopped_at or time.time()
            self._move(job, status)
            parent = job.parent
            if parent is not None and not parent.ended and _all_ended(parent):
                todo.append((parent, self._close_array(parent)))
            todo.extend(self._release(job))

    def _close_array(self, parent: Job) -> str:
        if parent.counts["FAILED"] == 0:
            return "SUCCEEDED"
        parent.status_reason = parent.stopped_because or "Array Child Job failed"
        return "FAILED"

    def _release(self, job: Job) -> list[tuple[Job, str]]:
        failed = []
        for dependent in self._dependents.pop(job.id, ()):
            dependent.waits_for.discard(job.id)
            if dependent.ended:
                continue
            if job.status == "FAILED":
                dependent.status_reason = "Dependent Job failed"
                failed.append((dependent, "FAILED"))
            elif not dependent.waits_for:
                self._make_runnable(dependent)
        return failed

    def _move(self, job: Job, status: str) -> None:
        if job.parent is not None:
            job.parent.counts[job.status] -= 1
            job.parent.counts[status] += 1
        job.shown, job.status, job.changed_at = job.status, status, time.time()


def _kill_group(pid: int | None) -> None:
    """End what a dead agent left behind; its jobs were told to end, but may ignore that."""
    if pid is None:
        return
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _all_ended(parent: Job) -> bool:
    return parent.counts["SUCCEEDED"] + parent.counts["FAILED"] == len(parent.children)


def _variables(job: Job, attempt: int) -> dict[str, str]:
    """What AWS Batch sets in a container.

    Source: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
    """
    found = dict(job.request.environment) | {
        "AWS_BATCH_JOB_ID": job.id,
        "AWS_BATCH_JOB_ATTEMPT": str(attempt),
        "AWS_BATCH_JQ_NAME": job.request.queue.name,
        "AWS_BATCH_CE_NAME": job.request.queue.environment,
    }
    if job.index is not None:
        found["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.index)
    return found
