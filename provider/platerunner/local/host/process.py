"""A job's process, as the agent starts it and reads what it says."""

import os
import selectors
import signal
import subprocess
from functools import partial
from typing import Any

from platerunner.local.host.forked import Runner
from platerunner.local.host.limits import Group
from platerunner.local.host.prctl import end_with
from platerunner.local.jobs.joblog import CHUNK, Log


class JobProcess:
    """A command in a session of its own, which ends with the agent.

    :param command: as the agent gets it.
    :param group: control group that it enters; None for none.
    :param runner: what a fork may stand for.
    :raises OSError: if it cannot be started; likewise subprocess.SubprocessError.
    """

    def __init__(self, command: dict[str, Any], group: Group | None, runner: Runner) -> None:
        self.key: str = command["key"]
        self.memory: int | None = command.get("memory")
        self.group = group
        self.oom = False
        self.kill_at: float | None = None
        """When the grace ends, on the monotonic clock; None if nobody stopped it."""
        self.output, child_end = os.pipe()
        try:
            self._executed = None if runner.stands_for(command) else _execute(command, child_end, group)
            self.pid = self._executed.pid if self._executed else runner.fork(command, child_end, group)
            """The process id of the command itself, which leads its session."""
        except (OSError, subprocess.SubprocessError):
            os.close(self.output)
            raise
        finally:
            os.close(child_end)
        os.set_blocking(self.output, False)
        self._log = Log(command["log"])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process group."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def pump(self, selector: selectors.BaseSelector) -> bool:
        """Put what it has said into its log.

        :param selector: that waits for it; not any more once all writers have closed it, though the process may go on.
        :returns: whether there was anything.
        """
        try:
            data = os.read(self.output, CHUNK)
        except BlockingIOError:
            return False
        if data:
            self._log.write(data)
        else:
            selector.unregister(self.output)
        return bool(data)

    def close(self, code: int, selector: selectors.BaseSelector) -> None:
        """Take its last words, when it has been waited for.

        :param code: that it ended with.
        """
        if self._executed is not None:
            self._executed.returncode = code
        while self.output in selector.get_map() and self.pump(selector):
            continue
        if self.output in selector.get_map():
            selector.unregister(self.output)
        os.close(self.output)
        self._log.close()

    def was_killed_for_memory(self) -> bool:
        """Whether the agent or the kernel ended it for what it took."""
        return self.oom or (self.group is not None and self.group.killed())


def _execute(command: dict[str, Any], output: int, group: Group | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command["argv"],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=command["env"],
        cwd=command["cwd"],
        start_new_session=True,
        preexec_fn=partial(_in_child, os.getpid(), group),
    )


def _in_child(agent: int, group: Group | None) -> None:
    end_with(agent)
    if group is not None:
        group.enter()
