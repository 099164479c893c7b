"""From units to jobs: manifests, job definitions, arrays, and the state that finds them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from platerunner.batch.definitions import ensure_definition
from platerunner.batch.model import Ask, BatchError, JobSpec, Submission
from platerunner.batch.share import share_of
from platerunner.batch.submit import job_name, submit
from platerunner.catalog.model import Resources
from platerunner.engine.connection import ConnectionSettings
from platerunner.engine.planning.model import PlannedUnit
from platerunner.engine.planning.units.tasks import StepTaskBuilder
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner.engine.steps.intents import adopt, submit_once
from platerunner_unit.contract import manifest
from platerunner_unit.contract.keys import manifest_prefix
from platerunner_unit.contract.manifest import StepTask
from platerunner_unit.contract.storage import Storage

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

COMMAND = ("platerunner-unit", "run")


@dataclass(frozen=True, slots=True)
class Submitter:
    """Submits units of one step in one run.

    :param settings: of the connection.
    :param state_file: of the step in this run.
    :param image: full reference, with its digest where it is known.
    :param variables: of this run's containers; what all runs share is in the job definition.
    :param share: in whose name jobs take their place in a queue with a scheduling policy; empty for none.
    :param cost_tags: of the jobs, besides the connection's. Not of their definitions, which outlive a change of tags.
    """

    batch: "BatchClient"
    settings: ConnectionSettings
    workspace: Storage
    state_file: StateFile
    image: str
    variables: Mapping[str, str] = field(default_factory=dict)
    cost_tags: Mapping[str, str] = field(default_factory=dict)
    share: str = ""

    def submit(self, state: StepState, builder: StepTaskBuilder, ask: Ask, units: Sequence[PlannedUnit]) -> StepState:
        """Submit units that ask for the same, at most 10,000: an array, or a plain job for one.

        :param builder: makes what they share.
        :returns: the state with the job in it.
        """
        task = builder(state.next_n, ask.over(builder.settings.resources))
        intent = self._intent(task, ask, builder.settings.resources, units)
        tasks = (replace(unit.task, attempts_before=state.made.get(unit.unit, 0)) for unit in units)
        line = manifest.write(self.workspace, self.prefix(intent), task, tasks)
        variables = {**self.variables, **({manifest.LINE_VARIABLE: str(line)} if line else {})}
        return submit_once(self.state_file, state, intent, lambda submission: self._call(submission, variables))

    def resume(self) -> StepState:
        """Take up what a process left that died between an intent and its job id.

        :returns: the state without intents: those without a job are forgotten, not made again, because the queue, the
            definition and the spec may have been mended since.
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
        _check_platform(task.step, settings.platform, resources)
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
            platform="FARGATE" if settings.platform == "FARGATE" else "EC2",
            environment=settings.environment,
            secrets=settings.secrets,
            gpus=resources.gpus,
            shared_memory=resources.shared_memory,
            swap=resources.swap,
            tags=self._tags(task),
        )

    def _tags(self, task: StepTask) -> dict[str, str]:
        return {**self.settings.tags, "platerunner:pipeline": task.pipeline, "platerunner:step": task.step}

    def _intent(self, task: StepTask, ask: Ask, resources: Resources, units: Sequence[PlannedUnit]) -> Submission:
        return Submission(
            n=task.submission,
            name=job_name(task.pipeline, self._place(task), task.run_id, task.submission, scope=self.workspace.url),
            kind="array" if len(units) > 1 else "single",
            size=len(units),
            units=tuple(unit.unit for unit in units),
            queue=self.settings.queue(ask.capacity),
            resources=ask.to_json(),
            definition=ensure_definition(self.batch, self._spec(task, ask, resources)),
        )

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
            timeout_s=ask.timeout,
            size=submission.size,
            tags={**self.settings.tags, **self.cost_tags},
            share=share_of(self.batch, submission.queue, self.share, submission.n),
        )


def _check_platform(step: str, platform: str, resources: Resources) -> None:
    """Refuse what Fargate does not have: Batch would ignore it, or say so in its own words.

    :raises BatchError: naming it.
    """
    asked = [name for name in ("gpus", "shared_memory", "swap") if getattr(resources, name)]
    if platform == "FARGATE" and asked:
        raise BatchError(
            f"step {step} asks for {' and '.join(asked)}, which Fargate does not have: take it out of its `resources`,"
            " or name queues on EC2 in the connection, with the platform EC2"
        )
