"""The bench of an acceptance: its wells, its runs, and what they left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from platerunner.batch.model import BatchError
from platerunner.cli.aws.connection import VARIABLE, Connection
from platerunner.cli.inspect.spec_session import SpecSession
from platerunner.cli.inspect.states import asking
from platerunner.cli.run.execution import AT_HOME, ON_AWS
from platerunner.cli.run.summary import StepSummary, summarise
from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.place import ledgers_of, rows_of_all
from platerunner.engine.planning.context import RunContext
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.results import load_result
from platerunner.engine.records.step_state import StateFile
from platerunner.engine.runs.direct import DirectRun
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import Storage

STEP = "work"
LINES = 20
"""That each well prints."""
ASKS = "asks"
COMMAND = (sys.executable, "-c", "from platerunner.cli import app; app()")
LOOK_S = 0.1
PATIENCE_S = 1800.0
"""Until a killed worker's jobs must have been submitted; in an account a host may have to start first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line decides.

    :param folder: for the spec, the wells' script, and the report.
    :param image: that all wells run with.
    :param next_image: the same program's other version.
    :param second: user name of who may open the gate.
    """

    folder: Path
    image: str
    next_image: str
    second: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that has ended.

    :param state: Airflow's word, or ``asks`` if it ended at its gate.
    :param messages: what failed, in its own words.
    """

    run_id: str
    state: str
    work: StepSummary
    messages: tuple[str, ...] = ()


