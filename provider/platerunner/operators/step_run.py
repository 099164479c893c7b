"""One step of one run, between Airflow and Batch: plan, submit, collect, submit again, end. Knows no Airflow."""

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from platerunner.batch.images import resolve
from platerunner.batch.model import JobView, StepState, Submission
from platerunner.batch.state import StateFile, now
from platerunner.batch.status import describe
from platerunner.batch.stop import terminate
from platerunner.catalog.loader import load_catalog
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.operators.collect import Collector, failed_jobs, read_manifest
from platerunner.operators.digest import StepResult
from platerunner.operators.ledger import (
    UnitFailure,
    again,
    beyond,
    by_need,
    count_retries,
    failures,
    fresh,
    record,
    remember,
)
from platerunner.operators.needs import load_needs, save_needs
from platerunner.operators.retry import Ask, backs_off
from platerunner.operators.submission import Submitter
from platerunner.spec.model import Pipeline, Step
from platerunner.units.arrival import not_arrived
from platerunner.units.context import RunContext
from platerunner.units.model import StepPlan, StepSettings, UnitState
from platerunner.units.outcomes import OutcomeStore
from platerunner.units.prepare import plan_one
from platerunner.units.settings import data_root, workspace_url
from platerunner.units.tasks import StepTaskBuilder
from platerunner.units.toolfiles import hash_files
from platerunner.units.variants import Variants
from platerunner_unit.category import Category
from platerunner_unit.manifest import UnitTask
from platerunner_unit.outcome import run_prefix
from platerunner_unit.storage import Storage

log = logging.getLogger(__name__)
BACK_OFF_S = (2.0, 10.0)
"""Seconds of rest, at least and at most, before units that AWS throttled are submitted again."""
MAX_JOBS_SHOWN = 10
WAITS_SINCE = "waits_since"
UNKNOWN_S = 120.0
"""Seconds after which a job that Batch does not know counts as ended."""


