"""Plans steps of a run before their turn, where a step has to know what others will write, or which units they have."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from platerunner.engine.planning.collisions import is_first, sources_of
from platerunner.engine.planning.context import RunOptions
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import StepPlan
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step

PlanOf = Callable[[Step, Mapping[str, StepPlan]], StepPlan]
"""Plans a step as if it ran now, by the plans of the steps before it."""


def plan_ahead(pipeline: Pipeline, wanted: Collection[str], own: StepPlan, plan_of: PlanOf) -> dict[str, StepPlan]:
    """Plans of some steps and of those that they read from, beside the plan of the step whose turn it is.

    What cannot be planned yet, because its raw files have still to arrive, is left out: it compares in its own turn.

    :param wanted: names of steps.
    :param own: is taken as it is.
    """
    plans = {own.step: own}
    needed = _with_sources(pipeline, wanted)
    for step in pipeline.modules:
        if step.name in needed and step.name not in plans and sources_of(step) <= set(plans):
            with suppress(PlanningError):  # it is another step's fault, which says so when it runs
                plans[step.name] = plan_of(step, plans)
    return plans


def check_asked(pipeline: Pipeline, step: Step, own: StepPlan, options: RunOptions, plan_of: PlanOf) -> None:
    """Refuse a run whose ``only`` or ``rerun`` matches no unit of any step; the step that comes first says so.

    :raises PlanningError: if every step can be planned, and none has such a unit.
    """
    options.check_one(own)
    if not is_first(step) or options.has_all(own):
        return
    names = [each.name for each in pipeline.modules]
    plans = plan_ahead(pipeline, names, own, plan_of)
    if len(plans) == len(names):
        options.check(list(plans.values()))


def _with_sources(pipeline: Pipeline, wanted: Collection[str]) -> set[str]:
    needed = set(wanted)
    for step in reversed(list(pipeline.modules)):
        if step.name in needed:
            needed |= sources_of(step)
    return needed
