"""Parameters that name a value of a wildcard, such as a channel: whether the step's files have it."""

from collections.abc import Iterable, Iterator, Mapping

from platerunner.documents.problems import suggest
from platerunner.engine.planning.available import Available
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import StepSettings
from platerunner.spec.model import Pipeline, Step


def check_named(pipeline: Pipeline, step: Step, settings: StepSettings, inputs: Mapping[str, Available]) -> None:
    """Refuse a value that none of the files has: every unit would end with the same error.

    :param settings: of the step's units.
    :param inputs: input name to what there is of it.
    :raises PlanningError: with the values that there are.
    """
    known = [each for name, each in inputs.items() if not is_open(pipeline, step, name)]
    for parameter, wildcard in settings.naming.items():
        there = set(_values(known, wildcard))
        if there and len(known) == len(inputs) and str(settings.params.get(parameter)) not in there:
            value = settings.params.get(parameter)
            raise PlanningError(
                f"step {step.name}: `{parameter}` is {wildcard} `{value}`, which none of its files has. "
                f"{suggest(str(value), there, f'values of {{{wildcard}}}')}",
                *("steps", step.name, "with", parameter),
            )


def _values(inputs: Iterable[Available], wildcard: str) -> Iterator[str]:
    for each in inputs:
        if wildcard in each.pattern.wildcards:
            yield from (str(value) for value in each.files.distinct(wildcard))


def is_open(pipeline: Pipeline, step: Step, name: str) -> bool:
    """Whether nobody knows beforehand which files an input will have: as many as a step before it writes."""
    ref = step.inputs[name]
    sources = [pipeline.steps.get(source) for source in ref.steps]
    return ref.source == "workspace" or any(
        isinstance(each, Step) and each.outputs[ref.name].at_least is not None for each in sources
    )
