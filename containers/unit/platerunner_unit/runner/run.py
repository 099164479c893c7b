"""``platerunner-unit run``: from the address of a manifest to an outcome and an exit code."""

from __future__ import annotations

import os
import sys
import traceback

from platerunner_unit import telemetry
from platerunner_unit.contract import manifest
from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.storage import NotFoundError, Storage, StorageError
from platerunner_unit.log.pump import LogFile
from platerunner_unit.runner import record
from platerunner_unit.runner.attempt import Attempt
from platerunner_unit.runner.stop import Stop
from platerunner_unit.tools.job import Job
from platerunner_unit.tools.settings import Settings
from platerunner_unit.tools.workfolder import WorkFolder


class CannotStartError(Exception):
    """There is not even a unit to record an outcome for.

    :param category: what the exit code will say.
    """

    def __init__(self, category: Category, sentence: str) -> None:
        super().__init__(sentence)
        self.category = category


def run(url: str, settings: Settings) -> int:
    """Run one unit.

    :param url: ``<workspace>/_platerunner/runs/<run>/<step>/<n>``.
    :param settings: which line of the manifest, and where to work.
    :returns: the exit code of the verdict's category.
    """
    stop = Stop(settings.parent)
    with stop.installed():
        try:
            workspace, job = _open(url, settings)
        except CannotStartError as error:
            print(f"platerunner: cannot start: {error.category} - {error}", file=sys.stderr, flush=True)
            return CATEGORIES[error.category].exit_code
        try:
            return _attempt(job, workspace, stop)
        finally:
            if not settings.keep_work:
                job.folder.remove()


def _open(url: str, settings: Settings) -> tuple[Storage, Job]:
    root, mark, rest = url.rpartition(f"/{PREFIX}/")
    if not mark:
        raise CannotStartError(Category.MISCONFIGURED, f"{url} is no manifest: it has no `/{PREFIX}/` in it")
    try:
        workspace = Storage(root)
        step, unit = manifest.read(workspace, f"{PREFIX}/{rest}", settings.index, settings.line)
    except NotFoundError as error:
        raise CannotStartError(
            Category.MISCONFIGURED, f"{error}; was the workspace cleaned up while the job waited?"
        ) from error
    except StorageError as error:
        raise CannotStartError(error.failure.meaning.category, str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotStartError(Category.MISCONFIGURED, f"{url}, line {settings.index}: {error}") from error
    try:
        folder = WorkFolder.create(settings.work, unit.fingerprint)
    except OSError as error:
        raise CannotStartError(Category.MISCONFIGURED, f"the work folder cannot be made: {error}") from error
    return workspace, Job(step, unit, folder, settings)


def _attempt(job: Job, workspace: Storage, stop: Stop) -> int:
    """Run, judge and record; a fault of our own is a verdict too."""
    log = LogFile(job.folder.log)
    told = telemetry.start(
        job.step,
        job.unit,
        attempt=record.attempt_number(job),
        job_id=job.settings.job_id,
        environ=job.settings.environ,
    )
    attempt = Attempt(job, workspace, log, stop, told)
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
    category = Category(verdict.category)
    outcome = record.outcome_of(job, findings, verdict)
    told.verdict(outcome)
    try:
        record.write(job, workspace, outcome, log)
    except StorageError as error:
        category = error.failure.meaning.category
        print(f"platerunner: the outcome cannot be written: {error}", file=sys.stderr, flush=True)
    _say(line)
    told.close()
    return CATEGORIES[category].exit_code


def _say(line: str) -> None:
    """Print the last line; a reader that is gone is no reason to fail."""
    try:
        os.write(1, line.encode(errors="replace"))
    except OSError as error:
        print(f"platerunner: stdout: {error}", file=sys.stderr)
