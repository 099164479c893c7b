"""From units to jobs: manifests, job definitions, arrays, and the state that finds them again.

No death of a process loses a submission or makes it twice. The order is: intent written, job submitted, job id written.
A process that dies in between leaves an intent without an id; the next process finds the job by its name, which no
other submission has. If there is none, or AWS refused it, the intent is forgotten: what is still to be done is planned
and submitted again, under the settings of that time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from platerunner.batch.consumables import ensure_limits
from platerunner.batch.definitions import ensure_definition
from platerunner.batch.model import Ask, BatchError, JobSpec, Mount, Submission, UnansweredError
from platerunner.batch.share import share_of
from platerunner.batch.submit import job_name, look, submit
from platerunner.catalog.model import Resources
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings
from platerunner.engine.planning.model import PlannedUnit
from platerunner.engine.planning.units.tasks import StepTaskBuilder
from platerunner.engine.records.file_systems import RunFileSystem
from platerunner.engine.records.step_state import StateFile, StepState, now
from platerunner.spec.tags import MOST
from platerunner_unit.contract import manifest
from platerunner_unit.contract.keys import manifest_prefix
from platerunner_unit.contract.manifest import StepTask
from platerunner_unit.contract.mounted import FOLDER, Mounted
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.telemetry.run_trace import RunTrace

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

Submit = Callable[[Submission], str]
"""Submits what the submission says and returns the job id."""


def submit_once(file: StateFile, state: StepState, intent: Submission, submit: Submit) -> StepState:
    """Write the intent, submit, write the job id.

    :param intent: without a job id.
    :param submit: must itself never submit twice (:func:`platerunner.batch.submit.submit`).
    :returns: the state with the job id in it.
    :raises BatchError: if there is certainly no job; then the intent is forgotten.
    :raises UnansweredError: if there may be one; then the intent is kept, to be looked up.
    """
    state = file.save(state.with_submission(replace(intent, job_id=None, submitted_at=now())))
    try:
        job_id = submit(intent)
    except UnansweredError:
        raise
    except BatchError:
        file.save(state.without(intent))
        raise
    return file.save(state.with_submission(replace(intent, job_id=job_id, submitted_at=now())))


def adopt(file: StateFile, batch: "BatchClient", settle_s: float | None = None) -> StepState:
    """Find the jobs of intents whose process died before it could write their ids.

    :param settle_s: seconds for which ListJobs may not show a job that was submitted just before; None for AWS's.
    :returns: the stored state, saved if a job was found. Intents without a job stay in it, for the caller to forget.
    :raises BatchError: if AWS does not tell.
    """
    state = found = file.load()
    for intent in state.intents:
        if (job_id := look(batch, intent.queue, intent.name, settle_s)) is not None:
            found = found.with_submission(replace(intent, job_id=job_id))
    return file.save(found) if found is not state else state


if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

COMMAND = ("platerunner-unit", "run")


@dataclass(frozen=True, slots=True)
class Submitter:
    """Submits units of one step in one run.

    :param settings: of the connection.
    :param state_file: of the step in this run.
    :param image: full reference, with its digest where it is known.
    :param trace: where the spans of the units belong; None for what only looks jobs up.
    :param share: in whose name jobs take their place in a queue with a scheduling policy; empty for none.
    :param limits: the step's: of each a job holds one.
    :param storage: the file system that the run's jobs share; None for none.
    :param cost_tags: of the jobs, besides the connection's. Not of their definitions, which outlive a change of tags.
    """

    batch: "BatchClient"
    settings: ConnectionSettings
    workspace: Storage
    state_file: StateFile
    image: str
    trace: RunTrace | None = None
    cost_tags: Mapping[str, str] = field(default_factory=dict)
    share: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    storage: RunFileSystem | None = None

    def submit(
        self, state: StepState, builder: StepTaskBuilder, ask: Ask, jobs: Sequence[Sequence[PlannedUnit]]
    ) -> StepState:
        """Submit units that ask for the same, in at most 10,000 jobs: an array, or a plain job for one.

        :param builder: makes what they share.
        :param ask: what each unit asks for; the time limit of a job is that of all its units.
        :param jobs: the units of each.
        :returns: the state with the job in it.
        """
        units, batches = [unit for job in jobs for unit in job], _batches(jobs)
        most = max(map(len, jobs))
        asked = replace(ask, timeout=ask.timeout * most).over(builder.settings.resources)
        task = builder(state.next_n, asked, batches)
        intent = self._intent(task, ask, builder.settings.resources, units)
        tasks = (replace(unit.task, attempts_before=state.made.get(unit.unit, 0)) for unit in units)
        line = manifest.write(self.workspace, self.prefix(intent), task, tasks)
        variables = self.trace.variables(intent.n, time.time()) if self.trace else {}
        if line:
            variables[manifest.LINE_VARIABLE] = str(line)
        return submit_once(self.state_file, state, intent, lambda submission: self._call(submission, variables))

    def resume(self) -> StepState:
        """Take up what a process left that died between an intent and its job id.

        :returns: the state without intents: those without a job are forgotten, not made again, because the queue, the
            definition and the spec may have been fixed since.
        """
        state = adopt(self.state_file, self.batch)
        for intent in state.intents:
            state = state.without(intent)
        return state

    def prefix(self, submission: Submission) -> str:
        """Where a submission's manifest is, relative to the workspace."""
        file = self.state_file
        return manifest_prefix(file.run_id, file.step, submission.n, file.branch)

    def _spec(self, task: StepTask, ask: Ask, resources: Resources) -> JobSpec:
        settings = self.settings
        platform = settings.platform_for(resources)
        _check_platform(task.step, platform, resources, self.storage)
        _check_tags(settings.tags, self.cost_tags)
        return JobSpec(
            name=f"{task.pipeline}-{task.step}",
            image=self.image,
            command=COMMAND,
            vcpus=ask.vcpus,
            memory=ask.memory,
            disk=ask.disk,
            job_role=settings.job_role,
            execution_role=settings.execution_role,
            log_group=settings.log_group,
            platform="FARGATE" if platform == "FARGATE" else "EC2",
            environment={**settings.variables(), **(_mounted(self.storage).variables() if self.storage else {})},
            secrets=settings.secrets,
            gpus=resources.gpus,
            shared_memory=resources.shared_memory,
            swap=resources.swap,
            tags=self._tags(task),
            consumables=tuple(sorted(self.limits)),
            shell=settings.shell,
            mount=_mount(self.storage) if self.storage else None,
        )

    def _tags(self, task: StepTask) -> dict[str, str]:
        return {**self.settings.tags, "platerunner:pipeline": task.pipeline, "platerunner:step": task.step}

    def _intent(self, task: StepTask, ask: Ask, resources: Resources, units: Sequence[PlannedUnit]) -> Submission:
        jobs = len(task.batches) - 1 if task.batches else len(units)
        ensure_limits(self.batch, self.limits, self.settings.tags)
        return Submission(
            n=task.submission,
            name=job_name(task.pipeline, self._place(task), task.run_id, task.submission, scope=self.workspace.url),
            kind="array" if jobs > 1 else "single",
            size=jobs,
            batches=task.batches,
            units=tuple(unit.unit for unit in units),
            queue=self._queue(task.step, ask, resources),
            resources=ask.to_json(),
            definition=ensure_definition(self.batch, self._spec(task, ask, resources)),
        )

    def _queue(self, step: str, ask: Ask, resources: Resources) -> str:
        try:
            return self.settings.queue(ask.capacity, resources, ask.disk)
        except ConnectionProblem as problem:
            raise BatchError(f"step {step}: {problem}") from problem

    def _place(self, task: StepTask) -> str:
        """The step, and the branch that it is in: branches submit at the same time, under the same numbers."""
        branch = self.state_file.branch
        return f"{task.step}/{branch}" if branch else task.step

    def _call(self, submission: Submission, variables: Mapping[str, str]) -> str:
        ask = Ask.from_json(submission.resources)
        return submit(
            self.batch,
            name=submission.name,
            queue=submission.queue,
            definition=submission.definition,
            command=[*COMMAND, self.workspace.url_of(self.prefix(submission))],
            environment=variables,
            vcpus=ask.vcpus,
            memory=ask.memory,
            timeout_s=ask.timeout * submission.longest,
            size=submission.size,
            tags={**self.settings.tags, **self.cost_tags},
            share=share_of(self.batch, submission.queue, self.share, submission.n),
        )


