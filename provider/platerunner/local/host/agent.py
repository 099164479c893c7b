"""The host of the embedded cloud: a small process with one thread that starts, watches and ends the jobs' commands.

It is apart from the cloud for three reasons: forking a process of many threads is unsafe and slow; the kernel's "your
parent died" signal follows the thread that forked; and the end of its standard input tells it that the cloud is gone,
however that died, so that no tool outlives it. It reads a JSON command per line and writes a JSON event per line::

    {"do": "start", "key", "argv", "env", "cwd", "log", "memory"}    -> started, then ended; or failed
    {"do": "stop", "key", "grace"}                                   TERM to the process group, KILL after grace seconds
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from functools import partial
from typing import Any, BinaryIO

from platerunner.local.host import limits, processes
from platerunner.local.host.forked import Runner
from platerunner.local.host.prctl import LINUX, PR_SET_CHILD_SUBREAPER, call_prctl
from platerunner.local.host.process import JobProcess
from platerunner.local.jobs.joblog import CHUNK
from platerunner_unit.contract.processes import find_tree

GRACE_S = 3.0
"""Between TERM and KILL when the cloud is gone."""
WATCH_S = 0.25
"""Between two looks at the memory of the process trees."""
STRAYS_S = 1.0
"""Between two looks for daemons whose job ended."""


class Agent:
    """The loop. Only its own thread touches its state."""

    def __init__(self, commands: int, events: BinaryIO) -> None:
        self._commands = commands
        self._events = events
        self._rest = b""
        self._closing = False
        self._jobs: dict[int, JobProcess] = {}
        self._runner = Runner()
        self._below = processes.Below(os.getpid())
        self._groups = limits.find_groups()
        self._old_groups: list[limits.Group] = []
        self._next_watch = self._next_strays = 0.0
        self._sweep = False
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Serve until the cloud closes the pipe or dies, then end what still runs."""
        os.set_blocking(self._commands, False)
        self._selector.register(self._commands, selectors.EVENT_READ, self._read_commands)
        wake, wake_in = os.pipe()
        for end in (wake, wake_in):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._close())
        self._selector.register(wake, selectors.EVENT_READ, partial(os.read, wake, CHUNK))
        while not (self._closing and not self._jobs):
            for ready, _ in self._selector.select(self._timeout()):
                ready.data()
            self._reap()
            self._tick(time.monotonic())
        deadline = time.monotonic() + GRACE_S
        while self._end_strays(all_of_them=True) and time.monotonic() < deadline:
            time.sleep(WATCH_S)  # a container's monitor leaves it behind as the next stray
            self._reap()

    def _timeout(self) -> float | None:
        if not self._jobs:
            return STRAYS_S if self._sweep else None
        deadlines = [job.kill_at - time.monotonic() for job in self._jobs.values() if job.kill_at is not None]
        return max(0.0, min([WATCH_S, *deadlines]))

    def _read_commands(self) -> None:
        try:
            data = os.read(self._commands, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._close()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        if command["do"] == "start":
            self._start(command)
            return
        for job in self._jobs.values():
            if job.key == command["key"]:
                self._stop(job, command["grace"])

    def _close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._selector.unregister(self._commands)
        for job in self._jobs.values():
            self._stop(job, GRACE_S)

    def _stop(self, job: JobProcess, grace: float) -> None:
        job.signal(signal.SIGTERM if grace > 0 else signal.SIGKILL)
        job.kill_at = time.monotonic() + grace

    def _start(self, command: dict[str, Any]) -> None:
        group = self._groups.make(command["memory"]) if command.get("memory") else None
        try:
            job = JobProcess(command, group, self._runner)
        except (OSError, subprocess.SubprocessError) as error:
            self._retire(group)
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._tell(key=command["key"], event="failed", error=reason)
            return
        self._jobs[job.pid] = job
        self._selector.register(job.output, selectors.EVENT_READ, partial(job.pump, self._selector))
        self._tell(key=job.key, event="started", pid=job.pid)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._jobs:
                self._ended(self._jobs.pop(pid), os.waitstatus_to_exitcode(status), usage.ru_maxrss)

    def _ended(self, job: JobProcess, code: int, peak_kib: int) -> None:
        self._sweep = True
        job.signal(signal.SIGKILL)  # a container's processes end with its first one
        job.close(code, self._selector)
        peak = job.group.peak() if job.group else None
        oom = job.was_killed_for_memory()
        self._retire(job.group)
        self._tell(key=job.key, event="ended", code=code, oom=oom, peak=peak or peak_kib * 1024)

    def _retire(self, group: limits.Group | None) -> None:
        if group is not None and not group.remove():
            self._old_groups.append(group)

    def _tick(self, now: float) -> None:
        for job in self._jobs.values():
            if job.kill_at is not None and now >= job.kill_at:
                job.signal(signal.SIGKILL)
                job.kill_at = now + GRACE_S
        if now >= self._next_watch:
            self._next_watch = now + WATCH_S
            self._watch_memory()
        if self._sweep and now >= self._next_strays:
            self._next_strays = now + STRAYS_S
            ended = self._end_strays(all_of_them=False)
            self._old_groups = [group for group in self._old_groups if not group.remove()]
            self._sweep = bool(ended or self._jobs or self._old_groups)

    def _watch_memory(self) -> None:
        watched = [job for job in self._jobs.values() if job.group is None and job.memory is not None]
        table = self._below.look() if watched else {}
        for job in watched:
            assert job.memory is not None
            job.oom |= limits.enforce(find_tree(table, job.pid), job.memory)

    def _end_strays(self, *, all_of_them: bool) -> bool:
        """End daemons that left their job's session and became children of this process, once their job has ended.

        :returns: whether there were any.
        """
        if not LINUX:
            return False
        found = False
        keys = {job.key for job in self._jobs.values()}
        for process in self._below.look().values():
            if process.parent != os.getpid() or process.pid in self._jobs:
                continue
            if all_of_them or (process.session not in self._jobs and processes.job_of(process.pid) not in keys):
                found = True
                _kill(process.pid)
        return found

    def _tell(self, **event: object) -> None:
        try:
            self._events.write(json.dumps(event).encode() + b"\n")
            self._events.flush()
        except BrokenPipeError:
            self._close()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def main() -> None:
    """Run until standard input ends."""
    call_prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Agent(sys.stdin.fileno(), sys.stdout.buffer).run()


if __name__ == "__main__":
    main()
