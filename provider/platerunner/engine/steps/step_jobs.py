"""The jobs of one step of one run: what submits them, finds them again, reads their verdicts and ends them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from platerunner.batch.calls import explained
from platerunner.batch.model import Ask, Submission
from platerunner.batch.status import describe
from platerunner.batch.stop import terminate
from platerunner.batch.submit import chunks
from platerunner.batch.views import JobView, has_ended
from platerunner.engine.ledger.recorder import Recorder
from platerunner.engine.planning.model import PlannedUnit, StepSettings
from platerunner.engine.planning.units.batches import batches_of
from platerunner.engine.planning.units.fingerprint import hash_files
from platerunner.engine.planning.units.tasks import StepTaskBuilder
from platerunner.engine.records.file_systems import RunFileSystem, load_file_system
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StateFile, StepState, now
from platerunner.engine.steps.attempts import again, record, remember
from platerunner.engine.steps.collect import Collector, failed_jobs, read_manifest, verdicts_of
from platerunner.engine.steps.job_messages import tell_jobs
from platerunner.engine.steps.step_scope import StepScope
from platerunner.engine.steps.submission import Submitter, adopt
from platerunner.engine.steps.telemetry import points_of, span_of, tell_untold, with_untold
from platerunner.engine.steps.turns import Turns
from platerunner_unit.contract.telemetry.run_trace import RunTrace

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient


class StepJobs:
    """What is done to the jobs of a step.

    :param scope: the step in its run.
    :param turns: of the run at the step: it submits in its turn only.
    :param trace: where the spans of its units belong.
    """

    def __init__(self, scope: StepScope, turns: Turns, trace: RunTrace) -> None:
        self._scope = scope
        self._turns = turns
        self._trace = trace

    @property
    def _batch(self) -> "BatchClient":
        return self._scope.hook.batch

    def resume(self) -> StepState:
        """The step's state, with the jobs that a process which died had submitted."""
        return self._submitter().resume()

    def submit(self, state: StepState, asks: Mapping[Ask, Sequence[PlannedUnit]]) -> StepState:
        """Submit units, those that run under the same settings together; with the last ones the run's turn ends.

        What failed in this run goes alone, whatever the step's batch is, so that it cannot harm its neighbours twice.

        :param asks: units by what they ask for.
        :returns: the state that knows the jobs.
        """
        variants = self._scope.variants
        groups: dict[tuple[int, Ask], list[PlannedUnit]] = {}
        for ask, unit in ((ask, unit) for ask, units in asks.items() for unit in units):
            groups.setdefault((id(variants.of(unit.values)), ask), []).append(unit)
        parts = [
            (ask, [jobs[i] for i in part])
            for (_, ask), units in groups.items()
            for jobs in [batches_of(self._scope.step, units, lambda unit: state.attempts.get(unit, 0) > 0)]
            for part in chunks(len(jobs))
        ]
        for left, (ask, jobs) in enumerate(parts, 1 - len(parts)):
            self._turns.renew()
            settings = variants.of(jobs[0][0].values)
            image, digest = self._scope.image(settings.image)
            builder = self._builder(settings, digest)
            state = self._turns.ending(state) if left == 0 else state
            state = self._submitter(image).submit(state, builder, ask, jobs)
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
        settle_s = 0.0 if self._scope.hook.own_cloud else None
        state = adopt(state_file or self._scope.state_file, self._batch, settle_s)
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
        limits, storage = scope.step.limits, self._storage
        return Submitter(
            self._batch, settings, scope.workspace, scope.state_file, image, self._trace, tags, share, limits, storage
        )

    @cached_property
    def _storage(self) -> RunFileSystem | None:
        """The file system that the run's jobs share; None for none."""
        scope = self._scope
        return load_file_system(scope.workspace, scope.context.run_id) if scope.pipeline.storage else None

    @cached_property
    def _recorder(self) -> Recorder:
        scope = self._scope
        return Recorder(scope.hook, scope.pipeline, scope.step, scope.workspace, scope.branch)

    def _with_verdicts(self, state: StepState, ended: Sequence[Submission], views: Mapping[str, JobView]) -> StepState:
        scope = self._scope
        index = OutcomeStore(scope.workspace).index(scope.step.name, scope.units_of_branch)
        collector = Collector(self._batch, scope.workspace, index)
        points, spans = [], []
        for submission in ended:
            manifest = read_manifest(scope.workspace, self._submitter().prefix(submission))
            failed = failed_jobs(self._batch, submission, views.get(str(submission.job_id)))
            found = collector.collect(submission, manifest, failed)
            # Before the state knows that it ended: the process that goes on after a death in between finds this done.
            tell_jobs(scope, submission, manifest.units, found)
            rows = self._recorder.record(submission, verdicts_of(manifest, found, index))
            state = record(state, found.succeeded, found.failed)
            over = replace(submission, ended_at=now())
            state = state.with_submission(over)
            lost = [failure.category for failure in found.failed]
            points += points_of(scope, found.succeeded, lost, rows)
            spans += [span_of(scope, self._trace, over, len(lost))] if self._trace.sampled else []
        # In the same write as the verdicts: a process that dies after it leaves to the next one what the units need,
        # and what is to be told.
        state = remember(with_untold(state, points), again(state, scope.step.retry))
        return tell_untold(scope.state_file, scope.state_file.save(state), spans)
