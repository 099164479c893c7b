"""What a step does between two waits, in an Airflow task, which waits parked, and in `platerunner run`.

Each call may be made by another process: what has to be known lies in the run's state.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from platerunner.batch.reasons import CLEARED
from platerunner.catalog.loader import load_catalog
from platerunner.engine.estimates.estimate import estimate
from platerunner.engine.estimates.known import known_to
from platerunner.engine.estimates.model import StepEstimate
from platerunner.engine.estimates.restore_rates import rates_of
from platerunner.engine.estimates.texts import one_line
from platerunner.engine.planning.archived import with_archived
from platerunner.engine.planning.context import holds
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.prepare import images, plan_pipeline
from platerunner.engine.records.launches import Launches, LaunchState, launch_of
from platerunner.engine.records.step_state import StateFile, UnitFailure
from platerunner.engine.steps.digest import StepResult, allowed, digest, headline, is_red
from platerunner.engine.steps.endings import (
    FOR_GOOD,
    AwaitFiles,
    AwaitJobs,
    AwaitRestore,
    FailedError,
    Log,
    SkippedError,
)
from platerunner.engine.steps.gathering import EndsOf, check_gathered
from platerunner.engine.steps.log_tail import tails, told
from platerunner.engine.steps.restoring import Restoring
from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.step_scope import StepScope
from platerunner.engine.steps.telemetry import tell_end, tell_untold
from platerunner.engine.steps.turns import Owner
from platerunner.engine.steps.waiting import Wait, waited, waits_since
from platerunner.spec.model import OnConfig

RUNBOOK = "See docs/runbook.md."
MAX_SHOWN = 20
"""Units that a dry run names."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """A dry run's end.

    :param plan: what would run.
    :param estimate: what that would take and cost; None if nothing would run.
    """

    plan: StepPlan
    estimate: StepEstimate | None


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
        with self._told():
            return self._start()

    def go_on(self) -> Next:
        """Look for raw files (again); start if they are there, or if the time is over."""
        with self._told():
            return self._go_on()

    def collect(self) -> Next:
        """Collect the verdicts; submit again what is worth it, else end."""
        with self._told():
            return self._collect()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Let the launch that started the run know of what ends it for good before there is any verdict."""
        try:
            yield
        except FOR_GOOD as error:
            if isinstance(self._scope.pipeline.schedule, OnConfig):
                Launches(self._scope.workspace).tell(launch_of(self._scope.context.run_id), f"{self._step}: {error}")
            raise

    def _start(self) -> Next:
        scope = self._scope
        if not holds(scope.step, scope.context):
            raise SkippedError(f"{self._step}: its condition does not hold: {scope.step.when}")
        check_gathered(scope.pipeline, self._step, scope.context, scope.workspace, self._ends)
        if scope.context.options.dry_run:
            return self._preview()
        if scope.step.waiting_for:
            end_left_behind(self._run)  # else they cost money while this run waits
        return self._go_on()

    def _go_on(self) -> Next:
        run = self._run
        if (pause := self._pause()) is not None:
            self._note(LaunchState.WAITING)
            return AwaitFiles(pause)
        if (restore := self._restore()) is not None:
            self._note(LaunchState.WAITING)
            return restore
        self._note(LaunchState.READY)
        end_left_behind(run)
        self._tell(run.start())
        return self._jobs() or self._collect()

    def _collect(self) -> Next:
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

    def _restore(self) -> AwaitRestore | None:
        """What comes back from an archive before the step can go on; None if nothing has to."""
        restore = self._scope.pipeline.dataset.restore
        return Restoring(self._scope, restore, self._log).look() if restore else None

    def _jobs(self) -> AwaitJobs | None:
        """The jobs to wait for, without those that have ended."""
        jobs = self._run.waiting_for()
        if jobs:
            self._note(LaunchState.RUNNING)
        foreign = tuple(self._run.foreign)
        return AwaitJobs(tuple(job for job in jobs if job not in foreign), foreign) if jobs else None

    def _note(self, state: LaunchState) -> None:
        """Bring the launch that started the run to a state, if one did."""
        if isinstance(self._scope.pipeline.schedule, OnConfig):
            Launches(self._scope.workspace).note(launch_of(self._scope.context.run_id), state)

    def _preview(self) -> Previewed:
        """Say what would run, and why."""
        plan, estimated = preview(self._scope)
        self._tell(plan)
        for unit in plan.of(UnitState.PENDING)[:MAX_SHOWN]:
            self._log.info("  %s would run: %s", unit.unit, unit.reason)
        if estimated is not None:
            self._log.info("%s: %s", self._step, one_line(estimated))
        self._log.info("%s: a dry run, so nothing was submitted", self._step)
        return Previewed(plan, estimated)

    def _end(self) -> Ended:
        result, failed = self._run.finish()
        for line in told(tails(self._run, failed)):
            self._log.info("%s", line)
        tell_end(self._scope, self._run.trace, result, red=is_red(result, failed, self._scope.step.tolerate))
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


