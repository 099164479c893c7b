"""A run as its parent process sees it: the engine process and its events."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from platerunner.cli.run.home import AirflowHome


@dataclass
class Engine:
    """The process that runs the DAG, and its two pipes.

    :param home: its Airflow.
    :param log: file for everything that Airflow prints.
    """

    home: AirflowHome
    log: Path
    run_after: datetime = field(default_factory=lambda: datetime.now(UTC))
    process: subprocess.Popen[str] | None = None

    @property
    def run_id(self) -> str:
        """The DAG run's id."""
        return f"manual__{self.run_after.isoformat()}"

    def events(self, spec: Path, conf: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Start it and yield what it reports, to its end.

        :param spec: the spec's file.
        :param conf: the DAG run's conf.
        :param environment: variables on top of this process's.
        """
        reading, writing = os.pipe()
        # dag.test() has no executor that could lose the race of a trigger against its task's parking.
        own = {"PLATERUNNER_EVENTS": str(writing), "PLATERUNNER_FIRST_POLL": "0.5"}
        env = {**os.environ, **environment, **own}
        argv = [
            sys.executable,
            "-m",
            "platerunner.cli.run.airflow_process",
            str(spec),
            self.run_after.isoformat(),
            json.dumps(conf),
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

    def answer(self, task: str, index: int, choice: str, comment: str) -> None:
        """Answer a gate that waits.

        :param task: the gate's task id.
        :param index: its map index; -1 for a gate that is in no branch.
        :param choice: ``Approve`` or ``Reject``.
        :param comment: for the record.
        """
        stdin = self._stdin()
        stdin.write(json.dumps({"task": task, "index": index, "choice": choice, "comment": comment}) + "\n")
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
