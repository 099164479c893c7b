"""What a step would do, without doing it: for a dry run."""

from dataclasses import replace
from typing import TYPE_CHECKING

from platerunner.catalog.loader import load_catalog
from platerunner.engine.images import resolve_named
from platerunner.engine.planning.archived import with_archived
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.prepare import images, plan_pipeline

if TYPE_CHECKING:
    from platerunner.engine.steps.step_run import StepRun


def preview(run: "StepRun") -> StepPlan:
    """The step's plan as if the whole pipeline ran now; nothing is written.

    :param run: of the step.
    :raises platerunner.engine.planning.errors.PlanningError: if a step cannot be planned.
    """
    modules, hook = load_catalog(), run.hook
    names = images(run.pipeline, modules, run.context)
    digests = {name: resolve_named(run.pipeline, name, hook.settings.registry, hook.ecr)[1] for name in names}
    branch = run.context.branch
    plans = plan_pipeline(run.pipeline, modules, replace(run.context, branch=None), hook.storage, digests)
    plan = next(plan for plan in plans if plan.step == run.step.name)
    units = tuple(unit for unit in plan.units if branch is None or branch.has(unit.values))
    archived = run.archived([unit for unit in units if unit.state is UnitState.PENDING])
    return with_archived(replace(plan, units=units), archived)