log = logging.getLogger(__name__)


def end_left_behind(run: StepRun) -> list[str]:
    """End the jobs of earlier runs whose tasks wait no more; when the run submits, it has the step's jobs.

    Airflow tells a waiting task's trigger that somebody has marked the task or deleted its run, but only while a
    triggerer has that trigger: within a second of parking, or while the triggerer is down, no run hears of it. So each
    run checks if runs before it have left jobs, and ends them: else their units would run twice at once, and nobody
    would stop them. A run that may still have jobs is remembered until it has not: its task may wait now and be marked
    later, and a task of another Airflow (a laptop on the lab's workspace) is for that one to judge. What such a run had
    to tell a collector, this one tells.

    :param run: of the step, before it starts; it was introduced.
    :returns: ids of the jobs that were ended.
    """
    turns = run.turns
    others = [owner for owner in turns.owners() if owner.run_id != turns.owner.run_id]
    over = [owner for owner in others if turns.is_over(owner)]
    turns.over = frozenset(owner.run_id for owner in over)
    for owner in others:
        foreign = owner not in over and owner.airflow != turns.owner.airflow
        if foreign and _state_file(run, owner).load().live:
            said = "%s, in another Airflow, has jobs of %s; they are left alone"
            log.warning(said, owner.run_id, run.scope.step.name)
    ended = []
    for owner in over:
        file = _state_file(run, owner)
        jobs = run.jobs.stop(CLEARED, file)
        ended += jobs
        tell_untold(file, file.load())
        if jobs:
            log.warning("%s: %s left %d jobs behind; ended them", run.scope.step.name, owner.run_id, len(jobs))
    return ended


def _state_file(run: StepRun, owner: Owner) -> StateFile:
    return StateFile(run.scope.workspace, owner.run_id, run.scope.step.name, run.scope.branch)


def preview(scope: StepScope) -> tuple[StepPlan, StepEstimate | None]:
    """The step's plan as if the whole pipeline ran now, and what it would take; nothing is written.

    :param scope: the step in its run.
    :returns: no estimate if nothing is pending.
    :raises platerunner.engine.planning.errors.PlanningError: if a step cannot be planned, or the ledger be read.
    """
    pipeline, context, modules = scope.pipeline, scope.context, load_catalog()
    name = scope.step.name
    digests = {image: scope.image(image)[1] for image in images(pipeline, modules, context)}
    plans = plan_pipeline(pipeline, modules, replace(context, branch=None), scope.hook.storage, digests)
    plan = next(plan for plan in plans if plan.step == name)
    units = tuple(unit for unit in plan.units if context.branch is None or context.branch.has(unit.values))
    archived = scope.find_archived([unit for unit in units if unit.state is UnitState.PENDING])
    rates = partial(rates_of, scope.hook, scope.workspace)
    own = with_archived(replace(plan, units=units), archived, pipeline.dataset.restore, rates)
    before = [own if plan.step == name else plan for plan in plans]
    found = estimate(pipeline, context, before, known_to(scope.hook, scope.workspace, modules, digests))
    return own, next((step for step in found.steps if step.step == name), None)
