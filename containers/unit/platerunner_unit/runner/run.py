"""``platerunner-unit run``: from the address of a manifest to outcomes and an exit code.

Mostly a job has one unit. Those of a batch run one after another, each with its own evidence, verdict, outcome and
outputs. They share the container's start, and CellProfiler's own as :mod:`platerunner_unit.runner.kept` says; any
other program is started for each unit.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

from platerunner_unit import telemetry, tools
from platerunner_unit.contract import manifest
from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.manifest import StepTask, UnitTask
from platerunner_unit.contract.storage import NotFoundError, Storage, StorageError
from platerunner_unit.log.pump import LogFile
from platerunner_unit.runner import record
from platerunner_unit.runner.attempt import Attempt, why_stopped
from platerunner_unit.runner.kept import Kept
from platerunner_unit.runner.process import ToolProcess
from platerunner_unit.runner.supervise import Start, Stop
from platerunner_unit.tools.job import Job, Settings, WorkFolder


class CannotStartError(Exception):
    """A unit, or all of them, cannot begin, so that there is nothing to record.

    :param category: what the exit code will say.
    """

    def __init__(self, category: Category, sentence: str) -> None:
        super().__init__(sentence)
        self.category = category


@dataclass(frozen=True)
class Container:
    """What the units of a job have in common.

    :param settings: of the environment.
    :param stop: requests from outside.
    :param start: makes a tool's process.
    :param began: when it began, on the monotonic clock.
    """

    settings: Settings
    stop: Stop
    start: Start = ToolProcess
    began: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Ran:
    """How a unit ended.

    :param category: of its verdict, or of what kept the outcome from being written.
    :param recorded: whether its outcome is stored.
    """

    category: Category
    recorded: bool


def run(url: str, settings: Settings) -> int:
    """Run the units of one job: mostly a single one.

    :param url: ``<workspace>/_platerunner/runs/<run>/<step>/<n>``.
    :param settings: which line of the manifest, and where to work.
    :returns: the exit code of the verdict's category. Of several units, 0 if all succeeded; else the code of the first
        that left no outcome, since nothing but the job shows that, or of the first that failed.
    """
    stop = Stop(settings.parent)
    container = Container(settings, stop)
    with stop.installed():
        try:
            workspace, step, units = _open(url, settings)
            if len(units) > 1:
                return _run_in_turn(container, workspace, step, units)
            return CATEGORIES[run_unit(container, workspace, step, units[0]).category].exit_code
        except CannotStartError as error:
            _say(f"cannot start: {error.category} - {error}")
            return CATEGORIES[error.category].exit_code


def _open(url: str, settings: Settings) -> tuple[Storage, StepTask, tuple[UnitTask, ...]]:
    root, mark, rest = url.rpartition(f"/{PREFIX}/")
    if not mark:
        raise CannotStartError(Category.MISCONFIGURED, f"{url} is no manifest: it has no `/{PREFIX}/` in it")
    try:
        workspace = Storage(root)
        step, units = manifest.read_job(workspace, f"{PREFIX}/{rest}", settings.index, settings.line)
    except NotFoundError as error:
        raise CannotStartError(
            Category.MISCONFIGURED, f"{error}; was the workspace cleaned up while the job waited?"
        ) from error
    except StorageError as error:
        raise CannotStartError(error.failure.meaning.category, str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotStartError(Category.MISCONFIGURED, f"{url}, line {settings.index}: {error}") from error
    return workspace, step, units


def _run_in_turn(container: Container, workspace: Storage, step: StepTask, units: Sequence[UnitTask]) -> int:
    """Run units in turn; one that fails takes no other along, and after a request to stop none begins."""
    with _keeping(container, step) as shared:
        ran = [_run_one(shared, workspace, step, unit, number) for number, unit in enumerate(units)]
    failed = sorted((each for each in ran if each.category is not Category.SUCCEEDED), key=lambda each: each.recorded)
    return CATEGORIES[failed[0].category].exit_code if failed else 0


def _run_one(container: Container, workspace: Storage, step: StepTask, unit: UnitTask, number: int) -> Ran:
    if container.stop.requested():
        return _never_began(container, step, unit)
    work = container.settings.work / str(number) if container.settings.work else None
    try:
        return run_unit(container, workspace, step, unit, work)
    except CannotStartError as error:
        _say(f"{unit.unit} cannot start: {error.category} - {error}")
        return Ran(error.category, recorded=False)


def _never_began(container: Container, step: StepTask, unit: UnitTask) -> Ran:
    """A unit that was still to come when the job had to end: Batch's own word on the job is all that is known of it."""
    why = why_stopped(container.stop, container.began, step.timeout_s)
    _say(f"{unit.unit} did not begin: its job had to end ({why})")
    return Ran(Category.TIMED_OUT if why == "timeout" else Category.STOPPED_BY_USER, recorded=False)


