"""One step of one run, between Airflow and Batch: plan, submit, collect, submit again, end. Knows no Airflow."""

import logging
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from platerunner.batch.model import Ask
from platerunner.catalog.loader import load_catalog
from platerunner.engine.access import Access
from platerunner.engine.estimates.restore_rates import rates_of
from platerunner.engine.governance import refuse_unapproved
from platerunner.engine.planning.archived import archived_notes
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.reasons import Reason, Why
from platerunner.engine.records.needs import load_needs, save_needs
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.plans import record_plan
from platerunner.engine.records.results import save_result
from platerunner.engine.records.step_state import StepState, UnitFailure
from platerunner.engine.steps.attempts import again, backs_off, beyond, by_need, count_retries, renew
from platerunner.engine.steps.digest import StepResult, find_failed, sum_up
from platerunner.engine.steps.held_back import fail_archived
from platerunner.engine.steps.step_jobs import StepJobs
from platerunner.engine.steps.step_scope import StepScope
from platerunner.engine.steps.telemetry import tell_retries, trace_of
from platerunner.engine.steps.turns import Going, Owner, Turns
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.telemetry.run_trace import RunTrace

log = logging.getLogger(__name__)
BACK_OFF_S = (2.0, 10.0)
"""Seconds of rest, at least and at most, before units that AWS throttled are submitted again."""
MAX_ROUNDS = 5
"""Times that one try runs what has changed since it planned: if files go on changing, the step says so and ends."""