def _batches(jobs: Sequence[Sequence[PlannedUnit]]) -> tuple[int, ...]:
    """Where the units of each job begin, and the last one's end; empty if each has one."""
    return (0, *accumulate(map(len, jobs))) if any(len(job) > 1 for job in jobs) else ()


def _check_tags(of_connection: Mapping[str, str], of_spec: Mapping[str, str]) -> None:
    """Refuse more tags than a job may have.

    :raises BatchError: saying how many.
    """
    if len(of_connection.keys() | of_spec.keys()) > MOST:
        raise BatchError(
            f"{len(of_connection)} tags of the connection and {len(of_spec)} of the spec are more than the {MOST} that "
            "AWS takes: leave some out of `cost_tags`"
        )


def _mounted(storage: RunFileSystem) -> Mounted:
    return Mounted(storage.kind, storage.data)


def _mount(storage: RunFileSystem) -> Mount:
    return Mount(storage.kind, storage.id, storage.source, FOLDER)


def _check_platform(step: str, platform: str, resources: Resources, storage: RunFileSystem | None) -> None:
    """Refuse what Fargate does not have: Batch would ignore it, or say so in its own words.

    :raises BatchError: naming it.
    """
    if platform == "FARGATE" and storage and storage.kind == "fsx":
        raise BatchError(
            f"step {step} runs on Fargate, which mounts no Lustre: write `kind: efs` in the spec's `storage`, or let "
            "the step run on EC2"
        )
    asked = [name for name in ("gpus", "shared_memory", "swap") if getattr(resources, name)]
    if platform == "FARGATE" and asked:
        raise BatchError(
            f"step {step} asks for {' and '.join(asked)}, which Fargate does not have: take it out of its `resources`,"
            " or name queues on EC2 in the connection, with the platform EC2"
        )
