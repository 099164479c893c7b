"""What a command that only looks needs of a spec: its pipeline, its roots, its plan, and what is recorded."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from platerunner.batch.calls import client_config
from platerunner.catalog.loader import load_catalog
from platerunner.cli.aws.connection import Connection, connect
from platerunner.cli.aws.images import digests_to_look
from platerunner.cli.console import err, fail, quiet
from platerunner.cli.loading import load_or_fail, said_of
from platerunner.cli.options import parse_options, parse_params, with_roots
from platerunner.cli.run.checks import plan_or_fail
from platerunner.engine.archives import looker
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.estimates.estimate import Known, estimate
from platerunner.engine.estimates.known import known_to, readable_rows
from platerunner.engine.estimates.measured import measure_memory
from platerunner.engine.estimates.model import RunEstimate
from platerunner.engine.estimates.restore_rates import rates_of
from platerunner.engine.ledger.place import ledgers_at
from platerunner.engine.planning.archived import find_archived, with_archived
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.earlier import Contents
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.prepare import IngredientsOf, images, ingredients_of
from platerunner.engine.planning.restore_prices import US_EAST, Rates
from platerunner.engine.planning.settings import data_root, workspace_url
from platerunner.engine.planning.units.unit_patterns import UnitPattern
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.spec.model import Pipeline
from platerunner.spec.templates import TemplateProblem
from platerunner_unit.contract.storage import Storage, StorageError
from platerunner_unit.contract.stores.buckets import read_buckets


@dataclass(frozen=True)
class SpecSession:
    """A spec under some params, where its data and its workspace are.

    :param connection: extras of the connection ``platerunner``, with the roots.
    :param ecr: what answers in ECR's place; None to ask that.
    """

    pipeline: Pipeline
    context: RunContext
    connection: Mapping[str, Any]
    ecr: Any = None

    @cached_property
    def workspace(self) -> Storage:
        """The pipeline's workspace; ends the command if no folder can be there: it would look like a new one."""
        workspace = Storage(workspace_url(self.pipeline, self.context))
        if workspace.local is not None and (odd := _in_the_way(workspace.local)):
            place = self.pipeline.place(("workspace",))
            fail(f"{place}: the workspace {workspace.url}: {odd} is no folder. Give another with --workspace-root.")
        return workspace

    @cached_property
    def store(self) -> OutcomeStore:
        """What is recorded of its units."""
        return OutcomeStore(self.workspace)

    @cached_property
    def contents(self) -> Contents:
        """The contents of the workspace's files, where an ETag is only a time stamp."""
        return Contents({"data": Storage(data_root(self.pipeline, self.context)), "workspace": self.workspace})

    def plans(self) -> list[StepPlan]:
        """The plans of all steps; ends the command if there is none."""
        return plan_or_fail(self.pipeline, self.context, lambda _names: self.digests)

    def told_of_archives(self, plans: Sequence[StepPlan]) -> list[StepPlan]:
        """The plans that say which pending units have inputs in an archive of S3."""
        roots = {"data": data_root(self.pipeline, self.context), "workspace": self.workspace.url}
        restore = self.pipeline.dataset.restore
        look = looker(_s3, read_buckets(os.environ), restored=restore is not None)
        return [
            with_archived(
                plan,
                find_archived(look, roots, plan.of(UnitState.PENDING)),
                restore,
                self._restore_rates,
            )
            for plan in plans
        ]

    def _restore_rates(self) -> Rates:
        try:
            return rates_of(DirectAccess(self.connection), self.workspace)
        except ConnectionProblem:  # without a connection nobody is asked
            return US_EAST

    def estimate(self, plans: Sequence[StepPlan]) -> RunEstimate:
        """What the pending units of plans would take and cost."""
        modules = load_catalog()
        access = DirectAccess(self.connection, ecr=self.ecr)
        try:
            known = known_to(access, self.workspace, modules, self.digests)
        except ConnectionProblem:  # without a connection there are the workspace's own ledger, and no prices but its
            ledgers = ledgers_at(self.connection.get("ledger", ""), self.workspace)
            unread: list[str] = []
            known = Known(modules, self.digests, lambda: readable_rows(ledgers, unread), unread=unread)
        return estimate(self.pipeline, self.context, plans, known)

    def measured(self) -> Iterator[str]:
        """What steps ask for whose memory is measured, as sentences."""
        ledgers = ledgers_at(self.connection.get("ledger", ""), self.workspace)
        for step in self.pipeline.modules:
            if step.resources.measured:
                found = measure_memory(readable_rows(ledgers, []), self.pipeline, step)
                yield found.told(step.name, step.resources.memory)

    def ingredients(self, step: str) -> IngredientsOf:
        """What a step brings into its units' fingerprints, by their wildcards."""
        return ingredients_of(self.pipeline, step, load_catalog(), self.context, self.digests)

    def say_where(self) -> None:
        """Tell on stderr where was looked: an empty answer from the wrong place looks like a good one."""
        err.print(f"Looked in {self.workspace.url}", style="dim", markup=False)

    @cached_property
    def digests(self) -> Mapping[str, str | None]:
        """Image to digest; None where no registry tells it and no run recorded it."""
        names = images(self.pipeline, load_catalog(), self.context)
        found, assumed = digests_to_look(self.pipeline, names, self.connection, self.store, self.ecr)
        for sentence in assumed:
            err.print(sentence, style="yellow", markup=False)
        return found

    def pattern(self, step: str, unit: str) -> UnitPattern:
        """Which units of a step a person means; ends the command if the step or a wildcard is unknown."""
        name, colon, rest = step.partition(":")
        if colon:
            fail(f"`{step}` is a step and its units in one word; write them as two: `{name} {rest}`")
        if "=" in name:
            fail(f"`{step}` names units, and no step: write the step before it, such as `{_a_step(self)} {step}`")
        try:
            return UnitPattern.parse(f"{step}:{unit}", self.pipeline)
        except PlanningError as error:
            fail(str(error))

    def units(self, step: str, unit: str = "*") -> list[PlannedUnit]:
        """A step's units that a pattern covers, as they are planned now; ends the command if there is none."""
        pattern = self.pattern(step, unit)
        [plan] = [plan for plan in self.plans() if plan.step == step]
        found = [planned for planned in plan.units if pattern.covers(step, planned.values)]
        if not found:
            fail(f"{step} has no unit {unit}; `platerunner units` lists them")
        return found


