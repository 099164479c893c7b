"""Runs the tool to its end, whatever end that is."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from platerunner_unit.contract.processes import catches_signal, read_tree, trace_stacks
from platerunner_unit.log.pump import Feed, LogFile, Pump
from platerunner_unit.runner import cgroup
from platerunner_unit.runner.process import ToolProcess
from platerunner_unit.runner.stop import Stop
from platerunner_unit.runner.watch import Usage, Watch
from platerunner_unit.tools import Tool
from platerunner_unit.tools.job import Job

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


def run_tool(job: Job, tool: Tool, all_there: Callable[[], bool], log: LogFile, feed: Feed, stop: Stop) -> Ended:
    """Start the tool and see it to its end.

    :param all_there: whether all expected outputs are there; asked only when the tool says that it is complete.
    :param feed: gets the tool's output.
    :param stop: requests from outside.
    :raises ToolMissingError: if it cannot be started.
    """
    group = cgroup.own()
    pump = Pump(log, feed)
    argv = tool.command(job)
    process = ToolProcess(argv, job.environment(tool.environment(job)), job.folder.out, pump.input)
    pump.start()
    watch = Watch(
        process.pid, job.step.stall_s, job.settings.linger_s, lambda: tool.complete(job) and all_there(), group
    )
    stopped_by = _Supervisor(process, pump, watch, log, stop, job.settings.grace_s).until_end()
    process.clear()
    if not pump.finish(_PIPE_S):
        log.say("a process that the tool started still holds its output; what it writes from here on is not kept")
    return Ended(process.exit_code, stopped_by, watch.usage(), pump.tail, pump.open_line, pump.feed_error)


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
            self._stop.wait(0.1 if self._stopped_by else _LOOK_S)
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
        With ``-Xrs`` a JVM has no handler, and QUIT would only kill it: hence the look at the handlers first.
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