class StepRun:
    """Everything that a step's task does, in whatever process it goes on.

    :param hook: clients, storages and settings.
    :param pipeline: the spec.
    :param step: name of the step.
    :param context: params, roots, the run's id, and the branch that the step belongs to, if it does.
    :param carried: the trace that Airflow keeps of the step's task; None if it keeps none, and the run's own is used.
    """

    def __init__(
        self,
        hook: Access,
        pipeline: Pipeline,
        step: str,
        context: RunContext,
        carried: RunTrace | None = None,
    ) -> None:
        self.scope = StepScope(hook, pipeline, step, context)
        owner = Owner("", "", step, context.run_id)
        self.turns = Turns(self.scope.workspace, self.scope.state_file, lambda: hook.batch, owner)
        self.turns.own_cloud = hook.own_cloud
        self.trace = carried or trace_of(self.scope)
        self.jobs = StepJobs(self.scope, self.turns, self.trace)
        self.foreign: Sequence[str] = ()
        """Jobs of other runs among those that the step waits for: not ours to end."""
        self._name = self.scope.step.name
        self._settled: StepPlan | None = None
        """The plan that found nothing more to submit, with which the step ends."""

    def start(self) -> StepPlan:
        """Adopt what runs, and submit what is pending and does not run, here or in another run of the pipeline.

        What an earlier try left behind and has ended since is only written down: the plan, made of the files as they
        are now, says what is still to be done.

        :returns: the plan as it was before.
        """
        scope = self.scope
        refuse_unapproved(scope.hook.settings.policy, scope.step, load_catalog())
        with self.turns.held() as going:
            state = self.jobs.resume()
            state = self.jobs.record_ended(state) if state.live else replace(state.fresh(), started=time.time())
            state = self._with_needs(self._forgetting(replace(state, rounds=0)))
            plan, state = self._elsewhere(self.scope.plan(), state, going)
            self._take_over(plan)
            record_plan(self.scope.workspace, self.scope.context.run_id, plan, self.scope.branch)
            running = {str(unit) for submission in state.live for unit in submission.units}
            pending = plan.of(UnitState.PENDING)
            todo = {unit.unit: unit for unit in pending if unit.unit not in running}
            if running:
                log.info("%s: %d units run already; waiting for their jobs", self._name, len(pending) - len(todo))
            state, todo = self._without_archived(state, todo)
            groups = by_need(todo, state, lambda unit: self.scope.first_ask(todo[unit].values))
            self.jobs.submit(state, {ask: [todo[unit] for unit in units] for ask, units in groups.items()})
            return plan

    def waiting_for(self) -> list[str]:
        """Ids of the jobs that have not ended yet, also other runs' (:attr:`foreign`); empty if there are none, or if
        there are some whose verdicts can be collected.
        """
        state = self.scope.state_file.load()
        self.foreign = list(state.foreign)
        return self.jobs.find_running(state)

    def collect(self) -> bool:
        """Collect the verdicts of ended jobs, and submit again what is worth it; at the end, also what has changed.

        :returns: whether there are jobs to wait for.
        """
        state = self.jobs.record_ended(self.jobs.resume())
        groups = again(state, self.scope.step.retry)
        if groups or not state.live or state.foreign:  # jobs of others that ended are to be forgotten
            state = self._again(state, groups)
        return bool(state.live or state.foreign)

    def finish(self) -> tuple[StepResult, list[UnitFailure]]:
        """Record what is done now for the steps that come after, and say what became of the units.

        :returns: counts, and the units that failed for good.
        """
        scope = self.scope
        state = scope.state_file.load()
        plan = self._settled or scope.plan()
        record_plan(scope.workspace, scope.context.run_id, plan, scope.branch)
        done, waiting = plan.tasks(UnitState.DONE), plan.tasks(UnitState.WAITING)
        OutcomeStore(scope.workspace).record_current(
            scope.context.run_id, self._name, scope.step.foreach, done, waiting, branch=scope.branch
        )
        self._take_over(plan)
        failed = find_failed(scope, state, plan)
        result = sum_up(scope, state, plan, failed)
        values = {unit.unit: unit.values for unit in plan.units}
        needs = beyond(state, lambda unit: scope.first_ask(values.get(unit, {})))
        save_needs(scope.workspace, self._name, needs, scope.branch)
        save_result(scope.workspace, scope.context.run_id, self._name, result.to_json(), scope.branch)
        return result, failed

    def _forgetting(self, state: StepState) -> StepState:
        """Forget what is to be done again: once in a run, because a task that is cleared repeats failures alone."""
        if not self.scope.context.options.rerun or state.forgotten:
            return state
        again_asked = [
            unit for unit in self.scope.plan().units if self.scope.context.options.asks_again(self._name, unit)
        ]
        OutcomeStore(self.scope.workspace).forget(self._name, again_asked, self.scope.units_of_branch)
        log.info("%s: %d units that were done run again, as asked", self._name, len(again_asked))
        return self.scope.state_file.save(replace(state, forgotten=True))

    def _without_archived(
        self, state: StepState, todo: dict[str, PlannedUnit]
    ) -> tuple[StepState, dict[str, PlannedUnit]]:
        """The units that can run; the others fail before any job, as their containers would."""
        archived = self.scope.find_archived(list(todo.values()))
        if not archived:
            return state, todo
        rates = rates_of(self.scope.hook, self.scope.workspace)
        for note in archived_notes(self._name, archived, self.scope.pipeline.dataset.restore, rates):
            log.warning("%s", note)
        state = self.scope.state_file.save(
            fail_archived(self.scope.workspace, self.scope.pipeline.name, state, todo, archived)
        )
        return state, {name: unit for name, unit in todo.items() if name not in archived}

    def _take_over(self, plan: StepPlan) -> None:
        """Store what was looked up under names that tell it, so that nobody looks for it again."""
        OutcomeStore(self.scope.workspace).set_aside(self._name, plan.overwritten)
        found = [unit for unit in plan.of(UnitState.DONE) if unit.done_by is not None]
        for unit in found:
            OutcomeStore(self.scope.workspace).take_over(self._name, unit)
        for reason, count in Counter(unit.reason for unit in found).items():
            log.info("%s: %d units are taken over: %s", self._name, count, reason)

    def _with_needs(self, state: StepState) -> StepState:
        """The state that knows what units needed in runs before."""
        needs = {**load_needs(self.scope.workspace, self._name, self.scope.branch), **state.needs}
        return replace(state, needs=needs)

    def _elsewhere(self, plan: StepPlan, state: StepState, going: Sequence[Going]) -> tuple[StepPlan, StepState]:
        """The plan in which units wait that another run has going, and the state that knows these jobs."""
        runs = {unit: each.run_id for each in going for unit in each.units}
        found = {unit.unit for unit in plan.of(UnitState.PENDING) if unit.unit in runs}
        jobs = tuple(each.job_id for each in going if found & each.units)
        for run_id, count in Counter(runs[unit] for unit in found).items():
            log.info("%s: %d units run in the run %s now; waiting for its jobs", self._name, count, run_id)
        units = tuple(
            replace(unit, state=UnitState.WAITING, reason=Reason(Why.ELSEWHERE, runs[unit.unit]))
            if unit.unit in found
            else unit
            for unit in plan.units
        )
        return replace(plan, units=units), replace(state, foreign=jobs)

    def _again(self, state: StepState, groups: Mapping[Ask, Sequence[UnitFailure]]) -> StepState:
        """Submit what is worth another attempt, and what is pending that was never tried as it is now.

        Spec and files may have changed since the last plan, so that a unit may be another one by now, or none.
        """
        if not groups and not state.foreign:
            self._settled = self.scope.plan()
            if not self._changed(state, self._settled):
                return state
        with self.turns.held() as going:
            return self._submit_again(state, groups, going)

    def _changed(self, state: StepState, plan: StepPlan) -> dict[str, PlannedUnit]:
        """Units that are pending and were never tried as they are now, while there is a round left for them."""
        if state.rounds >= MAX_ROUNDS:
            return {}
        failed = {failure.unit: failure for failure in state.failures.values()}
        running = {str(unit) for submission in state.live for unit in submission.units}
        pending = (unit for unit in plan.of(UnitState.PENDING) if unit.unit not in running)
        return {unit.unit: unit for unit in pending if unit.unit not in failed or not failed[unit.unit].is_of(unit)}

    def _submit_again(
        self, state: StepState, groups: Mapping[Ask, Sequence[UnitFailure]], going: Sequence[Going]
    ) -> StepState:
        awaited = bool(state.foreign)
        plan, state = self._elsewhere(self.scope.plan(), state, going)
        self._settled = None
        pending = {unit.unit: unit for unit in plan.of(UnitState.PENDING)}
        retries = {
            ask: [f for f in group if f.unit in pending and f.is_of(pending[f.unit])] for ask, group in groups.items()
        }
        retries = {ask: group for ask, group in retries.items() if group}
        if changed := self._changed(state, plan):
            log.info("%s: %s", self._name, _news(changed))
            state, changed = self._without_archived(renew(state, changed), changed)
            rounds = state.rounds + (not awaited)  # who waited for others has not run them yet
            state = replace(state, rounds=rounds)
        asks = by_need(changed, state, lambda unit: self.scope.first_ask(changed[unit].values))
        for ask, group in retries.items():
            asks[ask] = [*asks.get(ask, ()), *(failure.unit for failure in group)]
        state = self._counting(state, retries)
        return self.jobs.submit(state, {ask: [pending[unit] for unit in units] for ask, units in asks.items()})

    def _counting(self, state: StepState, groups: Mapping[Ask, Sequence[UnitFailure]]) -> StepState:
        """The state that counts what is tried again, after the rest that it may need."""
        for ask, group in groups.items():
            cleared = "ended when the task was cleared"
            words = Counter(cleared if failure.cleared else str(failure.category) for failure in group)
            counted = ", ".join(f"{count} x {word}" for word, count in words.items())
            log.info("%s: trying again %s, with %s", self._name, counted, _amounts(ask))
        lost = Counter(failure.category for group in groups.values() for failure in group)
        state = tell_retries(self.scope, state, lost)
        if any(backs_off(failure.category) for group in groups.values() for failure in group):
            time.sleep(random.uniform(*BACK_OFF_S))  # noqa: S311
        return count_retries(state, groups)


def _news(changed: Mapping[str, PlannedUnit]) -> str:
    """What has become pending while the step ran, as a clause with an example."""
    first = next(iter(changed.values()))
    return (
        f"{len(changed)} units have become pending while the step ran and run now, such as {first.unit}: {first.reason}"
    )


def _amounts(ask: Ask) -> str:
    return f"{ask.memory / 1024**3:.3g} GiB of memory, {ask.timeout / 60:.3g} min, {ask.capacity} capacity"
