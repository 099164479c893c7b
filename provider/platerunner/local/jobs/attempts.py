"""The attempts that are running: how each starts, what can end it early, and how it ended."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from platerunner.local.aws.faults import Dice
from platerunner.local.aws.images import ImageMissingError
from platerunner.local.aws.shown import attempt_of
from platerunner.local.host.launch import Launcher
from platerunner.local.host.processes import end_processes
from platerunner.local.jobs.instances import Instances
from platerunner.local.jobs.job import Job
from platerunner.local.jobs.timers import Timers

KILLED = 128 + signal.SIGKILL
STOP_GRACE_S = 30.0
"""Between TERM and KILL, as AWS Batch and ECS do it."""
EXITED = "Essential container in task exited"
NOT_STARTED = "Task failed to start"
TIMED_OUT = "Job attempt duration exceeded timeout"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


class Attempts:
    """Jobs from STARTING to the end of an attempt.

    :param instances: that they run on.
    :param lock: the scheduler's; held by the caller of any method here.
    :param over: called with a job whose attempt has ended, as its fields say.
    """

    def __init__(
        self,
        launcher: Launcher,
        instances: Instances,
        dice: Dice,
        lock: threading.RLock,
        over: Callable[[Job], None],
    ) -> None:
        self._launcher = launcher
        self._instances = instances
        self._dice = dice
        self._lock = lock
        self._over = over
        self._running: dict[str, Job] = {}
        self._held: dict[str, Job] = {}
        self._timers = Timers()
        self._closed = False

    def close(self) -> None:
        """End all of them; none starts any more. Without the lock: their last events need it."""
        self._closed = True
        self._timers.close()
        self._launcher.close()

    @property
    def busy(self) -> list[Job]:
        """Jobs that count against the instances' capacity."""
        return [*self._running.values(), *self._held.values()]

    def begin(self, job: Job) -> None:
        """Start a job's next attempt: at once, or after the delay of a slow start."""
        job.move("STARTING")
        self._held[job.key] = job
        if slow := self._dice.faults.slow_start:
            self._timers.after(self._dice.between(0, slow), self._start, job, job.key)
        else:
            self._start(job, job.key)

    def runs(self, job: Job) -> bool:
        """Whether a job has been given to the host."""
        return job.key in self._running

    def stop(self, job: Job, reason: str) -> None:
        """End a running job, because a person or a time limit asks for it."""
        job.stopped_because = reason
        self._launcher.stop(job.key, STOP_GRACE_S)

    def give_up(self, job: Job) -> None:
        """Drop a job that has not started yet."""
        self._held.pop(job.key, None)

    def take(self, event: dict[str, Any]) -> None:
        """Take in what the agent reports of attempts."""
        if event["event"] == "lost":
            self._lose_all()
        elif event["key"] in self._running:
            self._take_of(self._running[event["key"]], event)

    def _start(self, job: Job, key: str) -> None:
        with self._lock:
            if self._held.pop(key, None) is None or self._closed:
                return
            self._running[key] = job
            job.instance = self._instances.of(job.request.queue.environment, spot=job.request.queue.spot)
            try:
                self._launcher.start(job, key)
            except ImageMissingError as error:
                self._end(job, key, f"CannotPullContainerError: {error}", NOT_STARTED, None)

    def _take_of(self, job: Job, event: dict[str, Any]) -> None:
        key = event["key"]
        if event["event"] == "started":
            job.started_at, job.pid = time.time(), event["pid"]
            job.move("RUNNING")
            self._watch(job, key)
        elif event["event"] == "failed":
            program = job.request.command[0] if job.request.command else ""
            reason = f"CannotStartContainerError: exec {program!r}: {event['error']}"
            self._end(job, key, reason, NOT_STARTED, 127)
        else:
            self._take_end(job, key, event)

    def _watch(self, job: Job, key: str) -> None:
        if job.stopped_because is not None:  # terminated while it started
            self._launcher.stop(key, STOP_GRACE_S)
        if job.request.timeout is not None:
            self._timers.after(job.request.timeout, self._time_out, job, key)
        faults = self._dice.faults
        reclaimed = job.request.queue.spot and self._dice.happens(faults.spot_reclaim)
        if reclaimed or self._dice.happens(faults.lost_host):
            self._timers.after(self._dice.between(0, faults.lost_after), self._lose, job, key)

    def _time_out(self, job: Job, key: str) -> None:
        with self._lock:
            if key in self._running and job.stopped_because is None:
                self.stop(job, TIMED_OUT)

    def _lose(self, job: Job, key: str) -> None:
        with self._lock:
            if key in self._running and job.stopped_because is None:
                job.lost = True
                self._launcher.stop(key, 0)

    def _lose_all(self) -> None:
        end_processes(self._running)
        for key, job in list(self._running.items()):
            _kill_group(job.pid)
            self._end(job, key, None, self._lose_instance(job), None)

    def _lose_instance(self, job: Job) -> str:
        """Take a job's instance away, and report it as Batch does."""
        assert job.instance is not None
        self._instances.lose(job.instance)
        return f"Host EC2 (instance {job.instance.id}) terminated."

    def _take_end(self, job: Job, key: str, event: dict[str, Any]) -> None:
        code = event["code"] if event["code"] >= 0 else 128 - event["code"]
        if job.lost:
            self._end(job, key, None, self._lose_instance(job), None)
        elif job.stopped_because is None and self._launcher.never_began(key):
            self._end(job, key, "CannotStartContainerError: podman says why in the job's log", NOT_STARTED, code)
        else:
            oom = event["oom"] or self._launcher.was_short_of_memory(key)
            reason = OUT_OF_MEMORY if oom and code != 0 else None
            self._end(job, key, reason, job.stopped_because or EXITED, code)

    def _end(self, job: Job, key: str, reason: str | None, status_reason: str, code: int | None) -> None:
        del self._running[key]
        job.exit_code, job.reason, job.status_reason, job.stopped_at = code, reason, status_reason, time.time()
        job.attempts.append(attempt_of(job))
        self._launcher.clean(key, killed=job.lost or code == KILLED)
        self._over(job)


def _kill_group(pid: int | None) -> None:
    """End what a dead agent left behind; its jobs got a signal to end, but may ignore it."""
    if pid is None:
        return
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
