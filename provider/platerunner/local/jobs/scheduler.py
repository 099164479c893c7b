"""Decides which job of the embedded cloud runs when, and records how it ends."""

import heapq
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platerunner.local.aws.faults import Dice
from platerunner.local.aws.images import LocalImages
from platerunner.local.host.launch import Launcher, OpenLog
from platerunner.local.jobs.attempts import Attempts
from platerunner.local.jobs.consumables import Consumables
from platerunner.local.jobs.instances import Instances
from platerunner.local.jobs.job import Job

TOO_LARGE = (
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can"
    " be met by the CE(s) attached to the job queue."
)
DEPENDENCY_FAILED = "Dependent Job failed"


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the machine gives to jobs.

    :param vcpus: cores.
    :param memory: MiB.
    """

    vcpus: float
    memory: int


class Scheduler:
    """Jobs start in the order of their submission, as many as the machine holds; all state is under one lock.

    :param folder: for the jobs' working folders and logs.
    :param variables: environment that every job gets: how to reach the cloud.
    :param open_log: called with log group, stream and file before an attempt starts.
    :param instances: that jobs run on.
    """

    def __init__(
        self,
        folder: Path,
        capacity: Capacity,
        images: LocalImages,
        variables: dict[str, str],
        dice: Dice,
        open_log: OpenLog,
        instances: Instances,
    ) -> None:
        self.capacity = capacity
        self.consumables = Consumables()
        self.dice = dice
        self.lock = threading.RLock()
        self._ready: list[tuple[int, int, Job]] = []
        self._dependents: dict[str, list[Job]] = {}
        self._closed = self._dispatching = False
        launcher = Launcher(folder, images, variables, open_log, self._on_event)
        self._attempts = Attempts(launcher, instances, dice, self.lock, self._attempt_over)

    def close(self) -> None:
        """End all jobs."""
        with self.lock:
            self._closed = True
            self._ready.clear()
        self._attempts.close()

    def submit(self, job: Job, known: dict[str, Job]) -> None:
        """Take a job, or a parent with its children, whose ``waits_for`` are set.

        :param known: all jobs by id.
        """
        with self.lock:
            if job.children:
                job.counts["SUBMITTED"] = len(job.children)
                job.move("PENDING")
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
        if self._attempts.runs(job):
            if running:
                self._attempts.stop(job, reason)
            return
        job.stopped_because = job.status_reason = reason
        self._attempts.give_up(job)
        self._finish(job, "FAILED")

    def _wait_or_go(self, job: Job, known: dict[str, Job]) -> None:
        failed = [known[i] for i in job.waits_for if known[i].status == "FAILED"]
        job.waits_for = {i for i in job.waits_for if known[i].status != "SUCCEEDED"}
        if failed:
            job.status_reason = DEPENDENCY_FAILED
            self._finish(job, "FAILED")
            return
        for other in job.waits_for:
            self._dependents.setdefault(other, []).append(job)
        job.move("PENDING")
        if not job.waits_for:
            self._make_runnable(job)

    def _make_runnable(self, job: Job) -> None:
        job.move("RUNNABLE")
        wanted = job.request
        if wanted.vcpus > self.capacity.vcpus or wanted.memory > self.capacity.memory:
            job.status_reason = TOO_LARGE
            return
        heapq.heappush(self._ready, (job.order, job.index or 0, job))

    def _dispatch(self) -> None:
        if self._dispatching:  # an attempt that is over at once comes back here, for each of ten thousand children
            return
        self._dispatching = True
        try:
            while self._ready and not self._closed:
                job = self._ready[0][2]
                if job.status == "RUNNABLE" and not self._fits(job):
                    return
                waiting = heapq.heappop(self._ready)
                if job.status != "RUNNABLE":
                    self._wake_behind(job)
                elif lacking := self.consumables.lacking(job, self._attempts.busy):
                    self.consumables.hold_back(lacking, waiting)
                else:
                    self._attempts.begin(job)
        finally:
            self._dispatching = False

    def _fits(self, job: Job) -> bool:
        busy = self._attempts.busy
        vcpus = sum(other.request.vcpus for other in busy) + job.request.vcpus
        memory = sum(other.request.memory for other in busy) + job.request.memory
        return vcpus <= self.capacity.vcpus and memory <= self.capacity.memory

    def _on_event(self, event: dict[str, Any]) -> None:
        with self.lock:
            self._attempts.take(event)

    def _wake_behind(self, job: Job) -> None:
        """Let those look again that waited for what a job held, or would have held."""
        for waiting in self.consumables.released(job):
            heapq.heappush(self._ready, waiting)

    def _attempt_over(self, job: Job) -> None:
        self._wake_behind(job)
        if job.exit_code == 0 and job.stopped_because is None:
            self._finish(job, "SUCCEEDED")
        elif _tries_again(job):
            job.reset()
            self._make_runnable(job)
        else:
            self._finish(job, "FAILED")
        self._dispatch()

    def _finish(self, job: Job, status: str) -> None:
        todo = deque([(job, status)])
        while todo:  # a chain of ten thousand dependents is not a recursion
            job, status = todo.popleft()
            job.stopped_at = job.stopped_at or time.time()
            job.move(status)
            parent = job.parent
            if parent is not None and not parent.ended and parent.children_ended:
                todo.append((parent, _close_array(parent)))
            todo.extend(self._release(job))

    def _release(self, job: Job) -> list[tuple[Job, str]]:
        failed = []
        for dependent in self._dependents.pop(job.id, ()):
            dependent.waits_for.discard(job.id)
            if dependent.ended:
                continue
            if job.status == "FAILED":
                dependent.status_reason = DEPENDENCY_FAILED
                failed.append((dependent, "FAILED"))
            elif not dependent.waits_for:
                self._make_runnable(dependent)
        return failed


def _tries_again(job: Job) -> bool:
    if job.stopped_because is not None or len(job.attempts) >= job.request.attempts:
        return False
    return job.request.retries(exit_code=job.exit_code, reason=job.reason or "", status_reason=job.status_reason or "")


def _close_array(parent: Job) -> str:
    if parent.counts["FAILED"] == 0:
        return "SUCCEEDED"
    parent.status_reason = parent.stopped_because or "Array Child Job failed"
    return "FAILED"
