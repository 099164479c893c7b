"""What a step does between two waits, in an Airflow task, which waits parked, and in `platerunner run`.

Each call may be made by another process: what has to be known lies in the run's state.
"""

import time
from dataclasses import dataclass

from platerunner.engine.planning.activity import holds
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.records.step_state import UnitFailure
from platerunner.engine.steps.digest import StepResult, allowed, digest, headline, is_red
from platerunner.engine.steps.endings import AwaitFiles, AwaitJobs, FailedError, Log, SkippedError
from platerunner.engine.steps.gathering import EndsOf, check_gathered
from platerunner.engine.steps.left_behind import end_left_behind
from platerunner.engine.steps.log_tail import tails, told
from platerunner.engine.steps.preview import preview
from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.waiting import Wait, waited, waits_since

RUNBOOK = "See docs/runbook.md."
MAX_SHOWN = 20
"""Units that a dry run names."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """A dry run's end.

    :param plan: what would run.
    """

    plan: StepPlan


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a step's work; :meth:`judge` says what it comes to.

    :param failed: units that failed for good.
    :param lines: the digest.
    """

    result: StepResult
    failed: tuple[UnitFailure, ...]
    lines: tuple[str, ...]

    def judge(self, tolerate: float | int, log: Log) -> None:
        """Pass if the step's work is done.

        :param tolerate: units that may fail; see :func:`~platerunner.engine.steps.digest.allowed`.
        :raises FailedError: if too many failed.
        :raises SkippedError: if there was nothing to do.
        """
        result, failed = self.result, self.failed
        if is_red(result, failed, tolerate):
            raise FailedError(headline(result, failed))
        if failed:
            may = allowed(tolerate, result.units)
            log.warning("%s: %d failed units are tolerated (%d may fail)", result.step, len(failed), may)
        if result.units == 0:
            raise SkippedError(_nothing_to_do(result))


Next = AwaitFiles | AwaitJobs | Previewed | Ended


class StepStay:
    """A step of a run, from one wait to the next.

    :param run: the step in the run.
    :param log: gets what a person may want to read.
    :param ends: tells how what comes directly before has ended.
    """

    def __init__(self, run: StepRun, log: Log, ends: EndsOf) -> None:
        self._run = run
        self._scope = run.scope
        self._step = run.scope.step.name
        self._log = log
        self._ends = ends

    def start(self) -> Next:
        """Plan, adopt or submit.

        :raises SkippedError: if the step's condition does not hold, or nothing before it had anything to do.
        :raises FailedError: if too much failed before it.
        """
        scope = self._scope
        if not holds(scope.step, scope.context):
            raise SkippedError(f"{self._step}: its condition does not hold: {scope.step.when}")
        check_gathered(scope.pipeline, self._step, scope.context, scope.workspace, self._ends)
        if scope.context.options.dry_run:
            return self._preview()
        if scope.step.waiting_for:
            end_left_behind(self._run)  # else they cost money while this run waits
        return self.go_on()

    def go_on(self) -> Next:
        """Look for raw files (again); start if they are there, or if the time is over."""
        run = self._run
        if (pause := self._pause()) is not None:
            return AwaitFiles(pause)
        end_left_behind(run)
        self._tell(run.start())
        return self._jobs() or self.collect()

    def collect(self) -> Next:
        """Collect the verdicts; submit again what is worth it, else end."""
        while self._run.collect():
            if jobs := self._jobs():
                return jobs
        return self._end()

    def _pause(self) -> float | None:
        """Seconds to the next look for raw files that are missing and may still arrive; None if the step goes on."""
        scope = self._scope
        if not scope.step.waiting_for:
            return None
        missing = scope.find_missing()
        wait = None
        if missing:
            since = waits_since(scope.state_file, scope.workspace, scope.context.run_id)
            wait = Wait(scope.step.waiting_for, since)
        pause = wait.pause(time.time()) if wait else None
        if wait is not None and pause is not None:
            self._log.info("%s: waits until %s: %s", self._step, wait.until, "; ".join(missing))
            return pause
        waited(scope.state_file)
        if missing:
            self._log.warning("%s: goes on without what has not arrived: %s", self._step, "; ".join(missing))
        return None

    def _jobs(self) -> AwaitJobs | None:
        """What there is to wait for; never jobs that are over already."""
        jobs = self._run.waiting_for()
        foreign = tuple(self._run.foreign)
        return AwaitJobs(tuple(job for job in jobs if job not in foreign), foreign) if jobs else None

    def _preview(self) -> Previewed:
        """Say what would run, and why."""
        plan = preview(self._scope)
        self._tell(plan)
        for unit in plan.of(UnitState.PENDING)[:MAX_SHOWN]:
            self._log.info("  %s would run: %s", unit.unit, unit.reason)
        self._log.info("%s: a dry run, so nothing was submitted", self._step)
        return Previewed(plan)

    def _end(self) -> Ended:
        result, failed = self._run.finish()
        for line in told(tails(self._run, failed)):
            self._log.info("%s", line)
        lines = digest(result, failed, RUNBOOK)
        for line in lines:
            (self._log.error if failed else self._log.info)("%s", line)
        return Ended(result, tuple(failed), tuple(lines))

    def _tell(self, plan: StepPlan) -> None:
        counts = plan.counts()
        self._log.info("%s: %s", self._step, ", ".join(f"{count} {word}" for word, count in counts.items() if count))
        for note in plan.notes:
            self._log.warning("%s", note)
        if left := self._scope.context.options.left_failed(plan):
            self._log.warning(
                "%s: `only` leaves out %d units that failed earlier (%s): it fails unless `accept_failed` has them",
                self._step,
                len(left),
                ", ".join(unit.unit for unit in left[:5]),
            )
        for unit in plan.of(UnitState.WAITING)[:5]:
            self._log.info("  %s %s", unit.unit, unit.reason)


def _nothing_to_do(result: StepResult) -> str:
    if result.waiting:
        return f"{result.step}: all {result.waiting} units wait for inputs, or are left for a later run by `only`"
    return f"{result.step}: all {result.excluded} units are excluded"
