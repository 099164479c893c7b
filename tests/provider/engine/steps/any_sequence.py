"""A lab in one process, whose AWS may refuse, be silent or slow, and whose workers may be killed at any write."""

import itertools
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError, ReadTimeoutError
from tests.lab import SPEC

from platerunner.batch import submit, views
from platerunner.batch.calls import TokenBucket
from platerunner.engine.access import Access
from platerunner.engine.connection import ConnectionSettings
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.planning.context import RunContext
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.steps import collect, step_jobs, submission, turns
from platerunner.engine.steps.step_run import StepRun
from platerunner.spec.loader import load_text
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.keys import ledger_prefix
from platerunner_unit.contract.manifest import read_job
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import Storage

SETTLE_S = submit.SETTLE_S
"""As it is on AWS: time costs nothing here, while other tests wait for less."""
WELLS = ("A01", "A02", "A03")
LARGEST_ARRAY = 2
"""Children of an array: three wells take two submissions, so that there is something between them."""
FATES = ("answered", "refused", "throttled", "silent, not taken", "silent, taken", "killed before", "killed after")
"""What may become of a SubmitJob."""


HOST = {
    "containerInstanceArn": "arn:aws:ecs:eu-west-1:1:container-instance/cluster/1",
    "ec2InstanceId": "i-1",
    "registeredResources": [{"name": "CPU", "integerValue": 4096}, {"name": "MEMORY", "integerValue": 16384}],
    "attributes": [{"name": "ecs.instance-type", "value": "m7i.xlarge"}],
}
PRICES = b"{date: 2026-11-01, spot: {m7i.xlarge: 0.08}, volume: {gp3: 0}}"
PER_SECOND = 0.08 / 4 / 3600
"""USD for a job of one vCPU."""


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it is written, not even what would give a turn back."""


class Clock:
    """Time that passes at once where somebody sleeps."""

    def __init__(self) -> None:
        self.slept = 0.0
        self._time, self._monotonic = time.time, time.monotonic

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.slept)

    def age(self, moment: str) -> float:
        return (self.now() - datetime.fromisoformat(moment)).total_seconds()

    @contextmanager
    def running(self) -> Iterator[None]:
        with (
            patch.object(time, "sleep", self.sleep),
            patch.object(time, "time", lambda: self._time() + self.slept),
            patch.object(time, "monotonic", lambda: self._monotonic() + self.slept),
            patch.object(submission, "now", lambda: self.now().isoformat()),
            patch.object(step_jobs, "now", lambda: self.now().isoformat()),
            patch.object(views, "seconds_since", self.age),
            patch.object(turns, "seconds_since", self.age),
        ):
            yield


class Process:
    """A worker, which dies before one of its writes and writes nothing from then on.

    :param writes: that it lives to make; None for all.
    """

    def __init__(self, writes: int | None = None) -> None:
        self._left = itertools.count() if writes is None else iter(range(writes))
        self.dead = False

    def kill(self) -> None:
        self.dead = True
        raise Killed

    def check(self) -> None:
        if self.dead or next(self._left, None) is None:
            self.kill()


class Disk(Storage):
    """A workspace, as a process sees it that may die."""

    process = Process()

    def put(self, key: str, data: Any, attributes: dict[str, str] | None = None) -> None:
        self.process.check()
        super().put(key, data, attributes)

    def put_if(self, key: str, data: bytes, etag: str | None) -> str | None:
        self.process.check()
        return super().put_if(key, data, etag)


class Batch:
    """What Platerunner calls of boto3's client for AWS Batch.

    :param clock: by which ListJobs comes to know of jobs.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.jobs: dict[str, dict[str, Any]] = {}
        self.fates: list[str] = []
        self.process = Process()
        self.lists = True
        """Whether ListJobs answers."""
        self.lag = 0.0
        """Seconds for which it does not know of a job."""
        self.meta = SimpleNamespace(events=self, region_name="eu-west-1")
        self.book: dict[str, float] = {}
        """Child to the seconds that it ran."""

    def register(self, _name: str, handler: Any, **_: Any) -> None:
        self._handler = handler

    def submit_job(self, **request: Any) -> dict[str, str]:
        fate = self.fates.pop(0) if self.fates else "answered"
        if fate == "killed before":
            self.process.kill()
        if fate == "refused":
            raise error("ClientException", "JobQueue is DISABLED", "SubmitJob")
        if fate == "throttled":
            raise error("TooManyRequestsException", "Too many requests", "SubmitJob", 429)
        job = "" if fate == "silent, not taken" else self._take(request)
        if fate == "killed after":
            self.process.kill()
        if fate.startswith("silent"):
            self._handler(caught_exception=ReadTimeoutError(endpoint_url="https://batch"))
        return {"jobId": job}

    def _take(self, request: dict[str, Any]) -> str:
        job = f"job-{len(self.jobs) + 1}"
        view = {"jobId": job, "jobName": request["jobName"], "status": "RUNNABLE", "request": request}
        view["listed"] = self._clock.slept + self.lag
        if "arrayProperties" in request:
            view["arrayProperties"] = dict(request["arrayProperties"])
        self.jobs[job] = view
        return job

    def list_jobs(self, filters: Any, **_: Any) -> dict[str, Any]:
        if not self.lists:
            raise error("AccessDeniedException", "not authorized to perform batch:ListJobs", "ListJobs", 403)
        [name] = filters[0]["values"]
        found = [j for j in self.jobs.values() if j["jobName"] == name and j["listed"] <= self._clock.slept]
        return {"jobSummaryList": found}

    def describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
        return {"jobs": [self._shown(job) for job in jobs if job.partition(":")[0] in self.jobs]}

    def _shown(self, job: str) -> dict[str, Any]:
        """A job; a child, or a job without children, also with when and where it ran."""
        known = self.jobs[job.partition(":")[0]]
        if job not in self.book:
            return known
        times = {"startedAt": 1_000_000, "stoppedAt": 1_000_000 + int(1000 * self.book[job])}
        return {**known, "jobId": job, **times, "container": {"containerInstanceArn": HOST["containerInstanceArn"]}}

    def describe_job_definitions(self, jobDefinitionName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"jobDefinitions": [{"jobDefinitionArn": f"{jobDefinitionName}:1", "revision": 1}]}


