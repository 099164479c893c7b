"""Keys that two outputs would write, and outputs that the dataset's own patterns would read again."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from os.path import realpath
from typing import NamedTuple

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.where import Only, is_asked_for
from platerunner.spec.meeting import known_types, may_meet, typed
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.manifest import OutputFile
from platerunner_unit.contract.patterns import Pattern, escaped
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import unit_id

REMEDY = "Give one of them another folder or name."


class Written(NamedTuple):
    """An output of a planned step.

    :param pattern: of its keys.
    """

    step: Step
    plan: StepPlan
    output: str
    pattern: Pattern

    def __str__(self) -> str:
        return f"{self.step.name}.{self.output}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Where the spec says it."""
        return "steps", self.step.name, "outputs", self.output

    def files(self) -> Iterator[tuple[PlannedUnit, OutputFile]]:
        """What its units write."""
        for unit in self.plan.units:
            if unit.state is not UnitState.EXCLUDED:
                yield from ((unit, file) for file in unit.task.outputs.get(self.output, ()))


class Reading(NamedTuple):
    """A file set of the dataset, as seen from the workspace.

    :param pattern: of its keys, from the data root.
    :param above: what the workspace's keys begin with there; empty if the data root lies at or below the workspace.
    :param below: what the data root's keys begin with in the workspace.
    """

    ref: str
    pattern: Pattern
    only: Only
    above: str
    below: str

    def key(self, key: str) -> str | None:
        """A key of the workspace as one of the data root; None if it lies elsewhere."""
        return f"{self.above}{key.removeprefix(self.below)}" if key.startswith(self.below) else None


def outputs_of(step: Step, plan: StepPlan) -> list[Written]:
    """The outputs of a step whose names are known beforehand."""
    return [
        Written(step, plan, each.name, Pattern.parse(each.key_pattern))
        for each in step.outputs.values()
        if each.at_least is None
    ]


def to_compare(pipeline: Pipeline, step: Step, readings: Sequence[Reading]) -> set[str]:
    """Steps whose keys a step of a run has to know besides its own: none where patterns tell that they cannot meet.

    A step that reads no other step comes first in a run, and so speaks for all: nothing should run for hours before
    somebody says that it cannot end well.

    :param readings: the file sets of the dataset, if workspace and data root lie in one another.
    """
    types = known_types(pipeline)
    outputs = [
        (each.name, typed(Pattern.parse(output.key_pattern), types))
        for each in pipeline.modules
        for output in each.outputs.values()
        if output.at_least is None
    ]
    first = is_first(step)
    found = {
        name
        for (one, pattern), (other, another) in combinations(outputs, 2)
        if (first or step.name in (one, other)) and may_meet(pattern, another)
        for name in (one, other)
    }
    if first:
        found |= {name for name, pattern in outputs if any(_may_be_read(pattern, each) for each in readings)}
    return found - {step.name}


def is_first(step: Step) -> bool:
    """Whether a step reads nothing that another one writes."""
    return not sources_of(step)


def sources_of(step: Step) -> set[str]:
    """The steps that write what a step reads."""
    return {name for ref in step.inputs.values() for name in ref.steps}


def check_keys(outputs: Sequence[Written]) -> None:
    """Refuse that a key is written by two outputs.

    :param outputs: of all steps that are planned.
    :raises PlanningError: if two of them would write one key; it names both.
    """
    for one, other in combinations(outputs, 2):
        if may_meet(one.pattern, other.pattern):
            _check_pair(*sorted((one, other), key=lambda each: len(each.plan.units)))


def check_not_read_again(outputs: Sequence[Written], reading: Reading) -> None:
    """Refuse outputs that the next run would take for raw files.

    :raises PlanningError: if an output matches a file set; it names both.
    """
    for written in outputs:
        for _, file in written.files() if _may_be_read(written.pattern, reading) else ():
            key = reading.key(file.key)
            values = reading.pattern.match(key) if key is not None else None
            if values is not None and is_asked_for(values, reading.only):
                raise PlanningError(
                    f"{written} writes `{file.key}`, which {reading.ref} (`{reading.pattern}`) would read as a raw file"
                    " in the next run. Write to another folder, or give another workspace.",
                    *written.keys,
                )


def _check_pair(few: Written, many: Written) -> None:
    units = {unit.unit: unit for unit in many.plan.units if unit.state is not UnitState.EXCLUDED}
    for unit, file in few.files():
        values = many.pattern.match(file.key)
        other = units.get(unit_id(values, many.step.foreach)) if values is not None else None
        if other and any(each.key == file.key for each in other.task.outputs.get(many.output, ())):
            raise PlanningError(
                f"{few} of {unit.unit or 'the only unit'} and {many} of {other.unit or 'the only unit'} would both "
                f"write `{file.key}`. {REMEDY}",
                *few.keys,
            )


def _may_be_read(output: Pattern, reading: Reading) -> bool:
    below = Pattern.parse(f"{escaped(reading.below)}{reading.pattern}")
    return may_meet(Pattern.parse(f"{escaped(reading.above)}{output}"), below)


def seen_from(workspace: Storage, data: Storage) -> tuple[str, str] | None:
    """Where the workspace's keys are under the data root: what they begin with there, and what they begin with here.

    :returns: None if neither lies in the other.
    """
    here, there = (f"{realpath(each.local) if each.local else each.url}/" for each in (workspace, data))
    if not (here.startswith(there) or there.startswith(here)):
        return None
    return here.removeprefix(there) if here.startswith(there) else "", there.removeprefix(here) if there.startswith(
        here
    ) else ""
