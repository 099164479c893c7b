"""A run by Airflow, as its parent process sees it: the process that runs the DAG, and its events."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, ClassVar


@dataclass
class AirflowRun:
    """The process that runs the DAG, and its two pipes.

    :param log: file for everything that Airflow prints.
    :param run_after: the run's date.
    :param spec: the spec's file.
    :param conf: the DAG run's conf.
    :param environment: variables on top of this process's.
    """

    still_s: ClassVar[float] = 5.0
    """Seconds without any task that runs or is to run, after which nothing but an answer is missing: between two tasks
    `dag.test()` needs a moment."""

    log: Path
    run_after: datetime
    spec: Path
    conf: Mapping[str, Any]
    environment: Mapping[str, str]
    process: subprocess.Popen[str] | None = None

    def events(self) -> Iterator[dict[str, Any]]:
        """Start it and yield what it reports, to its end."""
        reading, writing = os.pipe()
        # dag.test() has no executor that could lose the race of a trigger against its task's parking.
        own = {"PLATERUNNER_EVENTS": str(writing), "PLATERUNNER_FIRST_POLL": "0.5"}
        env = {**os.environ, **self.environment, **own}
        argv = [
            sys.executable,
            "-m",
            "platerunner.cli.run.airflow_process",
            str(self.spec),
            self.run_after.isoformat(),
            json.dumps(self.conf),
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                argv, env=env, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True, pass_fds=(writing,)
            )
        os.close(writing)
        try:
            with os.fdopen(reading) as lines:
                for line in lines:
                    yield json.loads(line)
        except (KeyboardInterrupt, GeneratorExit):
            self.abandon()  # nobody reads on, and dag.test() does not end on SIGINT
            raise
        finally:
            self.stop()

    def answer(self, name: str, index: int, choice: str, comment: str) -> None:
        """Answer a gate that waits.

        :param name: the gate's, which is its task id.
        :param index: its map index; -1 for a gate that is in no branch.
        :param choice: ``Approve`` or ``Reject``.
        :param comment: for the record.
        """
        stdin = self._stdin()
        stdin.write(json.dumps({"task": name, "index": index, "choice": choice, "comment": comment}) + "\n")
        stdin.flush()

    def abandon(self) -> None:
        """End it where it stands; what it did is recorded, and another run goes on from there."""
        assert self.process is not None
        self.process.kill()

    def stop(self) -> int:
        """Wait for its end, which is forced if it does not come; its exit status."""
        if self.process is None:
            return 1
        with contextlib.suppress(BrokenPipeError):
            self._stdin().close()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()  # dag.test() does not end on SIGTERM
            return self.process.wait()

    def _stdin(self) -> IO[str]:
        assert self.process is not None
        assert self.process.stdin is not None
        return self.process.stdin
