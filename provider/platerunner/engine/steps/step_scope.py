"""One step of one run, before it starts: its spec, its settings, its files, its plan."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from platerunner.batch.model import Ask
from platerunner.catalog.loader import load_catalog
from platerunner.engine.access import Access
from platerunner.engine.archives import looker
from platerunner.engine.estimates.known import readable_rows
from platerunner.engine.estimates.measured import Measured, measure_memory
from platerunner.engine.images import resolve_named
from platerunner.engine.ledger.place import ledgers_of
from platerunner.engine.planning.archived import Archived, find_archived
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.model import PlannedUnit, StepPlan
from platerunner.engine.planning.prepare import plan_one
from platerunner.engine.planning.raw_files.arrival import not_arrived
from platerunner.engine.planning.settings import Variants, data_root, workspace_url
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StateFile
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import natural_key, parse_unit_id

log = logging.getLogger(__name__)


class StepScope:
    """Looks up what is known about a step in a run; changes nothing.

    :param hook: clients, storages and settings.
    :param pipeline: the spec.
    :param step: name of the step.
    :param context: params, roots, the run's id, and the branch that the step belongs to, if it does.
    """

    def __init__(self, hook: Access, pipeline: Pipeline, step: str, context: RunContext) -> None:
        spec = pipeline.steps[step]
        assert isinstance(spec, Step)
        self.hook = hook
        self.pipeline = pipeline
        self.step = spec
        self.context = context
        self.workspace = hook.storage(workspace_url(pipeline, context))
        self.branch = context.branch.key if context.branch else ""
        self.state_file = StateFile(self.workspace, context.run_id, step, self.branch)
        self._images: dict[str, tuple[str, str | None]] = {}

    @cached_property
    def data(self) -> Storage:
        """Where the raw files are."""
        return self.hook.storage(data_root(self.pipeline, self.context))

    @cached_property
    def variants(self) -> Variants:
        """The step's settings under the run's params, by unit."""
        return Variants(self.step, load_catalog(), self.context, self.pipeline.path.parent)

    @property
    def units_of_branch(self) -> str:
        """The common beginning of the ids of the branch's units, if they have one; empty for all units."""
        return self.context.branch.units_of(self.step.foreach) if self.context.branch else ""

    def first_ask(self, values: Mapping[str, Any]) -> Ask:
        """What the spec gives a unit.

        :param values: of the unit's wildcards.
        """
        resources = self.variants.of(values).resources
        ask = Ask.of(resources)
        return replace(ask, memory=self.measured.memory or ask.memory) if resources.measured else ask

    @cached_property
    def measured(self) -> Measured:
        """What the step's units used before, from the ledger."""
        unread: list[str] = []
        rows = readable_rows(ledgers_of(self.hook, self.workspace), unread)
        found = measure_memory(rows, self.pipeline, self.step)
        for why in unread[:1]:
            log.warning("%s: not all of the history could be read: %s", self.step.name, why)
        log.info("%s", found.told(self.step.name, self.variants.own.resources.memory))
        return found

    def image(self, name: str) -> tuple[str, str | None]:
        """An image's full reference, and its digest if it is known.

        :param name: as the spec or the catalog has it.
        """
        if name not in self._images:
            self._images[name] = resolve_named(self.pipeline, name, self.hook.settings.registry, self.hook.ecr)
        return self._images[name]

    def plan(self) -> StepPlan:
        """The plan of what is left to do now.

        :raises PlanningError: if the step cannot be planned.
        """
        return plan_one(
            self.pipeline,
            self.step.name,
            load_catalog(),
            self.context,
            data=self.data,
            workspace=self.workspace,
            digests=lambda image: self.image(image)[1],
        )

    def done_values(self, by: str) -> list[str]:
        """The values of a wildcard that the run stands by a unit of, once the step has ended; a param's own value.

        :param by: a wildcard of the step's ``foreach``, or a param that is a text or a number.
        """
        if by not in self.step.foreach:
            return [str(self.context.params[by])]
        current = OutcomeStore(self.workspace).current(self.context.run_id, self.step.name, self.branch)
        found = {parse_unit_id(unit)[by] for unit in current.units} if current else set()
        return sorted(found, key=natural_key)

    def find_missing(self) -> list[str]:
        """What is missing of the raw files that the step reads, as clauses.

        :raises PlanningError: if the step cannot be planned, whatever arrives.
        """
        return not_arrived(self.pipeline, self.step, self.context, self.data)

    def find_archived(self, units: Sequence[PlannedUnit]) -> Archived:
        """What has to be restored from an archive before units can run."""
        roots = {"data": self.data.url, "workspace": self.workspace.url}
        restored = self.pipeline.dataset.restore is not None
        return find_archived(looker(lambda: self.hook.s3, self.hook.settings.buckets, restored=restored), roots, units)