def _a_step(session: SpecSession) -> str:
    return next((step.name for step in session.pipeline.modules), "STEP")


def _in_the_way(folder: Path) -> Path | None:
    """What stands where a folder should be, or one around it, and is not a folder."""
    nearest = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    return None if nearest.is_dir() else nearest


def _s3() -> Any:
    import boto3  # takes longer than planning a plate in a folder, which has no archives

    return boto3.client("s3", config=client_config())


def session_of(spec: Path, cloud: Connection, options: "Roots") -> SpecSession:
    """A spec under a connection.

    :param spec: the YAML file.
    :param options: of the command line.
    """
    pipeline = load_or_fail(spec)
    params = parse_params(options.param or [], pipeline.params) if options.needs_params else {}
    connection = with_roots(cloud.extras, options.data_root, options.workspace_root)
    asked = parse_options(pipeline, options.only, options.rerun)
    context = RunContext(params, connection["data_root"], connection["workspace_root"], options=asked)
    return SpecSession(pipeline, context, connection, cloud.registry)


class Roots(NamedTuple):
    """Options that say where a spec's files are, and under which params it is looked at.

    :param needs_params: whether what is looked at depends on params.
    """

    data_root: str | None = None
    workspace_root: str | None = None
    param: list[str] | None = None
    only: list[str] | None = None
    rerun: list[str] | None = None
    needs_params: bool = True


@contextlib.contextmanager
def spec_sessions(specs: Sequence[Path], options: Roots, *, local: bool = False) -> Iterator[list[SpecSession]]:
    """Open specs to look at them; what cannot be read ends the command with one sentence.

    :param specs: YAML files.
    :param local: with the embedded cloud, whose images have digests.
    """
    with quiet(), connect(local=local, needed=False) as cloud:
        try:
            yield [session_of(spec, cloud, options) for spec in specs]
        except (PlanningError, TemplateProblem, StorageError) as error:
            fail(said_of(specs[-1], error))


@contextlib.contextmanager
def spec_session(spec: Path, options: Roots, *, local: bool = False) -> Iterator[SpecSession]:
    """Open one spec: see :func:`spec_sessions`."""
    with spec_sessions([spec], options, local=local) as [session]:
        yield session