@dataclass
class Bench:
    """What acts work with.

    :param root: URL of a folder in a workspace, for this acceptance alone.
    :param received: lines that a collector was sent so far, in the embedded cloud; None where nobody here can see them.
    """

    cloud: Connection
    asked: Asked
    root: str
    received: Sequence[str] | None = None

    @property
    def local(self) -> bool:
        """Whether the cloud is the embedded one."""
        return self.cloud.registry is not None

    @cached_property
    def extras(self) -> dict[str, Any]:
        """The connection's, with the acceptance's own roots: nothing is written among raw data."""
        return {**self.cloud.extras, "data_root": f"{self.root}/data", "workspace_root": f"{self.root}/results"}

    @cached_property
    def access(self) -> DirectAccess:
        """Clients and storages."""
        return DirectAccess(self.extras, ecr=self.cloud.registry)

    @cached_property
    def data(self) -> Storage:
        """The wells' files."""
        return self.access.storage(self.extras["data_root"])

    @cached_property
    def workspace(self) -> Storage:
        """What runs write."""
        return self.access.storage(self.extras["workspace_root"])

    @property
    def queue(self) -> str:
        """The queue that wells go to."""
        return self.access.settings.queues["spot"]

    def pipeline(self, *, gated: bool = False) -> Pipeline:
        """The spec, written beside the report.

        :param gated: with the gate and what comes after it.
        """
        self.asked.folder.mkdir(parents=True, exist_ok=True)
        shipped = files("platerunner.cli.acceptance") / "spec"
        (self.asked.folder / "well.py").write_text((shipped / "well.py").read_text())
        text = (shipped / "acceptance.yaml").read_text() + ((shipped / "gate.yaml").read_text() if gated else "")
        asked = self.asked
        names = {"IMAGE": asked.image, "NEXT": asked.next_image, "SECOND": asked.second}
        for name, value in names.items():
            text = text.replace(name, json.dumps(value))
        text = text.replace("COUNT", str(LINES))
        path = self.asked.folder / ("acceptance_with_gate.yaml" if gated else "acceptance.yaml")
        path.write_text(text)
        return load_pipeline(path)

    def write(self, plate: str, wells: Iterable[str], word: str = "fine") -> None:
        """Say what wells do, by their files."""
        for well in wells:
            self.data.put(f"{plate}/{well}.txt", f"{word}\n".encode())

    def context(self, run_id: str = "", **params: Any) -> RunContext:
        """What a run sees."""
        roots = self.extras["data_root"], self.extras["workspace_root"]
        return RunContext({"switched": False, **params}, *roots, run_id=run_id)

    def session(self, **params: Any) -> SpecSession:
        """The spec as commands look at it."""
        return SpecSession(self.pipeline(), self.context(**params), self.extras, self.cloud.registry)

    def run(self, *, gated: bool = False, **params: Any) -> Ran:
        """Run it to its end, or to the gate that asks."""
        pipeline, began = self.pipeline(gated=gated), time.monotonic()
        run_id = f"manual__{datetime.now(UTC).isoformat()}"
        run = DirectRun(self.access, pipeline, self.context(run_id, **params), AT_HOME if self.local else ON_AWS)
        messages, state = [], "failed"
        for event in run.events():
            if event["event"] == "failure":
                messages.append(event["message"])
                continue
            state = event.get("state", state)
            if asking(pipeline, event["states"]):
                state = ASKS
                break
        summary = summarise(pipeline, self.workspace, run_id, state, time.monotonic() - began)
        return Ran(run_id, state, summary.steps[STEP], tuple(messages))

    def rows(self, run_id: str) -> list[Row]:
        """What the ledger has of a run's wells: a row for each attempt."""
        every = rows_of_all(ledgers_of(self.access, self.workspace))
        return [row for row in every if row["run"] == run_id and row["step"] == STEP]

    def attempts(self, unit: str) -> list[Outcome]:
        """Outcomes of a unit, the last attempt last."""
        return OutcomeStore(self.workspace).attempts(STEP, unit)

    def outcome(self, unit: str) -> Outcome:
        """The outcome of a unit's last attempt."""
        return self.attempts(unit)[-1]

    def jobs(self, run_id: str) -> list[Mapping[str, Any]]:
        """The jobs of a run's wells, as Batch describes them."""
        ids = (load_result(self.workspace, run_id, STEP) or {}).get("jobs", ())
        return list(self.access.batch.describe_jobs(jobs=list(ids))["jobs"]) if ids else []

    def unended_jobs(self, run_id: str) -> list[str]:
        """Ids of jobs that a run's state names and that have not ended."""
        ids = [each.job_id for each in StateFile(self.workspace, run_id, STEP).load().submissions if each.job_id]
        jobs = self.access.batch.describe_jobs(jobs=ids)["jobs"] if ids else []
        return [job["jobId"] for job in jobs if job["status"] not in ("SUCCEEDED", "FAILED")]

    def set_queue(self, state: str) -> None:
        """Open or close the queue of the wells, and see that Batch has it so."""
        from botocore.exceptions import ClientError

        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.access.batch.update_job_queue(jobQueue=self.queue, state=state)  # type: ignore[arg-type]
                break
            except ClientError as error:  # while it is still changing for the last time
                if "being modified" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(1)
        while self._queue_is() != (state, "VALID"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the queue {self.queue} is not {state} after {PATIENCE_S / 60:.0f} minutes")
            time.sleep(LOOK_S if self.local else 2)

    def _queue_is(self) -> tuple[str, str]:
        (queue,) = self.access.batch.describe_job_queues(jobQueues=[self.queue])["jobQueues"]
        return queue["state"], queue.get("status", "VALID")

    def ask_doctor(self) -> list[dict[str, str]]:
        """What `platerunner doctor` finds, in a process of its own: Airflow, which it imports, takes the log over.

        :raises BatchError: if it did not come to its end.
        """
        environment = _environment(self.cloud.extras)
        asked = subprocess.run(
            [*COMMAND, "doctor", "--json"], env=environment, capture_output=True, text=True, check=False
        )
        try:
            return list(json.loads(asked.stdout))
        except ValueError:
            said = asked.stderr.strip() or asked.stdout.strip() or "nothing"
            raise BatchError(f"platerunner doctor ended with {asked.returncode} and said {said}") from None

    def kill_a_worker(self) -> str | None:
        """Start a run in a process of its own and kill that once its jobs are submitted.

        :returns: the run's id; None if the process ended before it could be killed.
        """
        before = set(self._states())
        argv = [*COMMAND, "run", str(self.pipeline().path)]
        roots = ["--data-root", self.extras["data_root"], "--workspace-root", self.extras["workspace_root"]]
        with (self.asked.folder / "killed_worker.log").open("w") as log:
            process = subprocess.Popen(
                [*argv, *roots],
                cwd=self.asked.folder,
                env=_environment(self.extras),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                return self._kill_once_submitted(process, before)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()

    def _kill_once_submitted(self, process: "subprocess.Popen[bytes]", before: set[str]) -> str | None:
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < deadline:
            for run_id in set(self._states()) - before:
                if any(each.job_id for each in StateFile(self.workspace, run_id, STEP).load().submissions):
                    process.send_signal(signal.SIGKILL)
                    return run_id
            time.sleep(LOOK_S)
        return None

    def _states(self) -> Iterator[str]:
        """Ids of runs that keep a state of the wells' step."""
        end = f"/{STEP}/state.json"
        for found in self.workspace.list("_platerunner/runs/"):
            if found.key.endswith(end):
                yield found.key.removeprefix("_platerunner/runs/").removesuffix(end)


def _environment(extras: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a process that uses a connection."""
    return {**os.environ, VARIABLE: json.dumps({"conn_type": "platerunner", "extra": dict(extras)})}
