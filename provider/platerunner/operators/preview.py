"""What a step would do, without doing it: for a dry run."""

from typing import TYPE_CHECKING

from platerunner.batch.images import resolve
from platerunner.catalog.loader import load_catalog
from platerunner.units.model import StepPlan
from platerunner.units.prepare import images, plan_pipeline

if TYPE_CHECKING:
    from platerunner.operators.step_run import StepRun


def preview(run: "StepRun") -> StepPlan:
    """The step's plan as if the whole pipeline ran now; nothing is written.

    :param run: of the step.
    :raises platerunner.units.errors.PlanningError: if a step cannot be planned.
    """
    modules, hook = load_catalog(), run.hook
    names = images(run.pipeline, modules, run.context)
    digests = {name: resolve(name, hook.settings.registry, hook.ecr)[1] for name in names}
    plans = plan_pipeline(run.pipeline, modules, run.context, hook.storage, digests)
    return next(plan for plan in plans if plan.step == run.step.name)