class StepRun:
    """Everything that a step's task does, in whatever process it goes on.

    :param hook: clients, storages and settings.
    :param pipeline: the spec.
    :param step: name of the step.
    :param context: params, roots and the run's id.
    :param variables: what each container gets in its environment besides what the connection says.
    """

    def __init__(
        self,
        hook: PlaterunnerHook,
        pipeline: Pipeline,
        step: str,
        context: RunContext,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        spec = pipeline.steps[step]
        assert isinstance(spec, Step)
        self.hook = hook
        self.pipeline = pipeline
        self.step = spec
        self.context = context
        self.variables = dict(variables or {})
        self.workspace = hook.storage(workspace_url(pipeline, context))
        self.state_file = StateFile(self.workspace, context.run_id, step)
        self._images: dict[str, tuple[str, str | None]] = {}

    @cached_property
    def variants(self) -> Variants:
        """The step's settings under the run's params, by unit."""
        return Variants(self.step, load_catalog(), self.context, self.pipeline.path.parent)

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
        """When the step began to wait for raw files, in seconds of the epoch: now, unless an earlier look kept it."""
        state = self.state_file.load()
        if WAITS_SINCE not in state.extra:
            state = self.state_file.save(replace(state, extra={**state.extra, WAITS_SINCE: time.time()}))
        return float(state.extra[WAITS_SINCE])

    def waited(self) -> None:
        """Forget when the waiting began: a task that is cleared later waits anew."""
        state = self.state_file.load()
        if WAITS_SINCE in state.extra:
            kept = {key: value for key, value in state.extra.items() if key != WAITS_SINCE}
            self.state_file.save(replace(state, extra=kept))

    def start(self) -> StepPlan:
        """Adopt what runs, and submit what is pending and does not run.

        What an earlier try left behind and has ended since is only written down: the plan, made of the files as they
        are now, says what is still to be done.

        :returns: the plan as it was before.
        """
        state = self._submitter().resume(self.state_file.load())
        if state.live:
            state, _ = self._recorded(state)
        else:
            state = replace(fresh(state), extra={**fresh(state).extra, "started": time.time()})
        state = self._with_needs(self._forgetting(state))
        plan = self.plan()
        running = {str(unit) for submission in state.live for unit in submission.units}
        pending = {task.unit: task for task in plan.tasks(UnitState.PENDING)}
        todo = {unit: task for unit, task in pending.items() if unit not in running}
        if running:
            log.info("%s: %d units run already; waiting for their jobs", self.step.name, len(pending) - len(todo))
        if todo:
            groups = by_need(todo, state, lambda unit: self._first_ask(todo[unit].values))
            self._submit(state, {ask: [todo[unit] for unit in units] for ask, units in groups.items()})
        elif not running:
            self.state_file.save(state)
        return plan

    def waiting_for(self) -> list[str]:
        """Ids of the jobs that have not ended yet; empty if there are some whose verdicts can be collected, or none."""
        live = [str(submission.job_id) for submission in self.state_file.load().live]
        if not live or any(view.ended for view in describe(self.hook.batch, live)):
            return []
        return live

    def collect(self) -> bool:
        """Collect the verdicts of ended jobs, and submit again what is worth it.

        :returns: whether there are jobs to wait for.
        """
        state, ended = self._recorded(self.state_file.load())
        return bool(self._again(state, ended).live)

    def finish(self) -> tuple[StepResult, list[UnitFailure]]:
        """Record what is done now for the steps that come after, and say what became of the units.

        :returns: counts, and the units that failed for good.
        """
        state = self.state_file.load()
        plan = self.plan()
        done, waiting = plan.tasks(UnitState.DONE), plan.tasks(UnitState.WAITING)
        OutcomeStore(self.workspace).record_current(
            self.context.run_id, self.step.name, self.step.foreach, done, waiting
        )
        pending = {task.unit for task in plan.tasks(UnitState.PENDING)}
        failed = [failure for failure in failures(state) if failure.unit in pending]
        result = self._result(state, plan, failed)
        values = {unit.task.unit: unit.task.values for unit in plan.units}
        needs = beyond(state, lambda unit: self._first_ask(values.get(unit, {})))
        save_needs(self.workspace, self.step.name, needs)
        key = f"{run_prefix(self.context.run_id, self.step.name)}result.json"
        self.workspace.put(key, json.dumps(result.to_json(), indent=1).encode())
        return result, failed

    def log_stream(self, job_id: str | None) -> str | None:
        """Where a job's log is; None if there is none (yet).

        :param job_id: of a single job or of an array's child.
        """
        views = describe(self.hook.batch, [job_id]) if job_id else ()
        return next((view.log_stream for view in views), None)

    def stop(self, reason: str) -> list[str]:
        """End whatever runs, also what a dying process submitted a moment ago.

        :param reason: becomes the jobs' ``statusReason``.
        :returns: ids of the jobs.
        """
        state = self.state_file.adopt(self.hook.batch, self.state_file.load())
        ids = [str(submission.job_id) for submission in state.live]
        terminate(self.hook.batch, ids, reason)
        return ids

    @cached_property
    def _data(self) -> Storage:
        return self.hook.storage(data_root(self.pipeline, self.context))

    def _image(self, name: str) -> tuple[str, str | None]:
        """An image's full reference, and its digest if it is known."""
        if name not in self._images:
            self._images[name] = resolve(name, self.hook.settings.registry, self.hook.ecr)
        return self._images[name]

    def _first_ask(self, values: Mapping[str, Any]) -> Ask:
        """What the spec gives a unit."""
        return Ask.of(self.variants.of(values).resources)

    def _submit(self, state: StepState, asks: Mapping[Ask, Sequence[UnitTask]]) -> StepState:
        """Submit units, those that run under the same settings together."""
        groups: dict[int, tuple[StepSettings, dict[Ask, list[UnitTask]]]] = {}
        for ask, task in ((ask, task) for ask, tasks in asks.items() for task in tasks):
            settings = self.variants.of(task.values)
            groups.setdefault(id(settings), (settings, {}))[1].setdefault(ask, []).append(task)
        for settings, by_ask in groups.values():
            image, digest = self._image(settings.image)
            state = self._submitter(image).submit(state, self._builder(settings, digest), by_ask)
        return state

    def _builder(self, settings: StepSettings, digest: str | None) -> StepTaskBuilder:
        name, run_id, files = self.pipeline.name, self.context.run_id, hash_files(settings)
        return StepTaskBuilder(name, run_id, settings, files, digest, self._data, self.workspace)

    def _submitter(self, image: str = "") -> Submitter:
        """What submits units, and finds again what was submitted.

        :param image: full reference; what is found again has its own.
        """
        hook = self.hook
        tags = self.step.cost_tags
        return Submitter(hook.batch, hook.settings, self.workspace, self.state_file, image, self.variables, tags)

    def _forgetting(self, state: StepState) -> StepState:
        """Forget what is to be done again: once in a run, for a task that is cleared repeats failures alone."""
        if not self.context.options.rerun or state.extra.get("forgotten"):
            return state
        again_asked = [unit for unit in self.plan().units if self.context.options.asks_again(self.step.name, unit)]
        store = OutcomeStore(self.workspace)
        for unit in again_asked:
            store.forget(self.step.name, unit.task)
        log.info("%s: %d units that were done run again, as asked", self.step.name, len(again_asked))
        return self.state_file.save(replace(state, extra={**state.extra, "forgotten": True}))

    def _with_needs(self, state: StepState) -> StepState:
        """The state that knows what units needed in runs before."""
        needs = {**load_needs(self.workspace, self.step.name), **state.extra.get("needs", {})}
        return replace(state, extra={**state.extra, "needs": needs}) if needs else state

    def _recorded(self, state: StepState) -> tuple[StepState, list[Submission]]:
        """The state with the verdicts of the jobs that have ended, and these submissions."""
        views = {view.id: view for view in describe(self.hook.batch, [str(s.job_id) for s in state.live])}
        ended = [s for s in state.live if _ended(s, views.get(str(s.job_id)))]
        return (self._with_verdicts(state, ended, views) if ended else state), ended

    def _with_verdicts(self, state: StepState, ended: Sequence[Submission], views: Mapping[str, JobView]) -> StepState:
        index = OutcomeStore(self.workspace).index(self.step.name)
        collector = Collector(self.hook.batch, self.workspace, index)
        for submission in ended:
            manifest = read_manifest(self.workspace, self._submitter().prefix(submission))
            failed = failed_jobs(self.hook.batch, submission, views.get(str(submission.job_id)))
            found = collector.collect(submission, manifest, failed)
            state = record(state, found.succeeded, found.failed)
            state = state.with_submission(replace(submission, ended_at=now()))
        # In the same write as the verdicts: who dies after it leaves what the units need to whoever submits them.
        return self.state_file.save(remember(state, again(state, ended, self.step.retry)))

    def _again(self, state: StepState, ended: Sequence[Submission]) -> StepState:
        groups = again(state, ended, self.step.retry)
        if not groups:
            return state
        state = count_retries(state, groups)
        for ask, group in groups.items():
            words = Counter(_why(failure) for failure in group)
            log.info("%s: trying again %s, with %s", self.step.name, _counted(words), _amounts(ask))
        if any(backs_off(failure.category) for group in groups.values() for failure in group):
            time.sleep(random.uniform(*BACK_OFF_S))  # noqa: S311
        tasks = self._tasks_of(ended)
        if any(failure.cleared for group in groups.values() for failure in group):
            tasks |= {task.unit: task for task in self.plan().tasks(UnitState.PENDING)}  # files may have changed since
        return self._submit(state, {ask: [tasks[failure.unit] for failure in group] for ask, group in groups.items()})

    def _tasks_of(self, submissions: Sequence[Submission]) -> dict[str, UnitTask]:
        manifests = (read_manifest(self.workspace, self._submitter().prefix(s)) for s in submissions)
        return {task.unit: task for manifest in manifests for task in manifest.units}

    def _result(self, state: StepState, plan: StepPlan, failed: Sequence[UnitFailure]) -> StepResult:
        counts = plan.counts()
        won = set(state.extra.get("succeeded", ())) & {task.unit for task in plan.tasks(UnitState.DONE)}
        categories = Counter(str(failure.category) for failure in failed)
        if won:
            categories[str(Category.SUCCEEDED)] = len(won)
        return StepResult(
            pipeline=self.pipeline.name,
            step=self.step.name,
            units=counts[UnitState.DONE] + counts[UnitState.PENDING],
            succeeded=len(won),
            done_before=counts[UnitState.DONE] - len(won),
            failed=len(failed),
            waiting=counts[UnitState.WAITING],
            excluded=counts[UnitState.EXCLUDED],
            categories=dict(categories),
            retried=dict(state.extra.get("retried", {})),
            seconds=round(time.time() - state.extra.get("started", time.time()), 1),
            jobs=tuple(str(s.job_id) for s in state.submissions if s.job_id)[-MAX_JOBS_SHOWN:],
        )


def _ended(submission: Submission, view: JobView | None) -> bool:
    """Whether a job has ended, or is one that Batch has forgotten, as it does some days after their end."""
    if view is not None:
        return view.ended
    # A job that was submitted a moment ago may not be known everywhere yet.
    age = datetime.now(UTC) - datetime.fromisoformat(submission.submitted_at)
    return age.total_seconds() > UNKNOWN_S


def _why(failure: UnitFailure) -> str:
    return "ended when the task was cleared" if failure.cleared else str(failure.category)


def _counted(words: Mapping[str, int]) -> str:
    return ", ".join(f"{count} x {word}" for word, count in words.items())


def _amounts(ask: Ask) -> str:
    return f"{ask.memory / 1024**3:.3g} GiB of memory, {ask.timeout / 60:.3g} min, {ask.capacity} capacity"
