"""The jobs of one step of one run: what submits them, finds them again, reads their verdicts and ends them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

from platerunner.batch.calls import explained
from platerunner.batch.model import Ask, Submission
from platerunner.batch.status import describe
from platerunner.batch.stop import terminate
from platerunner.batch.submit import chunks
from platerunner.batch.views import JobView, has_ended
from platerunner.catalog.loader import load_catalog
from platerunner.engine.access import Access
from platerunner.engine.images import resolve_named
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.model import PlannedUnit, StepSettings
from platerunner.engine.planning.settings import data_root, workspace_url
from platerunner.engine.planning.tasks import StepTaskBuilder
from platerunner.engine.planning.toolfiles import hash_files
from platerunner.engine.planning.variants import Variants
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StateFile, StepState, now
from platerunner.engine.steps.collect import Collector, failed_jobs, read_manifest
from platerunner.engine.steps.intents import adopt
from platerunner.engine.steps.ledger import again, record, remember
from platerunner.engine.steps.submission import Submitter
from platerunner.engine.steps.turns import Going, Owner, Turns
from platerunner.spec.model import Pipeline, Step
from platerunner_unit.contract.storage import Storage

log = logging.getLogger(__name__)


class StepJobs:
    """A step of a run with its state file, and what is done to its jobs.

    :param hook: clients, storages and settings.
    :param pipeline: the spec.
    :param step: name of the step.
    :param context: params, roots, the run's id, and the branch that the step belongs to, if it does.
    :param variables: what each container gets in its environment besides what the connection says.
    """

    def __init__(
        self,
        hook: Access,
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
        self.branch = context.branch.key if context.branch else ""
        self.state_file = StateFile(self.workspace, context.run_id, step, self.branch)
        self.turns = Turns(self.workspace, self.state_file, lambda: hook.batch, Owner("", "", step, context.run_id))
        self._images: dict[str, tuple[str, str | None]] = {}

    @cached_property
    def variants(self) -> Variants:
        """The step's settings under the run's params, by unit."""
        return Variants(self.step, load_catalog(), self.context, self.pipeline.path.parent)

    def stop(self, reason: str) -> list[str]:
        """End whatever runs, also what a dying process submitted a moment ago.

        :param reason: becomes the jobs' ``statusReason``.
        :returns: ids of the jobs.
        """
        return self.stop_all(self.state_file, reason)

    def stop_all(self, state_file: StateFile, reason: str) -> list[str]:
        """End what runs of this step in a run.

        :param state_file: that run's; see :meth:`stop` for the rest.
        """
        state = adopt(state_file, self.hook.batch)
        ids = [str(submission.job_id) for submission in state.live]
        terminate(self.hook.batch, ids, reason)
        return ids

    def log_stream(self, job_id: str | None) -> str | None:
        """Where a job's log is; None if there is none (yet).

        :param job_id: of a single job or of an array's child.
        """
        views = describe(self.hook.batch, [job_id]) if job_id else ()
        return next((view.log_stream for view in views), None)

    @property
    def _units_of(self) -> str:
        """What the ids of the branch's units begin with, if they tell it; empty for all."""
        return self.context.branch.units_of(self.step.foreach) if self.context.branch else ""

    @cached_property
    def _data(self) -> Storage:
        return self.hook.storage(data_root(self.pipeline, self.context))

    def _image(self, name: str) -> tuple[str, str | None]:
        """An image's full reference, and its digest if it is known."""
        if name not in self._images:
            self._images[name] = resolve_named(self.pipeline, name, self.hook.settings.registry, self.hook.ecr)
        return self._images[name]

    def _first_ask(self, values: Mapping[str, Any]) -> Ask:
        """What the spec gives a unit."""
        return Ask.of(self.variants.of(values).resources)

    @contextmanager
    def _turn(self) -> Iterator[list[Going]]:
        """Plan and submit while no other run of the step does; what other runs have going.

        The turn ends with the state that :meth:`_submit` writes, or with what went wrong.
        """
        going = self.turns.take()
        try:
            yield going
        except BaseException:
            self.turns.give_back()
            raise

    def _submit(self, state: StepState, asks: Mapping[Ask, Sequence[PlannedUnit]]) -> StepState:
        """Submit units, those that run under the same settings together; with the last ones the turn ends."""
        groups: dict[tuple[int, Ask], list[PlannedUnit]] = {}
        for ask, unit in ((ask, unit) for ask, units in asks.items() for unit in units):
            groups.setdefault((id(self.variants.of(unit.values)), ask), []).append(unit)
        parts = [(ask, [units[i] for i in part]) for (_, ask), units in groups.items() for part in chunks(len(units))]
        for left, (ask, units) in enumerate(parts, 1 - len(parts)):
            self.turns.renew()
            settings = self.variants.of(units[0].values)
            image, digest = self._image(settings.image)
            builder = self._builder(settings, digest)
            state = self.turns.ending(state) if left == 0 else state
            state = self._submitter(image).submit(state, builder, ask, units)
        return state if parts else self.state_file.save(self.turns.ending(state))

    def _builder(self, settings: StepSettings, digest: str | None) -> StepTaskBuilder:
        name, run_id, files = self.pipeline.name, self.context.run_id, hash_files(settings)
        return StepTaskBuilder(name, run_id, settings, files, digest, self._data, self.workspace)

    def _submitter(self, image: str = "") -> Submitter:
        """What submits units, and finds again what was submitted.

        :param image: full reference; what is found again has its own.
        """
        hook = self.hook
        tags, share = self.step.cost_tags, hook.settings.share(self.pipeline.name, self.pipeline.owner)
        return Submitter(hook.batch, hook.settings, self.workspace, self.state_file, image, self.variables, tags, share)

    def _recorded(self, state: StepState) -> tuple[StepState, list[Submission]]:
        """The state with the verdicts of the jobs that have ended, and these submissions."""
        with explained(f"look up the jobs of {self.step.name}"):
            views = {view.id: view for view in describe(self.hook.batch, [str(s.job_id) for s in state.live])}
            ended = [s for s in state.live if has_ended(views.get(str(s.job_id)), s.submitted_at)]
            return (self._with_verdicts(state, ended, views) if ended else state), ended

    def _with_verdicts(self, state: StepState, ended: Sequence[Submission], views: Mapping[str, JobView]) -> StepState:
        index = OutcomeStore(self.workspace).index(self.step.name, self._units_of)
        collector = Collector(self.hook.batch, self.workspace, index)
        for submission in ended:
            manifest = read_manifest(self.workspace, self._submitter().prefix(submission))
            failed = failed_jobs(self.hook.batch, submission, views.get(str(submission.job_id)))
            found = collector.collect(submission, manifest, failed)
            state = record(state, found.succeeded, found.failed)
            state = state.with_submission(replace(submission, ended_at=now()))
        # In the same write as the verdicts: who dies after it leaves what the units need to whoever submits them.
        return self.state_file.save(remember(state, again(state, self.step.retry)))