def error(code: str, said: str, call: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": said}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, call)  # type: ignore[arg-type]


class Lab(Access):
    """Three wells, one step, several runs; what a unit does is noted instead of computed.

    :param folder: for data and workspace.
    """

    conn_id = "platerunner"
    settings = ConnectionSettings("platerunner", {"spot": "spot", "on_demand": "on-demand"})
    batch: Any
    ecr = None
    ecs = SimpleNamespace(describe_container_instances=lambda **_: {"containerInstances": [HOST]})

    def __init__(self, folder: Path) -> None:
        Storage(str(folder / "workspace")).put(f"{ledger_prefix()}prices.yaml", PRICES)
        self.folder, self.clock, self.version = folder, Clock(), 0
        self.batch = Batch(self.clock)
        self.ran: Counter[tuple[str, str]] = Counter()
        """Unit and fingerprint of what Batch has run."""
        plate = folder / "data" / "P1"
        plate.mkdir(parents=True)
        for well in WELLS:
            (plate / f"{well}.sh").touch()

    def storage(self, url: str) -> Storage:
        return Disk(url)

    @contextmanager
    def worker(self, *fates: str, lists: bool = True, lag: float = 0.0, writes: int | None = None) -> Iterator[None]:
        """The life of one process, and how AWS answers it."""
        process = Process(writes)
        self.batch.fates, self.batch.lists, self.batch.lag = list(fates), lists, lag
        self.batch.process = process
        with (
            self.clock.running(),
            patch.object(Disk, "process", process),
            patch.object(submit, "SETTLE_S", SETTLE_S),
            patch.object(turns, "LOOK_S", 30.0),
            patch.object(submit, "_bucket", TokenBucket(submit.SUBMIT_RATE)),  # the process's own keeps the real time
            patch.object(step_jobs, "chunks", lambda n: submit.chunks(n, LARGEST_ARRAY)),
        ):
            yield

    def run(self, run_id: str) -> StepRun:
        """A fresh object, as every process of a task makes its own; under the settings of this moment."""
        text = SPEC.format(options="").replace('"{{outputs.made}}"]', f'"{{{{outputs.made}}}}", v{self.version}]')
        roots = {"data_root": str(self.folder / "data"), "workspace_root": str(self.folder / "workspace")}
        pipeline = load_text(text, self.folder / "lab.yaml")
        return StepRun(self, pipeline, "work", RunContext({}, **roots, run_id=run_id))

    def end_jobs(self, lost: Collection[str] = ()) -> None:
        """Let Batch run all that it has taken.

        :param lost: wells whose hosts are lost.
        """
        for job in self.batch.jobs.values():
            if job["status"] == "RUNNABLE":
                self._compute(job, lost)
                job["status"] = "SUCCEEDED"

    def attempts(self) -> list[Mapping[str, Any]]:
        """The rows of the ledger."""
        return list(workspace_ledger(Storage(str(self.folder / "workspace"))).rows())

    def _compute(self, job: dict[str, Any], lost: Collection[str]) -> None:
        workspace = Storage(str(self.folder / "workspace"))
        prefix = job["request"]["containerOverrides"]["command"][-1].removeprefix(f"{workspace.url}/")
        manifest = collect.read_manifest(workspace, prefix)
        for index in range(len(manifest.units)):
            _, (unit,) = read_job(workspace, prefix, index)
            category = Category.HOST_LOST if unit.values["well"] in lost else Category.SUCCEEDED
            if category is Category.SUCCEEDED:
                self.ran[unit.unit, unit.fingerprint] += 1
                for file in itertools.chain.from_iterable(unit.outputs.values()):
                    workspace.put(file.key, b"made")
            child = f"{job['jobId']}:{index}" if "arrayProperties" in job else job["jobId"]
            self.batch.book[child] = 1.5 + len(self.batch.book)
            step, verdict = manifest.task, Verdict(str(category), "What became of it.", "", "told")
            names = (step.pipeline, step.run_id, step.step, unit.unit, unit.values, unit.fingerprint)
            OutcomeStore(workspace).write(Outcome(*names, unit.attempts_before + 1, verdict, child))
