"""The two doors to planning: one step within a run, and a whole pipeline before it runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from platerunner.catalog.model import Module
from platerunner.engine.planning.ahead import check_asked, plan_ahead
from platerunner.engine.planning.available import Available, of_branch
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.collisions import Reading, check_keys, check_not_read_again, outputs_of, to_compare
from platerunner.engine.planning.context import RunContext, left_out
from platerunner.engine.planning.earlier import Contents, Earlier
from platerunner.engine.planning.errors import placed
from platerunner.engine.planning.model import StepPlan, StepSettings
from platerunner.engine.planning.planning import plan_step
from platerunner.engine.planning.raw_files.loaded_tables import overlap_notes
from platerunner.engine.planning.settings import Variants, data_root, with_own_values, workspace_url
from platerunner.engine.planning.sources import Sources, check_named, step_of
from platerunner.engine.planning.units.batches import batch_note, limits_note
from platerunner.engine.planning.units.fingerprint import Fingerprints, hash_files, step_ingredients
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.storage import Storage

StorageFactory = Callable[[str], Storage]
IngredientsOf = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def plan_one(
    pipeline: Pipeline,
    step_name: str,
    modules: Mapping[str, Module],
    context: RunContext,
    *,
    data: Storage,
    workspace: Storage,
    digests: Callable[[str], str | None],
) -> StepPlan:
    """Plan a step within a run, after the steps before it have ended.

    Units that are asked for again are done here: a run makes them pending by forgetting their outcomes, once.

    :param step_name: of a step that runs units, no gate.
    :param modules: the catalog.
    :param data: the data root.
    :param digests: for an image's name, its digest; None if it cannot be known.
    :raises PlanningError: if the step cannot be planned; the message is for the scientist.
    """
    with placed(pipeline, "steps", step_name):
        step = with_own_values(step_of(pipeline, step_name), context)
        return _plan_one(pipeline, step, modules, context, data, workspace, digests)


def _plan_one(
    pipeline: Pipeline,
    step: Step,
    modules: Mapping[str, Module],
    context: RunContext,
    data: Storage,
    workspace: Storage,
    digests: Callable[[str], str | None],
) -> StepPlan:
    sources = Sources(pipeline, context, data, workspace)
    variants = Variants(step, modules, context, pipeline.path.parent)

    def before_its_turn(other: Step, plans: Mapping[str, StepPlan]) -> StepPlan:
        if other.name in left_out(pipeline, context):
            return StepPlan(other.name, ())
        other = with_own_values(other, context)
        found = sources.of(other, lambda ref: sources.planned(ref, plans))
        settings = Variants(other, modules, context, pipeline.path.parent)
        return _plan(pipeline, other, found, settings, digests, earlier, context.branch)

    earlier = _earlier(pipeline, data, workspace, context.branch)
    inputs = sources.of(step, lambda ref: of_branch(sources.current(ref), context.branch))
    sources.check_typed(step, inputs.values())
    plan = _plan(pipeline, step, inputs, variants, digests, earlier, context.branch)
    readings = sources.readings()
    others = to_compare(pipeline, step, readings)
    _check_outputs(pipeline, plan_ahead(pipeline, others, plan, before_its_turn).values(), readings)
    if context.branch:
        # The plan of a branch, without notes on what no unit has: another branch may have it.
        return replace(context.options.restrict(plan), notes=plan.notes)
    check_asked(pipeline, step, plan, context.options, before_its_turn)
    return context.options.restrict(_hinting(plan, variants))


def plan_pipeline(
    pipeline: Pipeline,
    modules: Mapping[str, Module],
    context: RunContext,
    storage_factory: StorageFactory,
    digests: Mapping[str, str | None],
) -> list[StepPlan]:
    """Plan all steps as if the pipeline ran now; nothing is written.

    Units that come after units that have to run are pending, because nobody knows yet what these will write.

    :param storage_factory: makes a storage of a URL.
    :param digests: image name to digest.
    :raises PlanningError: if a step cannot be planned.
    """
    data = storage_factory(data_root(pipeline, context))
    workspace = storage_factory(workspace_url(pipeline, context))
    sources = Sources(pipeline, context, data, workspace)
    plans: dict[str, StepPlan] = {}
    look_up = cache(lambda ref: sources.planned(ref, plans))

    idle, earlier = left_out(pipeline, context), _earlier(pipeline, data, workspace, None)
    sources.check_distinct(idle, look_up)
    for step in pipeline.modules:
        if step.name in idle:
            plans[step.name] = StepPlan(step.name, (), notes=(_idle(step.name, idle[step.name]),))
            continue
        with placed(pipeline, "steps", step.name):
            variants = Variants(step, modules, context, pipeline.path.parent)
            step = with_own_values(step, context)
            inputs = sources.of(step, look_up)
            sources.check_typed(step, inputs.values())
            plan = _hinting(_plan(pipeline, step, inputs, variants, digests.get, earlier), variants)
        plans[step.name] = context.options.repeat(context.options.restrict(plan))
    context.options.check(list(plans.values()))
    with placed(pipeline, "workspace"):
        _check_outputs(pipeline, plans.values(), sources.readings())
    return list(plans.values())


def _check_outputs(pipeline: Pipeline, plans: Iterable[StepPlan], readings: Sequence[Reading]) -> None:
    """Refuse that two outputs write one key, or that raw files are written."""
    outputs = [each for plan in plans for each in outputs_of(step_of(pipeline, plan.step), plan)]
    check_keys(outputs)
    for reading in readings:
        check_not_read_again(outputs, reading)


def ingredients_of(
    pipeline: Pipeline,
    step: str,
    modules: Mapping[str, Module],
    context: RunContext,
    digests: Mapping[str, str | None],
) -> IngredientsOf:
    """For the ``foreach`` wildcards of a unit, what its step brings into its fingerprint.

    :param digests: image name to digest.
    :raises PlanningError: if there is no such step, or a file of it is missing.
    """
    spec = step_of(pipeline, step)
    with placed(pipeline, "steps", step):
        variants = Variants(spec, modules, context, pipeline.path.parent)
    return _once_each(variants, lambda settings: _ingredients(spec, settings, digests.get))


def images(pipeline: Pipeline, modules: Mapping[str, Module], context: RunContext) -> list[str]:
    """The images that a pipeline runs under these params, to be resolved to digests."""
    idle = left_out(pipeline, context)
    active = (step for step in pipeline.modules if step.name not in idle)
    with placed(pipeline):
        variants = [Variants(step, modules, context, pipeline.path.parent) for step in active]
    return sorted({image for each in variants for image in each.images()})


def _idle(step: str, because: str) -> str:
    own = "its `when` does not hold" if step == because else f"the `when` of {because} does not hold"
    return f"{step}: left out, since {own}."


def _plan(
    pipeline: Pipeline,
    step: Step,
    inputs: Mapping[str, Available],
    variants: Variants,
    digests: Callable[[str], str | None],
    earlier: Earlier,
    branch: Branch | None = None,
) -> StepPlan:
    def fingerprints(settings: StepSettings) -> Fingerprints:
        check_named(pipeline, step, settings, inputs)
        return Fingerprints(_ingredients(step, settings, digests))

    plan = plan_step(step, inputs, _once_each(variants, fingerprints), earlier.workspace, earlier, branch)
    overlaps = overlap_notes(step.name, {name: each.pattern for name, each in inputs.items()})
    notes = (*overlaps, *batch_note(step, variants.own.tool, plan), *limits_note(step, plan))
    return replace(plan, notes=(*plan.notes, *notes)) if notes else plan


def _earlier(pipeline: Pipeline, data: Storage, workspace: Storage, branch: Branch | None) -> Earlier:
    contents = Contents({"data": data, "workspace": workspace})
    return Earlier(frozenset(step.name for step in pipeline.modules), workspace, contents, branch)


def _once_each[T](variants: Variants, make: Callable[[StepSettings], T]) -> Callable[[Mapping[str, Any]], T]:
    """For the ``foreach`` wildcards of a unit, what is made of its settings: once for all units that share them."""
    known: dict[int, T] = {}

    def of(values: Mapping[str, Any]) -> T:
        settings = variants.of(values)
        if id(settings) not in known:  # the variants keep them, so that no other object gets the id
            known[id(settings)] = make(settings)
        return known[id(settings)]

    return of


def _hinting(plan: StepPlan, variants: Variants) -> StepPlan:
    """The plan with notes on overrides that no unit has."""
    return replace(plan, notes=(*plan.notes, *variants.notes([unit.values for unit in plan.units])))


def _ingredients(step: Step, settings: StepSettings, digests: Callable[[str], str | None]) -> dict[str, Any]:
    return step_ingredients(settings, hash_files(settings), step.outputs, digests(settings.image))
