"""A gate that is about what a run would do, before any of it is done."""

from functools import cached_property

from platerunner.catalog.loader import load_catalog
from platerunner.engine.gates.gate_run import GateRun
from platerunner.engine.images import resolve_named
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import StepPlan
from platerunner.engine.planning.prepare import images, plan_pipeline


class PlannedRun(GateRun):
    """Plans all steps of the run that it holds back."""

    @cached_property
    def plans(self) -> list[StepPlan]:
        """A plan for each step; none while a step still waits for raw files."""
        try:
            return plan_pipeline(self.pipeline, load_catalog(), self.context, self.hook.storage, self.digests)
        except PlanningError:
            if not any(step.waiting_for for step in self.pipeline.modules):
                raise
            return []

    @cached_property
    def digests(self) -> dict[str, str | None]:
        """Image to its digest; None where that is not known."""
        registry = self.hook.settings.registry
        names = images(self.pipeline, load_catalog(), self.context)
        return {name: resolve_named(self.pipeline, name, registry, self.hook.ecr)[1] for name in names}