@contextmanager
def _keeping(container: Container, step: StepTask) -> Iterator[Container]:
    """The container with the tool's program loaded for all units, where it is one that can be."""
    try:
        modules = tools.get(step.tool).loads
    except tools.UnknownToolError:  # each unit's verdict says so
        modules = ()
    if not modules:
        yield container
        return
    folder = Path(tempfile.mkdtemp(prefix="platerunner-kept-"))
    kept = Kept(modules, folder, _say, container.stop.requested)
    try:
        yield replace(container, start=kept.start)
    finally:
        kept.close()
        shutil.rmtree(folder, ignore_errors=True)


def run_unit(
    container: Container, workspace: Storage, step: StepTask, unit: UnitTask, work: Optional[Path] = None
) -> Ran:
    """Run one unit; a failure is recorded, not raised.

    :param workspace: where its outcome goes.
    :param work: its work folder; None for what the settings say.
    :raises CannotStartError: if its work folder cannot be made.
    """
    settings = container.settings
    try:
        folder = WorkFolder.create(work or settings.work, unit.fingerprint)
    except OSError as error:
        raise CannotStartError(Category.MISCONFIGURED, f"the work folder cannot be made: {error}") from error
    try:
        return _attempt(Job(step, unit, folder, settings), workspace, container)
    finally:
        if not settings.keep_work:
            folder.remove()


def _attempt(job: Job, workspace: Storage, container: Container) -> Ran:
    """Run, judge and record; a fault of our own is a verdict too."""
    log = LogFile(job.folder.log)
    told = telemetry.start(
        job.step,
        job.unit,
        attempt=record.attempt_number(job),
        job_id=job.settings.job_id,
        environ=job.settings.environ,
    )
    attempt = Attempt(job, workspace, log, container.stop, told, container.start, container.began)
    try:
        verdict = attempt.run()
    except Exception as error:  # the record has to be written whatever happened
        log.say(f"the runner itself failed\n{traceback.format_exc()}")
        sentence = f"the runner itself failed: {type(error).__name__}: {error}"
        verdict = Verdict(Category.UNKNOWN.value, sentence, rule="runner_failed")
    findings = attempt.findings
    line = record.last_line(job.unit.unit, findings, verdict)
    log.write(line.encode(errors="replace"))
    log.close()
    ran = Ran(Category(verdict.category), recorded=True)
    outcome = record.outcome_of(job, findings, verdict)
    told.verdict(outcome)
    try:
        record.write(job, workspace, outcome, log)
    except StorageError as error:
        ran = Ran(error.failure.meaning.category, recorded=False)
        _say(f"the outcome cannot be written: {error}")
    try:
        os.write(1, line.encode(errors="replace"))
    except OSError as error:  # a reader that is gone is no reason to fail
        _say(f"stdout: {error}")
    told.close()
    return ran


def _say(remark: str) -> None:
    print(f"platerunner: {remark}", file=sys.stderr, flush=True)
