"""The jobs of one step of one run: what submits them, finds them again, reads their verdicts and ends them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from platerunner.batch.calls import explained
from platerunner.batch.model import Ask, Submission
from platerunner.batch.status import describe
from platerunner.batch.stop import terminate
from platerunner.batch.submit import chunks
from platerunner.batch.views import JobView, has_ended
from platerunner.engine.planning.model import PlannedUnit, StepSettings
from platerunner.engine.planning.units.tasks import StepTaskBuilder
from platerunner.engine.planning.units.toolfiles import hash_files
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StateFile, StepState, now
from platerunner.engine.steps.collect import Collector, failed_jobs, read_manifest
from platerunner.engine.steps.intents import adopt
from platerunner.engine.steps.ledger import again, record, remember
from platerunner.engine.steps.step_scope import StepScope
from platerunner.engine.steps.submission import Submitter
from platerunner.engine.steps.turns import Turns

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient


class StepJobs:
    """What is done to the jobs of a step.

    :param scope: the step in its run.
    :param turns: of the run at the step: it submits in its turn only.
    :param variables: what each container gets in its environment besides what the connection says.
    """

    def __init__(self, scope: StepScope, turns: Turns, variables: Mapping[str, str]) -> None:
        self._scope = scope
        self._turns = turns
        self._variables = variables

    @property
    def _batch(self) -> "BatchClient":
        return self._scope.hook.batch

    def resume(self) -> StepState:
        """The step's state, with the jobs that a process which died had submitted."""
        return self._submitter().resume()

    def submit(self, state: StepState, asks: Mapping[Ask, Sequence[PlannedUnit]]) -> StepState:
        """Submit units, those that run under the same settings together; with the last ones the run's turn ends.

        :param asks: units by what they ask for.
        :returns: the state that knows the jobs.
        """
        variants = self._scope.variants
        groups: dict[tuple[int, Ask], list[PlannedUnit]] = {}
        for ask, unit in ((ask, unit) for ask, units in asks.items() for unit in units):
            groups.setdefault((id(variants.of(unit.values)), ask), []).append(unit)
        parts = [(ask, [units[i] for i in part]) for (_, ask), units in groups.items() for part in chunks(len(units))]
        for left, (ask, units) in enumerate(parts, 1 - len(parts)):
            self._turns.renew()
            settings = variants.of(units[0].values)
            image, digest = self._scope.image(settings.image)
            builder = self._builder(settings, digest)
            state = self._turns.ending(state) if left == 0 else state
            state = self._submitter(image).submit(state, builder, ask, units)
        return state if parts else self._scope.state_file.save(self._turns.ending(state))

    def record_ended(self, state: StepState) -> StepState:
        """The state with the verdicts of the jobs that have ended."""
        with explained(f"look up the jobs of {self._scope.step.name}"):
            views = {view.id: view for view in describe(self._batch, [str(s.job_id) for s in state.live])}
            ended = [s for s in state.live if has_ended(views.get(str(s.job_id)), s.submitted_at)]
            return self._with_verdicts(state, ended, views) if ended else state

    def find_running(self, state: StepState) -> list[str]:
        """Ids of the jobs that the step waits for, other runs' too; empty if there are none, or if some have ended."""
        jobs = [*(str(submission.job_id) for submission in state.live), *state.foreign]
        with explained(f"look up the jobs of {self._scope.step.name}"):
            return [] if not jobs or any(view.ended for view in describe(self._batch, jobs)) else jobs

    def stop(self, reason: str, state_file: StateFile | None = None) -> list[str]:
        """End whatever runs, also what a dying process submitted a moment ago.

        :param reason: becomes the jobs' ``statusReason``.
        :param state_file: of another run of the step whose jobs end; None for this run's.
        :returns: ids of the jobs.
        """
        state = adopt(state_file or self._scope.state_file, self._batch)
        ids = [str(submission.job_id) for submission in state.live]
        terminate(self._batch, ids, reason)
        return ids

    def log_stream(self, job_id: str | None) -> str | None:
        """Where a job's log is; None if there is none (yet).

        :param job_id: of a single job or of an array's child.
        """
        views = describe(self._batch, [job_id]) if job_id else ()
        return next((view.log_stream for view in views), None)

    def _builder(self, settings: StepSettings, digest: str | None) -> StepTaskBuilder:
        scope = self._scope
        name, run_id, files = scope.pipeline.name, scope.context.run_id, hash_files(settings)
        return StepTaskBuilder(name, run_id, settings, files, digest, scope.data, scope.workspace)

    def _submitter(self, image: str = "") -> Submitter:
        """What submits units, and finds again what was submitted.

        :param image: full reference; what is found again has its own.
        """
        scope, settings = self._scope, self._scope.hook.settings
        tags, share = scope.step.cost_tags, settings.share(scope.pipeline.name, scope.pipeline.owner)
        return Submitter(self._batch, settings, scope.workspace, scope.state_file, image, self._variables, tags, share)

    def _with_verdicts(self, state: StepState, ended: Sequence[Submission], views: Mapping[str, JobView]) -> StepState:
        scope = self._scope
        index = OutcomeStore(scope.workspace).index(scope.step.name, scope.units_of_branch)
        collector = Collector(self._batch, scope.workspace, index)
        for submission in ended:
            manifest = read_manifest(scope.workspace, self._submitter().prefix(submission))
            failed = failed_jobs(self._batch, submission, views.get(str(submission.job_id)))
            found = collector.collect(submission, manifest, failed)
            state = record(state, found.succeeded, found.failed)
            state = state.with_submission(replace(submission, ended_at=now()))
        # In the same write as the verdicts: a process that dies after it leaves what the units need to the next one.
        return scope.state_file.save(remember(state, again(state, scope.step.retry)))
