"""One step of one run, between Airflow and Batch: plan, submit, collect, submit again, end. Knows no Airflow."""

import logging
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

from platerunner.batch.calls import explained
from platerunner.batch.model import Ask
from platerunner.batch.status import describe
from platerunner.catalog.loader import load_catalog
from platerunner.engine.archives import looker
from platerunner.engine.planning.archived import Archived, archived_notes, find_archived
from platerunner.engine.planning.arrival import not_arrived
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.prepare import plan_one
from platerunner.engine.planning.reasons import Reason, Why
from platerunner.engine.records.needs import load_needs, save_needs
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.plans import record_plan
from platerunner.engine.records.results import save_result
from platerunner.engine.records.step_state import StepState, UnitFailure
from platerunner.engine.steps.digest import NOTES_KEPT, StepResult
from platerunner.engine.steps.held_back import fail_archived
from platerunner.engine.steps.ledger import again, beyond, by_need, count_retries, renew
from platerunner.engine.steps.retry import backs_off
from platerunner.engine.steps.step_jobs import StepJobs
from platerunner.engine.steps.turns import Going
from platerunner.engine.steps.waiting import waited, waits_since
from platerunner_unit.contract.category import Category

log = logging.getLogger(__name__)
BACK_OFF_S = (2.0, 10.0)
"""Seconds of rest, at least and at most, before units that AWS throttled are submitted again."""
MAX_JOBS_SHOWN = 10
MAX_NOTES = 5
MAX_ROUNDS = 5
"""Times that one try runs what has changed since it planned: who changes files for ever is told, not followed."""


