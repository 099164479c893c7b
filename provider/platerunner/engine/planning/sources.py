"""Where the inputs of a step come from: dataset, steps before it, workspace; and whether they have what it names."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from platerunner.documents.problems import suggest
from platerunner.engine.planning.available import (
    Available,
    from_step,
    from_workspace_pattern,
    pattern_of,
    together,
)
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.collisions import Reading, seen_from
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError, placed, stands_at
from platerunner.engine.planning.marked import Marked
from platerunner.engine.planning.model import StepPlan, StepSettings, UnitState
from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.engine.planning.raw_files.duplicates import SameValuesError, check_distinct
from platerunner.engine.planning.raw_files.selection import Names, sampled
from platerunner.engine.planning.where import only_asked
from platerunner.engine.records.branches import current_in
from platerunner.engine.records.done import Current
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import InputRef, Output, Step
from platerunner_unit.contract.manifest import InputFile, UnitTask
from platerunner_unit.contract.storage import Storage

LookUp = Callable[[InputRef], Available]


def step_of(pipeline: Pipeline, name: str) -> Step:
    """A step of a pipeline that runs units.

    :raises PlanningError: if it has no such step.
    """
    step = pipeline.steps.get(name)
    if not isinstance(step, Step):
        raise PlanningError(f"pipeline {pipeline.name} has no step {name} that runs units")
    return step


class Sources:
    """Where the steps of a pipeline find their inputs, in a run.

    :param data: the data root.
    """

    def __init__(self, pipeline: Pipeline, context: RunContext, data: Storage, workspace: Storage) -> None:
        self._pipeline = pipeline
        self._context = context
        self._data = data
        self._workspace = workspace
        self._marked = Marked(pipeline, workspace)
        self._current_of = cache(lambda name: current_in(workspace, pipeline, step_of(pipeline, name), context))

    def of(self, step: Step, look_up: LookUp) -> dict[str, Available]:
        """Input name to files; an input that two names share is listed once.

        :param look_up: :meth:`current` or :meth:`planned`.
        """
        pipeline = self._pipeline
        within = pipeline.split.wildcard if pipeline.split and pipeline.in_branches(step.name) else None
        found = {ref: self._marked.left_out(step, look_up(ref)) for ref in dict.fromkeys(step.inputs.values())}
        by_ref = {ref: sampled(available, step.every, within) for ref, available in found.items()}
        return {name: by_ref[ref] for name, ref in step.inputs.items()}

    def current(self, ref: InputRef) -> Available:
        """The files that are there now; of a step, those that this run counts as done."""
        if ref.source == "dataset":
            return self._from_dataset(ref)
        if ref.source == "workspace":
            return from_workspace_pattern(ref.name, self._workspace, self._context.branch)

        def written(source: str, name: str) -> Available:
            upstream, current = step_of(self._pipeline, source), self._current_of(source)
            return from_step(upstream, upstream.outputs[name], self._workspace, current, self._context.branch)

        return _of_steps(ref, written)

    def planned(self, ref: InputRef, plans: Mapping[str, StepPlan]) -> Available:
        """What there will be when the steps before have run as planned.

        :param plans: of these steps.
        """
        if ref.source == "dataset":
            return self._from_dataset(ref)
        if ref.source == "workspace":
            return from_workspace_pattern(ref.name, self._workspace, self._context.branch)

        def will_be_written(source: str, name: str) -> Available:
            upstream = step_of(self._pipeline, source)
            output, plan = upstream.outputs[name], plans[upstream.name]
            return from_plan(upstream, output, self._workspace, plan, self._context.branch)

        return _of_steps(ref, will_be_written)

    def readings(self) -> list[Reading]:
        """The file sets of the dataset, if workspace and data root lie in one another."""
        dataset, place = self._pipeline.dataset, seen_from(self._workspace, self._data)
        if place is None:
            return []
        where = self._context.where(dataset.where)
        readings = []
        for files in dataset.files.values():
            pattern = pattern_of(files)
            only = only_asked(pattern, Names(files.rename).in_keys(where))
            readings.append(Reading(f"dataset.{files.name}", pattern, only, *place))
        return readings

    def check_distinct(self, idle: Container[str], look_up: LookUp) -> None:
        """Refuse files that nobody can tell apart, of all file sets at once.

        :param idle: steps that the run leaves out.
        """
        refs = [ref for step in self._pipeline.modules if step.name not in idle for ref in step.inputs.values()]
        found: list[SameValuesError] = []
        for ref in dict.fromkeys(ref for ref in refs if ref.source == "dataset"):
            try:
                with placed(self._pipeline):
                    look_up(ref)
            except SameValuesError as error:
                found.append(error)
            except PlanningError:
                pass  # the step that reads it says so, with all that it knows
        if found:
            first, *more = found
            first.args = ("\n".join([*first.args, *map(str, more)]),)
            raise first

    def check_typed(self, step: Step, inputs: Iterable[Available]) -> None:
        """Refuse what a person asked of this run by a param and has no file; what the spec itself names is only told.

        With `split` it has a branch, which fails; a step that waits for its files goes on without them in the end.
        """
        pipeline = self._pipeline
        if pipeline.split or step.waiting_for:
            return
        defaults = {name: each["default"] for name, each in pipeline.params.items() if "default" in each}
        where = pipeline.dataset.where
        for each in inputs:
            for name, values in each.nowhere.items():
                if self._context.is_typed(where[name], defaults):
                    raise PlanningError(
                        f"{each.ref}: the run's params ask for {name} {', '.join(sorted(values))}: there is no such "
                        "file. Take it out of the params, or run again when its files are there.",
                        *("dataset", "where", name),
                    )

    def _from_dataset(self, ref: InputRef) -> Available:
        dataset = self._pipeline.dataset
        beside = [files for name, files in dataset.files.items() if name != ref.name]
        with stands_at("dataset", "where"):
            where = self._context.where(dataset.where)
        inside = (seen_from(self._workspace, self._data) or ("",))[0]
        with stands_at("dataset", "files", ref.name, "path"):
            found = from_dataset(
                dataset.files[ref.name], self._data, where, dataset.exclude, beside, dataset.places, inside
            )
            check_distinct(found)
        return found


def _of_steps(ref: InputRef, look_up: Callable[[str, str], Available]) -> Available:
    """What a step writes, or all steps of a matrix together."""
    if not ref.members:
        return look_up(ref.source, ref.name)
    return together(ref, ((member, look_up(member.step, ref.name)) for member in ref.members))


def from_plan(
    upstream: Step, output: Output, workspace: Storage, plan: StepPlan, branch: Branch | None = None
) -> Available:
    """The files that done units have written, and those that the others will write.

    :param upstream: the step that writes them.
    :param output: of that step.
    :param plan: of that step.
    :param branch: whose files alone matter; None for all.
    """
    current = Current.of(upstream.foreach, plan.tasks(UnitState.DONE), plan.tasks(UnitState.WAITING))
    known = from_step(upstream, output, workspace, current, branch)
    pending = [file for task in plan.tasks(UnitState.PENDING) for file in _will_write(task, output.name)]
    promised = dict.fromkeys((file.key for file in pending), upstream.name)
    return replace(known, files=known.files.plus(pending), promised=promised)


def _will_write(task: UnitTask, output: str) -> Iterator[InputFile]:
    for file in task.outputs.get(output, ()):
        yield InputFile(file.key, "workspace", values=file.values)
    if output in task.open_outputs:
        yield InputFile(task.open_outputs[output].pattern, "workspace", values=task.values)


def check_named(pipeline: Pipeline, step: Step, settings: StepSettings, inputs: Mapping[str, Available]) -> None:
    """Refuse a value that none of the files has: every unit would end with the same error.

    :param settings: of the step's units.
    :param inputs: input name to its files.
    :raises PlanningError: with the values that the inputs have.
    """
    known = [each for name, each in inputs.items() if not is_open(pipeline, step, name)]
    for parameter, wildcard in settings.naming.items():
        there = set(_values_of(known, wildcard))
        if there and len(known) == len(inputs) and str(settings.params.get(parameter)) not in there:
            value = settings.params.get(parameter)
            raise PlanningError(
                f"step {step.name}: `{parameter}` is {wildcard} `{value}`, which none of its files has. "
                f"{suggest(str(value), there, f'values of {{{wildcard}}}')}",
                *("steps", step.name, "with", parameter),
            )


def _values_of(inputs: Iterable[Available], wildcard: str) -> Iterator[str]:
    for each in inputs:
        if wildcard in each.pattern.wildcards:
            yield from (str(value) for value in each.files.distinct(wildcard))


def is_open(pipeline: Pipeline, step: Step, name: str) -> bool:
    """Whether an input's files are not known beforehand: there are as many as the step before it writes."""
    ref = step.inputs[name]
    sources = [pipeline.steps.get(source) for source in ref.steps]
    return ref.source == "workspace" or any(
        isinstance(each, Step) and each.outputs[ref.name].at_least is not None for each in sources
    )
