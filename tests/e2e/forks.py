"""Processes of a task, as forks of one that has everything imported: they are at work at once, and may die there.

To import Airflow takes seconds of CPU, more than most of these processes take for their work.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parent
KILLED = (-signal.SIGALRM, -signal.SIGPROF)
"""Exit codes of a fork whose time was over: nothing catches these signals, so that it ends where it is."""
SERVER = """
import gc, json, os, signal, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what is logged goes to the log
from tests.e2e import chaos_worker
from platerunner.batch import views
if sys.argv[1:]:
    views.has_ended.__defaults__ = (float(sys.argv[1]),)
gc.collect()
gc.freeze()  # a collection would copy the pages that all forks share
for line in sys.stdin:
    argv, timer, after = json.loads(line)
    if (pid := os.fork()) == 0:
        if after is not None:
            signal.setitimer(getattr(signal, timer), after)
        try:
            code = chaos_worker.main(argv)
        except BaseException:
            import traceback
            traceback.print_exc()
            code = 1
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=answers, flush=True)
"""


class Forks:
    """Starts forks, one after another.

    :param connection: what Airflow knows of the cloud.
    :param environment: of all of them, on top of this process's.
    :param folder: that they work in.
    :param log: file for what they say.
    :param options: of the process that they are forks of.
    """

    def __init__(
        self, connection: Mapping[str, object], environment: Mapping[str, str], folder: Path, log: Path, *options: str
    ) -> None:
        told = json.dumps({"conn_type": "platerunner", "extra": dict(connection)})
        env = {**os.environ, **environment, "AIRFLOW_CONN_PLATERUNNER": told}
        env |= {"AIRFLOW_HOME": str(folder / "airflow"), "PYTHONPATH": str(HERE.parents[1])}
        self.log = log
        with log.open("ab") as out:
            self._server = subprocess.Popen(
                [sys.executable, "-c", SERVER, *options],
                env=env, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, text=True,
            )  # fmt: skip

    def run(self, argv: Sequence[str], seconds: float | None = None, *, cpu: float | None = None) -> int:
        """Exit code of a fork; one of :data:`KILLED` if its time was over first.

        :param argv: of :mod:`tests.e2e.chaos_worker`.
        :param seconds: after which it is killed; None for never.
        :param cpu: the same, in seconds of CPU, which come on a slow machine and on a quick one.
        """
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        timer, after = ("ITIMER_REAL", seconds) if cpu is None else ("ITIMER_PROF", cpu)
        self._server.stdin.write(json.dumps([argv, timer, after]) + "\n")
        self._server.stdin.flush()
        answer = self._server.stdout.readline()
        assert answer, self.log.read_text()[-3000:]
        return int(answer)

    def close(self) -> None:
        """End the process that they were forks of."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()
