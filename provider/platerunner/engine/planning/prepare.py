"""The two doors to planning: one step within a run, and a whole pipeline before it runs."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from platerunner.catalog.model import Module
from platerunner.engine.planning.activity import left_out
from platerunner.engine.planning.ahead import check_asked, plan_ahead
from platerunner.engine.planning.available import (
    Available,
    from_step,
    from_workspace_pattern,
    of_branch,
    pattern_of,
    together,
)
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.chain import from_plan
from platerunner.engine.planning.collisions import (
    Reading,
    check_keys,
    check_not_read_again,
    outputs_of,
    seen_from,
    to_compare,
)
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.dataset import from_dataset
from platerunner.engine.planning.duplicates import SameValuesError, check_distinct
from platerunner.engine.planning.earlier import Contents, Earlier
from platerunner.engine.planning.errors import PlanningError, placed, stands_at
from platerunner.engine.planning.fingerprint import Fingerprints, step_ingredients
from platerunner.engine.planning.model import StepPlan, StepSettings
from platerunner.engine.planning.named_values import check_named
from platerunner.engine.planning.names import Names
from platerunner.engine.planning.planning import plan_step
from platerunner.engine.planning.sampling import sampled
from platerunner.engine.planning.settings import data_root, workspace_url
from platerunner.engine.planning.toolfiles import hash_files
from platerunner.engine.planning.variants import Variants
from platerunner.engine.planning.where import only_asked
from platerunner.engine.records.branches import current_in
from platerunner.spec.model import InputRef, Pipeline, Step
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
        return _plan_one(pipeline, _step(pipeline, step_name), modules, context, data, workspace, digests)


def _plan_one(
    pipeline: Pipeline,
    step: Step,
    modules: Mapping[str, Module],
    context: RunContext,
    data: Storage,
    workspace: Storage,
    digests: Callable[[str], str | None],
) -> StepPlan:
    def look_up(ref: InputRef) -> Available:
        if ref.source == "dataset":
            return _from_dataset(pipeline, ref, context, data)
        if ref.source == "workspace":
            return from_workspace_pattern(ref.name, workspace, context.branch)
        return _of_steps(ref, written)

    current_of = cache(lambda source: current_in(workspace, pipeline, _step(pipeline, source), context))

    def written(source: str, name: str) -> Available:
        upstream = _step(pipeline, source)
        return from_step(upstream, upstream.outputs[name], workspace, current_of(source), context.branch)

    variants = Variants(step, modules, context, pipeline.path.parent)

    def before_its_turn(other: Step, plans: Mapping[str, StepPlan]) -> StepPlan:
        if other.name in left_out(pipeline, context):
            return StepPlan(other.name, ())
        found = _inputs(pipeline, other, lambda ref: _look_up_before(pipeline, ref, context, data, workspace, plans))
        settings = Variants(other, modules, context, pipeline.path.parent)
        return _plan(pipeline, other, found, settings, digests, earlier, context.branch)

    earlier = _earlier(pipeline, data, workspace, context.branch)
    inputs = _inputs(pipeline, step, lambda ref: of_branch(look_up(ref), context.branch))
    _check_typed(pipeline, step, inputs.values(), context)
    plan = _plan(pipeline, step, inputs, variants, digests, earlier, context.branch)
    readings = _readings(pipeline, context, data, workspace)
    others = to_compare(pipeline, step, readings)
    _check_outputs(pipeline, plan_ahead(pipeline, others, plan, before_its_turn).values(), readings)
    if context.branch:
        return _of_branch(context, plan)
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
    listed: dict[InputRef, Available] = {}
    plans: dict[str, StepPlan] = {}

    def look_up(ref: InputRef) -> Available:
        if ref not in listed:
            listed[ref] = _look_up_before(pipeline, ref, context, data, workspace, plans)
        return listed[ref]

    idle, earlier = left_out(pipeline, context), _earlier(pipeline, data, workspace, None)
    _check_distinct(pipeline, idle, look_up)
    for step in pipeline.modules:
        if step.name in idle:
            plans[step.name] = StepPlan(step.name, (), notes=(_idle(step.name, idle[step.name]),))
            continue
        with placed(pipeline, "steps", step.name):
            variants = Variants(step, modules, context, pipeline.path.parent)
            inputs = _inputs(pipeline, step, look_up)
            _check_typed(pipeline, step, inputs.values(), context)
            plan = _hinting(_plan(pipeline, step, inputs, variants, digests.get, earlier), variants)
        plans[step.name] = context.options.repeat(context.options.restrict(plan))
    context.options.check(list(plans.values()))
    with placed(pipeline, "workspace"):
        _check_outputs(pipeline, plans.values(), _readings(pipeline, context, data, workspace))
    return list(plans.values())


def _check_distinct(pipeline: Pipeline, idle: Container[str], look_up: Callable[[InputRef], Available]) -> None:
    """Refuse files that nobody can tell apart, of all file sets at once."""
    refs = [ref for step in pipeline.modules if step.name not in idle for ref in step.inputs.values()]
    found: list[SameValuesError] = []
    for ref in dict.fromkeys(ref for ref in refs if ref.source == "dataset"):
        try:
            with placed(pipeline):
                look_up(ref)
        except SameValuesError as error:
            found.append(error)
        except PlanningError:
            pass  # the step that reads it says so, with all that it knows
    if found:
        first, *more = found
        first.args = ("\n".join([*first.args, *map(str, more)]),)
        raise first


def _check_typed(pipeline: Pipeline, step: Step, inputs: Iterable[Available], context: RunContext) -> None:
    """Refuse what a person asked of this run by a param and has no file; what the spec itself names is only told.

    With `split` it has a branch, which fails; a step that waits for its files goes on without them in the end.
    """
    if pipeline.split or step.waiting_for:
        return
    defaults = {name: each["default"] for name, each in pipeline.params.items() if "default" in each}
    where = pipeline.dataset.where
    for each in inputs:
        for name, values in each.nowhere.items():
            if context.is_typed(where[name], defaults):
                raise PlanningError(
                    f"{each.ref}: the run's params ask for {name} {', '.join(sorted(values))}: there is no such file. "
                    "Take it out of the params, or run again when its files are there.",
                    *("dataset", "where", name),
                )


def _check_outputs(pipeline: Pipeline, plans: Iterable[StepPlan], readings: Sequence[Reading]) -> None:
    """Refuse that two outputs write one key, or that raw files are written."""
    outputs = [each for plan in plans for each in outputs_of(_step(pipeline, plan.step), plan)]
    check_keys(outputs)
    for reading in readings:
        check_not_read_again(outputs, reading)


def _readings(pipeline: Pipeline, context: RunContext, data: Storage, workspace: Storage) -> list[Reading]:
    """The file sets of the dataset, if workspace and data root lie in one another."""
    place = seen_from(workspace, data)
    if place is None:
        return []
    where = context.where(pipeline.dataset.where)
    readings = []
    for files in pipeline.dataset.files.values():
        pattern = pattern_of(files)
        only = only_asked(pattern, Names(files.rename).in_keys(where))
        readings.append(Reading(f"dataset.{files.name}", pattern, only, *place))
    return readings


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
    spec = _step(pipeline, step)
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


def _step(pipeline: Pipeline, name: str) -> Step:
    step = pipeline.steps.get(name)
    if not isinstance(step, Step):
        raise PlanningError(f"pipeline {pipeline.name} has no step {name} that runs units")
    return step


def _inputs(pipeline: Pipeline, step: Step, look_up: Callable[[InputRef], Available]) -> dict[str, Available]:
    """Input name to files; an input that two names share is listed once."""
    within = pipeline.split.wildcard if pipeline.split and pipeline.in_branches(step.name) else None
    by_ref = {ref: sampled(look_up(ref), step.every, within) for ref in dict.fromkeys(step.inputs.values())}
    return {name: by_ref[ref] for name, ref in step.inputs.items()}


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

    return plan_step(step, inputs, _once_each(variants, fingerprints), earlier.workspace, earlier, branch)


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


def _of_branch(context: RunContext, plan: StepPlan) -> StepPlan:
    """The plan of a branch, without notes on what no unit has: another branch may have it."""
    return replace(context.options.restrict(plan), notes=plan.notes)


def _ingredients(step: Step, settings: StepSettings, digests: Callable[[str], str | None]) -> dict[str, Any]:
    return step_ingredients(settings, hash_files(settings), step.outputs, digests(settings.image))


def _from_dataset(pipeline: Pipeline, ref: InputRef, context: RunContext, data: Storage) -> Available:
    dataset = pipeline.dataset
    beside = [files for name, files in dataset.files.items() if name != ref.name]
    with stands_at("dataset", "where"):
        where = context.where(dataset.where)
    with stands_at("dataset", "files", ref.name, "path"):
        found = from_dataset(dataset.files[ref.name], data, where, dataset.exclude, beside, dataset.places)
        check_distinct(found)
    return found


def _look_up_before(
    pipeline: Pipeline,
    ref: InputRef,
    context: RunContext,
    data: Storage,
    workspace: Storage,
    plans: Mapping[str, StepPlan],
) -> Available:
    if ref.source == "dataset":
        return _from_dataset(pipeline, ref, context, data)
    if ref.source == "workspace":
        return from_workspace_pattern(ref.name, workspace, context.branch)

    def planned(source: str, name: str) -> Available:
        upstream = _step(pipeline, source)
        return from_plan(upstream, upstream.outputs[name], workspace, plans[upstream.name], context.branch)

    return _of_steps(ref, planned)


def _of_steps(ref: InputRef, look_up: Callable[[str, str], Available]) -> Available:
    """What a step writes, or all steps of a matrix together."""
    if not ref.members:
        return look_up(ref.source, ref.name)
    return together(ref, ((member, look_up(member.step, ref.name)) for member in ref.members))
