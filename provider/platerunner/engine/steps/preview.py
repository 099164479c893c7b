"""What a step would do, without doing it: for a dry run."""

from dataclasses import replace

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.archived import with_archived
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.prepare import images, plan_pipeline
from platerunner.engine.steps.step_scope import StepScope


def preview(scope: StepScope) -> StepPlan:
    """The step's plan as if the whole pipeline ran now; nothing is written.

    :param scope: the step in its run.
    :raises platerunner.engine.planning.errors.PlanningError: if a step cannot be planned.
    """
    pipeline, context, modules = scope.pipeline, scope.context, load_catalog()
    digests = {name: scope.image(name)[1] for name in images(pipeline, modules, context)}
    plans = plan_pipeline(pipeline, modules, replace(context, branch=None), scope.hook.storage, digests)
    plan = next(plan for plan in plans if plan.step == scope.step.name)
    units = tuple(unit for unit in plan.units if context.branch is None or context.branch.has(unit.values))
    archived = scope.find_archived([unit for unit in units if unit.state is UnitState.PENDING])
    return with_archived(replace(plan, units=units), archived)
