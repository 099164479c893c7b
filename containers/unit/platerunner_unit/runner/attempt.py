"""One attempt of a unit: stage in, look, run the tool, judge, stage out."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Optional

from platerunner_unit import tools
from platerunner_unit.contract import hints, mounted
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence, PreflightProblem, Verdict
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import shown_key
from platerunner_unit.judge import judge
from platerunner_unit.log.detector import Detector
from platerunner_unit.log.pump import Feed, LogFile
from platerunner_unit.runner import expected
from platerunner_unit.runner.carried import Carried
from platerunner_unit.runner.expected import Located
from platerunner_unit.runner.left_out import LeftOut, without_unreadable
from platerunner_unit.runner.process import ToolMissingError, ToolProcess
from platerunner_unit.runner.record import Findings
from platerunner_unit.runner.stage import Fetch, Interrupted, Stager, StagingError, check_files, download
from platerunner_unit.runner.supervise import Ended, Start, Stop, run_tool
from platerunner_unit.runner.watch import disk_free
from platerunner_unit.telemetry import Telemetry
from platerunner_unit.tools import images
from platerunner_unit.tools.job import Job

SPANS = {"stage_in_s": "stage-in", "tool_s": "tool", "stage_out_s": "stage-out", "verdict_s": "verdict"}


UNCLAIMED = 20
"""Files that belong to no output are recorded up to so many; more are counted."""


class Attempt:
    """Collects evidence step by step; :meth:`run` may be called once.

    :param workspace: where outputs go; a root of the inputs too.
    :param log: gets the tool's output and the runner's remarks.
    :param stop: requests from outside.
    :param told: gets the tool's output and the phases too.
    :param start: makes the tool's process.
    :param began: when the container began, on the monotonic clock; None for now.
    """

    def __init__(
        self,
        job: Job,
        workspace: Storage,
        log: LogFile,
        stop: Stop,
        told: Telemetry,
        start: Start = ToolProcess,
        began: Optional[float] = None,
    ) -> None:
        self.findings = Findings(Evidence(tool=job.step.tool, started=False))
        self._job, self._workspace, self._log, self._stop, self._told = job, workspace, log, stop, told
        self._start, self._began = start, self.findings.clock if began is None else began
        self._stager = Stager(stop.requested, fetch=_fetching(job))
        carried = (workspace, job.step.step, job.unit.unit, job.folder.carried)
        self._carried = Carried(*carried) if job.step.carries else None
        self._located: list[Located] = []
        self._left_out: tuple[str, ...] = ()

    def run(self) -> Verdict:
        """Do all of it, as far as it goes.

        :returns: what the evidence means.
        """
        try:
            with self._phase("stage_in_s"):
                self._stage_in()
            self._run_tool()
            if judge(self._evidence).category == Category.SUCCEEDED.value:
                with self._phase("stage_out_s"):
                    self._stage_out()
        except StagingError as error:
            self._note(transfers=error.failures)
            self._note(disk_free=disk_free(str(self._job.folder.root)))
        except Interrupted:
            # The tool may have succeeded; its outputs are not all in place, so the unit has not.
            self._note(stopped_by=self._why_stopped(), exit_code=None)
        with self._phase("verdict_s"):
            return judge(self._evidence)

    @property
    def _evidence(self) -> Evidence:
        return self.findings.evidence

    def _note(self, **fields: Any) -> None:
        self.findings.evidence = replace(self.findings.evidence, **fields)

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        began, began_ns, error = time.monotonic(), time.time_ns(), None
        try:
            yield
        except Exception as raised:
            error = str(raised) or type(raised).__name__
            raise
        finally:
            self.findings.seconds[name] = time.monotonic() - began
            self._told.span(SPANS[name], began_ns, time.time_ns(), error=error)

    def _stage_in(self) -> None:
        """Fetch the step's files and every root's inputs; all that is missing is named together."""
        job = self._job
        own = [(f, job.tool_folder(param) / f.name) for param, files in job.step.files.items() for f in files]
        self._stager.stage_tool(self._workspace, own)
        for root, url in job.step.roots.items():
            files = {f.key: f for files in job.unit.inputs.values() for f in files if f.root == root}
            storage = self._workspace if url.rstrip("/") == self._workspace.url else Storage(url)
            self._stager.stage_in(storage, list(files.values()), job.folder.path_of)
        if self._carried and (remark := self._carried.fetch(self._stager)):
            self._log.say(remark)

    def _run_tool(self) -> None:
        """Start the tool, unless something stands against it."""
        try:
            tool = tools.get(self._job.step.tool)
        except tools.UnknownToolError as error:
            self._note(preflight=(PreflightProblem("misconfigured", str(error)),))
            return
        left = without_unreadable(self._job) if self._job.step.leave_out else LeftOut(self._job)
        self._job, self._left_out = left.job, left.notes
        if left.problems:
            self._note(preflight=left.problems)
            return
        prepared = tool.prepare(self._job)
        problems = (*self._input_problems(tool.flat(self._job)), *prepared)
        self._note(preflight=problems, **self._told_by(tool))
        if problems:
            return
        detector = Detector()
        try:
            with self._phase("tool_s"):
                ended = run_tool(
                    self._job, tool, self._all_there, self._log, self._feed(detector), self._stop, self._start
                )
        except ToolMissingError as error:
            self._note(preflight=(hints.not_started(str(error), tool.remedy, too_long=error.too_long),))
            return
        # Not given up where the unit has to stop: it is then that the next attempt needs it most.
        if self._carried and (remark := self._carried.keep(Stager())):
            self._log.say(remark)
        self._note(started=True, **self._told_by(tool, ended.tail))
        self._read_detector(detector)
        self._read_end(ended)

    def _told_by(self, tool: tools.Tool, tail: Sequence[str] = ()) -> dict[str, Any]:
        """What the tool knows, and which input files it was not given."""
        told = tool.evidence(self._job, tail)
        return {**told, "warnings": (*self._left_out, *told.get("warnings", ()))}

    def _feed(self, detector: Detector) -> Feed:
        def feed(chunk: bytes) -> None:
            self._told.lines(chunk)
            detector.feed(chunk)

        return feed

    def _input_problems(self, flat: Collection[Path]) -> tuple[PreflightProblem, ...]:
        inputs = self._job.inputs.items()
        return check_files([(self._url(root, key), path) for (root, key), path in inputs], flat)

    def _url(self, root: str, key: str) -> str:
        return f"{self._job.step.roots[root].rstrip('/')}/{shown_key(key)}"

    def _all_there(self) -> bool:
        return all(each.path and not each.problem for each in self._locate())

    def _locate(self) -> list[Located]:
        return expected.locate(self._job.unit, self._job.folder.out, images.problem)

    def _read_detector(self, detector: Detector) -> None:
        detector.close()
        enabled = self._evidence.modules_enabled
        last = max((number for _, number in enabled), default=None)
        self._note(
            matches=detector.matches,
            modules_seen=detector.modules_seen,
            sets_started=detector.sets_started,
            sets_finished=detector.sets_finished(last),
            reached=tuple(sorted(detector.progress.items())),
        )
        self.findings.modules = [
            {
                "module": name,
                "number": number,
                "runs": took.runs,
                "cpu_s": round(took.cpu_s, 3),
                "wall_s": round(took.wall_s, 3),
            }
            for (name, number), took in detector.modules.items()
        ]

    def _read_end(self, ended: Ended) -> None:
        if ended.feed_error:
            self._log.say(f"the detector failed, so nothing can be proven\n{ended.feed_error}")
        self._located = self._locate()
        others = expected.unclaimed(self._located, self._job.folder.out)
        self._note(
            exit_code=ended.exit_code,
            stopped_by=self._why_stopped() if ended.stopped_by == "user" else ended.stopped_by,
            tail=ended.tail,
            outputs=tuple(each.found() for each in self._located),
            unclaimed=tuple(others[:UNCLAIMED]),
            unclaimed_count=len(others),
            oom_kills=ended.usage.oom_kills,
            peak_memory=ended.usage.peak_memory,
            memory_limit=ended.usage.memory_limit or self._job.step.requested.get("memory"),
            disk_free=disk_free(str(self._job.folder.out)),
        )
        self.findings.open_line = ended.open_line
        self.findings.cpu_s = ended.usage.cpu_s
        self.findings.disk = self._job.folder.disk_used()

    def _why_stopped(self) -> str:
        return why_stopped(self._stop, self._began, self._job.step.timeout_s)

    def _stage_out(self) -> None:
        files = [(each.name, each.key, each.path) for each in self._located if each.path is not None]
        self.findings.outputs = self._stager.stage_out(self._workspace, files)


def why_stopped(stop: Stop, began: float, limit: Optional[float]) -> str:
    """Batch says TERM for a terminated job and for one whose time is over alike; the clock tells which it was.

    :param began: when the container began, on the monotonic clock.
    :param limit: seconds that Batch gives it; None for no limit.
    """
    if limit is None or stop.at is None:
        return "user"
    return "timeout" if stop.at - began >= limit - max(1.0, 0.05 * limit) else "user"


def _fetching(job: Job) -> Fetch:
    """What gets an input: through the file system of the run, if the job has one."""
    if not job.settings.environ.get(mounted.VARIABLE):
        return download
    from platerunner_unit.runner.shared import fetch  # which few jobs need

    return partial(fetch, mounted.Mounted.from_environ(job.settings.environ))