class StepRun(StepJobs):
    """Everything that a step's task does, in whatever process it goes on; made as :class:`StepJobs` is."""

    _settled: StepPlan | None = None
    """The plan that found nothing more to submit, with which the step ends."""
    foreign: Sequence[str] = ()
    """Jobs of other runs among those that the step waits for: not ours to end."""

    def plan(self) -> StepPlan:
        """What there is to do now.

        :raises PlanningError: if the step cannot be planned.
        """
        return plan_one(
            self.pipeline,
            self.step.name,
            load_catalog(),
            self.context,
            data=self._data,
            workspace=self.workspace,
            digests=lambda image: self._image(image)[1],
        )

    def not_arrived(self) -> list[str]:
        """What is missing of the raw files that the step reads, as clauses.

        :raises PlanningError: if the step cannot be planned, whatever arrives.
        """
        return not_arrived(self.pipeline, self.step, self.context, self._data)

    def waits_since(self) -> float:
        """When the step's waiting for raw files began; see :func:`platerunner.engine.steps.waiting.waits_since`."""
        return waits_since(self.state_file, self.workspace, self.context.run_id)

    def waited(self) -> None:
        """Note that the waiting is over."""
        waited(self.state_file)

    def start(self) -> StepPlan:
        """Adopt what runs, and submit what is pending and does not run, here or in another run of the pipeline.

        What an earlier try left behind and has ended since is only written down: the plan, made of the files as they
        are now, says what is still to be done.

        :returns: the plan as it was before.
        """
        with self._turn() as going:
            state = self._submitter().resume()
            if state.live:
                state, _ = self._recorded(state)
            else:
                state = replace(state.fresh(), started=time.time())
            state = self._with_needs(self._forgetting(replace(state, rounds=0)))
            plan, state = self._elsewhere(self.plan(), state, going)
            self._take_over(plan)
            record_plan(self.workspace, self.context.run_id, plan, self.branch)
            running = {str(unit) for submission in state.live for unit in submission.units}
            pending = plan.of(UnitState.PENDING)
            todo = {unit.unit: unit for unit in pending if unit.unit not in running}
            if running:
                log.info("%s: %d units run already; waiting for their jobs", self.step.name, len(pending) - len(todo))
            state, todo = self._without_archived(state, todo)
            groups = by_need(todo, state, lambda unit: self._first_ask(todo[unit].values))
            self._submit(state, {ask: [todo[unit] for unit in units] for ask, units in groups.items()})
            return plan

    def archived(self, units: Sequence[PlannedUnit]) -> Archived:
        """What of the inputs of units has to be restored from an archive before they can run."""
        roots = {"data": self._data.url, "workspace": self.workspace.url}
        return find_archived(looker(lambda: self.hook.s3), roots, units)

    def waiting_for(self) -> list[str]:
        """Ids of the jobs that have not ended yet, also other runs' (:attr:`foreign`); empty if there are none, or if
        there are some whose verdicts can be collected.
        """
        state = self.state_file.load()
        self.foreign = list(state.foreign)
        jobs = [*(str(submission.job_id) for submission in state.live), *self.foreign]
        with explained(f"look up the jobs of {self.step.name}"):
            return [] if not jobs or any(view.ended for view in describe(self.hook.batch, jobs)) else jobs

    def collect(self) -> bool:
        """Collect the verdicts of ended jobs, and submit again what is worth it; at the end, also what has changed.

        :returns: whether there are jobs to wait for.
        """
        state, _ = self._recorded(self._submitter().resume())
        groups = again(state, self.step.retry)
        if groups or not state.live or state.foreign:  # jobs of others that ended are to be forgotten
            state = self._again(state, groups)
        return bool(state.live or state.foreign)

    def finish(self) -> tuple[StepResult, list[UnitFailure]]:
        """Record what is done now for the steps that come after, and say what became of the units.

        :returns: counts, and the units that failed for good.
        """
        state = self.state_file.load()
        plan = self._settled or self.plan()
        record_plan(self.workspace, self.context.run_id, plan, self.branch)
        done, waiting = plan.tasks(UnitState.DONE), plan.tasks(UnitState.WAITING)
        OutcomeStore(self.workspace).record_current(
            self.context.run_id, self.step.name, self.step.foreach, done, waiting, branch=self.branch
        )
        self._take_over(plan)
        failed = self._failed(state, plan)
        result = self._result(state, plan, failed)
        values = {unit.unit: unit.values for unit in plan.units}
        needs = beyond(state, lambda unit: self._first_ask(values.get(unit, {})))
        save_needs(self.workspace, self.step.name, needs, self.branch)
        save_result(self.workspace, self.context.run_id, self.step.name, result.to_json(), self.branch)
        return result, failed

    def _notes(self, won: Sequence[PlannedUnit]) -> tuple[str, ...]:
        """What the verdicts on the first, the middle and the last unit say besides: others of a step say the same."""
        store, notes = OutcomeStore(self.workspace), dict[str, str]()
        for task in (won[i].task for i in sorted({0, len(won) // 2, len(won) - 1}) if won):
            outcome = store.read(self.step.name, task.unit, task.fingerprint, Category.SUCCEEDED)
            for note in outcome.verdict.notes:
                notes.setdefault(note.partition(":")[0], f"{task.unit or 'the only unit'}: {note}")
        return tuple(notes.values())[:MAX_NOTES]

    def _failed(self, state: StepState, plan: StepPlan) -> list[UnitFailure]:
        """What is not done and does not wait for others: every unit has a reason, or the step is not over."""
        pending = {unit.unit: unit for unit in plan.of(UnitState.PENDING)}
        failed = [f for f in state.failures.values() if f.unit in pending and f.is_of(pending[f.unit])]
        known = {failure.unit for failure in failed}
        failed += [UnitFailure.unsettled(unit) for name, unit in pending.items() if name not in known]
        return failed + [UnitFailure.left_out(unit) for unit in self.context.options.left_failed(plan)]

    def _forgetting(self, state: StepState) -> StepState:
        """Forget what is to be done again: once in a run, for a task that is cleared repeats failures alone."""
        if not self.context.options.rerun or state.forgotten:
            return state
        again_asked = [unit for unit in self.plan().units if self.context.options.asks_again(self.step.name, unit)]
        OutcomeStore(self.workspace).forget(self.step.name, again_asked, self._units_of)
        log.info("%s: %d units that were done run again, as asked", self.step.name, len(again_asked))
        return self.state_file.save(replace(state, forgotten=True))

    def _without_archived(
        self, state: StepState, todo: dict[str, PlannedUnit]
    ) -> tuple[StepState, dict[str, PlannedUnit]]:
        """The units that can run; the others fail before any job, as their containers would."""
        archived = self.archived(list(todo.values()))
        if not archived:
            return state, todo
        for note in archived_notes(self.step.name, archived):
            log.warning("%s", note)
        state = self.state_file.save(fail_archived(self.workspace, self.pipeline.name, state, todo, archived))
        return state, {name: unit for name, unit in todo.items() if name not in archived}

    def _take_over(self, plan: StepPlan) -> None:
        """Store what was looked up under names that tell it, so that nobody looks for it again."""
        OutcomeStore(self.workspace).set_aside(self.step.name, plan.overwritten)
        found = [unit for unit in plan.of(UnitState.DONE) if unit.done_by is not None]
        for unit in found:
            OutcomeStore(self.workspace).take_over(self.step.name, unit)
        for reason, count in Counter(unit.reason for unit in found).items():
            log.info("%s: %d units are taken over: %s", self.step.name, count, reason)

    def _with_needs(self, state: StepState) -> StepState:
        """The state that knows what units needed in runs before."""
        needs = {**load_needs(self.workspace, self.step.name, self.branch), **state.needs}
        return replace(state, needs=needs)

    def _elsewhere(self, plan: StepPlan, state: StepState, going: Sequence[Going]) -> tuple[StepPlan, StepState]:
        """The plan in which units wait that another run has going, and the state that knows these jobs."""
        runs = {unit: each.run_id for each in going for unit in each.units}
        found = {unit.unit for unit in plan.of(UnitState.PENDING) if unit.unit in runs}
        jobs = tuple(each.job_id for each in going if found & each.units)
        for run_id, count in Counter(runs[unit] for unit in found).items():
            log.info("%s: %d units run in the run %s now; waiting for its jobs", self.step.name, count, run_id)
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
            self._settled = self.plan()
            if not self._changed(state, self._settled):
                return state
        with self._turn() as going:
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
        plan, state = self._elsewhere(self.plan(), state, going)
        self._settled = None
        pending = {unit.unit: unit for unit in plan.of(UnitState.PENDING)}
        retries = {
            ask: [f for f in group if f.unit in pending and f.is_of(pending[f.unit])] for ask, group in groups.items()
        }
        retries = {ask: group for ask, group in retries.items() if group}
        if changed := self._changed(state, plan):
            log.info("%s: %s", self.step.name, _news(changed))
            state, changed = self._without_archived(renew(state, changed), changed)
            rounds = state.rounds + (not awaited)  # who waited for others has not run them yet
            state = replace(state, rounds=rounds)
        asks = by_need(changed, state, lambda unit: self._first_ask(changed[unit].values))
        for ask, group in retries.items():
            asks[ask] = [*asks.get(ask, ()), *(failure.unit for failure in group)]
        state = self._counting(state, retries)
        return self._submit(state, {ask: [pending[unit] for unit in units] for ask, units in asks.items()})

    def _counting(self, state: StepState, groups: Mapping[Ask, Sequence[UnitFailure]]) -> StepState:
        """The state that counts what is tried again, after the rest that it may need."""
        for ask, group in groups.items():
            words = Counter(_why(failure) for failure in group)
            log.info("%s: trying again %s, with %s", self.step.name, _counted(words), _amounts(ask))
        if any(backs_off(failure.category) for group in groups.values() for failure in group):
            time.sleep(random.uniform(*BACK_OFF_S))  # noqa: S311
        return count_retries(state, groups)

    def _result(self, state: StepState, plan: StepPlan, failed: Sequence[UnitFailure]) -> StepResult:
        counts = plan.counts()
        won = set(state.succeeded) & {unit.unit for unit in plan.of(UnitState.DONE)}
        categories = Counter(str(failure.category) for failure in failed)
        earlier = len(self.context.options.left_failed(plan))
        if won:
            categories[str(Category.SUCCEEDED)] = len(won)
        return StepResult(
            pipeline=self.pipeline.name,
            step=self.step.name,
            branch=self.branch,
            units=counts[UnitState.DONE] + counts[UnitState.PENDING] + earlier,
            succeeded=len(won),
            done_before=counts[UnitState.DONE] - len(won),
            failed=len(failed),
            waiting=counts[UnitState.WAITING] - earlier,
            excluded=counts[UnitState.EXCLUDED],
            categories=dict(categories),
            retried=dict(state.retried),
            seconds=round(0.0 if state.started is None else time.time() - state.started, 1),
            jobs=tuple(str(s.job_id) for s in state.submissions if s.job_id)[-MAX_JOBS_SHOWN:],
            absent=plan.absent[:NOTES_KEPT],
            notes=(
                *plan.notes[:NOTES_KEPT],
                *self._notes([unit for unit in plan.of(UnitState.DONE) if unit.unit in won]),
            ),
            plates=_plates(plan, won | {failure.unit for failure in failed if failure.job_id}),
            failed_earlier=earlier,
        )


def _plates(plan: StepPlan, ran: Set[str]) -> int:
    """On how many plates units ran."""
    return len({unit.values["plate"] for unit in plan.units if unit.unit in ran and "plate" in unit.values})


def _news(changed: Mapping[str, PlannedUnit]) -> str:
    """What has become pending while the step ran, as a clause with an example."""
    first = next(iter(changed.values()))
    return (
        f"{len(changed)} units have become pending while the step ran and run now, such as {first.unit}: {first.reason}"
    )


def _why(failure: UnitFailure) -> str:
    return "ended when the task was cleared" if failure.cleared else str(failure.category)


def _counted(words: Mapping[str, int]) -> str:
    return ", ".join(f"{count} x {word}" for word, count in words.items())


def _amounts(ask: Ask) -> str:
    return f"{ask.memory / 1024**3:.3g} GiB of memory, {ask.timeout / 60:.3g} min, {ask.capacity} capacity"
