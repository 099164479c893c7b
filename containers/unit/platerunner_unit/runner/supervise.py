"""Runs the tool to its end, and takes requests to stop: TERM, INT, the launcher's end."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Optional

from platerunner_unit.contract.processes import catches_signal, is_alive, read_tree, trace_stacks
from platerunner_unit.log.pump import Feed, LogFile, Pump
from platerunner_unit.runner.process import ToolProcess
from platerunner_unit.runner.watch import Usage, Watch, own_cgroup
from platerunner_unit.tools import Tool
from platerunner_unit.tools.job import Job

_PARENT_CHECK_S = 1.0


class Stop:
    """Remembers the first request to stop; handlers only take notes, so that no work is torn in the middle.

    :param parent: process id; its end counts as a request. None for none.
    """

    def __init__(self, parent: Optional[int] = None) -> None:
        self.number: Optional[int] = None
        self.at: Optional[float] = None
        self._parent = parent
        self._checked = 0.0
        self._wakeup, self._writer = os.pipe()
        for fd in (self._wakeup, self._writer):
            os.set_blocking(fd, False)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take the signals; the handlers from before come back at the end."""
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before: dict[int, Any] = {number: signal.signal(number, self._note) for number in numbers}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        fd = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(fd)
            for number, handler in before.items():
                signal.signal(number, handler)

    def requested(self) -> bool:
        """Whether the unit has to stop."""
        if self.number is None and self._parent is not None and time.monotonic() - self._checked > _PARENT_CHECK_S:
            self._checked = time.monotonic()
            if not is_alive(self._parent):
                self._note(signal.SIGTERM, None)
        return self.number is not None

    def wait(self, seconds: float, news: Optional[int] = None) -> None:
        """Sleep until a signal comes, a child's end included.

        :param news: a file descriptor that wakes it too, once there is something to read.
        """
        fds = [self._wakeup] if news is None else [self._wakeup, news]
        readable, _, _ = select.select(fds, [], [], max(0.0, seconds))
        if self._wakeup in readable:
            os.read(self._wakeup, 4096)

    def _note(self, number: int, _frame: Optional[FrameType]) -> None:
        if self.number is None:
            self.number, self.at = number, time.monotonic()


Start = Callable[[Sequence[str], Mapping[str, str], Path, int], ToolProcess]
"""Makes a process of a command line, its environment, its folder and a file descriptor for its output."""
_LOOK_S = 1.0
_PIPE_S = 5.0
_STACK_S = 2.0


@dataclass(frozen=True)
class Ended:
    """How the tool ended.

    :param exit_code: as ``Popen.returncode``.
    :param stopped_by: ``user``, ``stall``, ``after_complete``, or None if it ended by itself.
    :param tail: its last lines.
    :param open_line: whether the last one lacks its end.
    :param feed_error: traceback of the detector if that failed; else empty.
    """

    exit_code: Optional[int]
    stopped_by: Optional[str]
    usage: Usage
    tail: tuple[str, ...]
    open_line: bool
    feed_error: str


def run_tool(
    job: Job,
    tool: Tool,
    all_there: Callable[[], bool],
    log: LogFile,
    feed: Feed,
    stop: Stop,
    start: Start = ToolProcess,
) -> Ended:
    """Start the tool and see it to its end.

    :param all_there: whether all expected outputs are there; asked only when the tool says that it is complete.
    :param feed: gets the tool's output.
    :param stop: requests from outside.
    :param start: makes the process.
    :raises ToolMissingError: if it cannot be started.
    """
    group = own_cgroup()
    pump = Pump(log, feed)
    argv = tool.command(job)
    process = start(argv, job.environment(tool.environment(job)), tool.folder(job), pump.input)
    pump.start()
    watch = Watch(
        process.pid, job.step.stall_s, job.settings.linger_s, lambda: tool.complete(job) and all_there(), group
    )
    stopped_by = _Supervisor(process, pump, watch, log, stop, job.settings.grace_s).until_end()
    process.clear()
    if not pump.finish(_PIPE_S):
        log.say("a process that the tool started still holds its output; what it writes from here on is not kept")
    return Ended(
        process.exit_code, stopped_by, watch.usage(process.spent()), pump.tail, pump.open_line, pump.feed_error
    )


class _Supervisor:
    """The loop around a running tool."""

    def __init__(
        self, process: ToolProcess, pump: Pump, watch: Watch, log: LogFile, stop: Stop, grace_s: float
    ) -> None:
        self._process, self._pump, self._watch, self._log = process, pump, watch, log
        self._stop, self._grace_s = stop, grace_s
        self._stopped_by: Optional[str] = None

    def until_end(self) -> Optional[str]:
        """Look, wait, look again.

        :returns: why the tool was stopped; None if it was not.
        """
        looked = time.monotonic()  # what has just started is not worth a look
        while self._process.poll() is None:
            if self._stop.requested() and self._stopped_by != "user":
                self._end("user", self._stop.number or signal.SIGTERM)
            if time.monotonic() - looked >= _LOOK_S:
                looked = time.monotonic()
                self._react(self._watch.look(self._pump.last_output))
            self._stop.wait(0.1 if self._stopped_by else _LOOK_S, self._process.news)
        return self._stopped_by

    def _react(self, reason: Optional[str]) -> None:
        if reason is None or self._stopped_by is not None:
            return
        self._log.say(f"the tool is ended: {reason}")
        if reason == "stall":
            self._keep_stacks()
        self._end(reason, signal.SIGTERM)

    def _end(self, reason: str, number: int) -> None:
        self._stopped_by = self._stopped_by or reason
        if reason == "user":
            self._stopped_by = "user"
        self._process.stop(number, self._grace_s)

    def _keep_stacks(self) -> None:
        """Where every thread waits, from the kernel; and from the process itself if it takes a signal for that.

        A JVM and Go print their threads on QUIT, Python with its fault handler on ABRT (and dies of it, as it is to).
        With ``-Xrs`` a JVM has no handler, and QUIT would only kill it, so the handlers are checked first.
        """
        for line in trace_stacks(self._process.pid):
            self._log.say(line)
        for stat in read_tree(self._process.pid):
            number = next((n for n in (signal.SIGQUIT, signal.SIGABRT) if catches_signal(stat.pid, n)), None)
            if number is not None and self._process.poll() is None:
                os.kill(stat.pid, number)
        deadline = time.monotonic() + _STACK_S
        while self._process.poll() is None and time.monotonic() < deadline:
            self._stop.wait(0.1)
