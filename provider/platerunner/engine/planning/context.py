"""What a run is given from outside: params, roots, its own name, and what a person asks of it beyond the spec.

Also which steps it leaves out for that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Self

from platerunner.catalog.model import Resources
from platerunner.catalog.quantities import QuantityError, resources
from platerunner.documents.problems import suggest
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.errors import PlanningError, placed, stands_at
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.reasons import Reason, Why
from platerunner.engine.planning.units.unit_patterns import UnitPattern
from platerunner.spec.model import Pipeline
from platerunner.spec.schema import schema
from platerunner.spec.steps import Step
from platerunner.spec.templates import contains_template, render, truthy

UNITS = ("only", "rerun", "accept_failed")
"""The params that name units."""
EXAMPLE = '{"memory": "16 GiB"}'


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The values of :data:`platerunner.spec.run_params.RUN_PARAMS`, checked.

    :param only: units that may run; empty for all.
    :param rerun: units that run although they are done.
    :param resources: step to what its units ask for instead of what the spec says, as written there.
    :param dry_run: plan alone.
    :param accept_failed: units that failed earlier and that ``only`` may leave out all the same.
    """

    only: tuple[UnitPattern, ...] = ()
    rerun: tuple[UnitPattern, ...] = ()
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dry_run: bool = False
    accept_failed: tuple[UnitPattern, ...] = ()

    @classmethod
    def of(cls, raw: Mapping[str, Any], pipeline: Pipeline) -> Self:
        """Check what a trigger form or a command line gave.

        :param raw: param name to value; other params are passed over.
        :raises PlanningError: if something in it is not of this pipeline; one sentence with the remedy.
        """
        patterns = {name: _patterns(name, raw.get(name) or (), pipeline) for name in UNITS}
        given = raw.get("resources") or {}
        for step, layer in given.items():
            _check_resources(step, layer, pipeline)
        return cls(resources=given, dry_run=bool(raw.get("dry_run")), **patterns)

    def to_params(self) -> dict[str, Any]:
        """The params that say the same; those that ask for nothing are left out."""
        texts = {name: [pattern.text for pattern in getattr(self, name)] for name in UNITS}
        given = {**texts, "resources": dict(self.resources), "dry_run": self.dry_run}
        return {name: value for name, value in given.items() if value}

    def resources_of(self, step: Step) -> Resources:
        """What a step's units ask for at their first attempt."""
        return resources(self.resources.get(step.name, {}), base=step.resources)

    def asks_again(self, step: str, unit: PlannedUnit) -> bool:
        """Whether a unit that is done has to run all the same."""
        return unit.state is UnitState.DONE and any(p.covers(step, unit.values) for p in self.rerun)

    def left_failed(self, plan: StepPlan) -> list[PlannedUnit]:
        """Units that failed earlier, and that ``only`` leaves out without anybody having accepted it.

        :param plan: of :meth:`restrict`.
        """
        waiting = [unit for unit in plan.of(UnitState.WAITING) if unit.reason.failures] if self.only else []
        return [unit for unit in waiting if not any(p.covers(plan.step, unit.values) for p in self.accept_failed)]

    def restrict(self, plan: StepPlan) -> StepPlan:
        """The plan in which the units that ``only`` leaves out wait; those that are done stay done."""
        units = tuple(self._restricted(plan.step, unit) for unit in plan.units)
        idle = [
            f"`{pattern.text}` matches no unit of {plan.step}"
            for pattern in (*self.only, *self.rerun)
            if pattern.concerns(plan.step, plan.units[0].values if plan.units else {})
            and not _is_there(pattern, [plan])
        ]
        return replace(plan, units=units, notes=(*plan.notes, *idle))

    def check(self, plans: Sequence[StepPlan]) -> None:
        """Refuse to plan if nothing is there of what a person named; where a part is, notes name the rest.

        :param plans: of all steps.
        :raises PlanningError: if no unit is one of those under ``only``, or under ``rerun``.
        """
        for name, patterns in (("only", self.only), ("rerun", self.rerun)):
            _check_there(name, patterns, plans)

    def check_one(self, plan: StepPlan) -> None:
        """Refuse to run a step for units that it does not have.

        :raises PlanningError: if ``only`` or ``rerun`` names units of this step, and it has none of them.
        """
        for name, patterns in (("only", self.only), ("rerun", self.rerun)):
            meant = [each for each in patterns if each.step in (plan.step, None)]
            if all(each.step == plan.step for each in meant):  # what names no step may be of another one
                _check_there(name, meant, [plan])

    def has_all(self, plan: StepPlan) -> bool:
        """Whether a step alone has units for ``only`` and for ``rerun``, as far as they ask for any."""
        asked = (patterns for patterns in (self.only, self.rerun) if patterns)
        return all(any(not each.values or _is_there(each, [plan]) for each in patterns) for patterns in asked)

    def repeat(self, plan: StepPlan) -> StepPlan:
        """The plan with the units pending that are asked for again."""
        asked = Reason(Why.RERUN)
        units = (
            replace(unit, state=UnitState.PENDING, reason=asked) if self.asks_again(plan.step, unit) else unit
            for unit in plan.units
        )
        return replace(plan, units=tuple(units))

    def _restricted(self, step: str, unit: PlannedUnit) -> PlannedUnit:
        others = self.only and not any(pattern.allows(step, unit.values) for pattern in self.only)
        if others and unit.state in (UnitState.PENDING, UnitState.WAITING):
            return replace(unit, state=UnitState.WAITING, reason=unit.reason.left_out())
        return unit


def _check_there(name: str, patterns: Sequence[UnitPattern], plans: Sequence[StepPlan]) -> None:
    if patterns and all(each.values and not _is_there(each, plans) for each in patterns):
        texts = ", ".join(f"`{each.text}`" for each in patterns)
        there = ", ".join(unit.unit for unit in chain.from_iterable(plan.units[:3] for plan in plans))
        has = f"there are units such as {there}" if there else "there are no units at all"
        raise PlanningError(f"{name}: {texts} matches no unit; {has}")


def _is_there(pattern: UnitPattern, plans: Sequence[StepPlan]) -> bool:
    return any(pattern.covers(plan.step, unit.values) for plan in plans for unit in plan.units)


def _patterns(name: str, texts: Any, pipeline: Pipeline) -> tuple[UnitPattern, ...]:
    try:
        return tuple(UnitPattern.parse(str(text), pipeline) for text in texts if str(text).strip())
    except PlanningError as error:
        raise PlanningError(f"{name}: {error}") from None


def _check_resources(step: str, layer: Any, pipeline: Pipeline) -> None:
    steps = [each.name for each in pipeline.modules]
    if step not in steps:
        raise PlanningError(f"resources: no step that runs units is called `{step}`. {suggest(step, steps, 'steps')}")
    from jsonschema import Draft202012Validator  # slow to import, and few runs ask for resources

    for error in Draft202012Validator(schema()["$defs"]["resources"]).iter_errors(layer):
        raise PlanningError(f"resources: {step}: {error.message}. Write them as in the spec, such as {EXAMPLE}.")
    try:
        resources(layer)
    except QuantityError as error:
        raise PlanningError(f"resources: {step}: {error}") from None


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run is given.

    :param params: the trigger form's values.
    :param data_root: URL or folder.
    :param workspace_root: URL or folder.
    :param run_id: of the DAG run; empty outside a run.
    :param logical_date: of the DAG run, ISO 8601; empty outside a run.
    :param options: what a person asks of this run alone; templates do not see it.
    :param branch: the one that a step of it belongs to, in a pipeline with ``split``.
    """

    params: Mapping[str, Any]
    data_root: str
    workspace_root: str
    run_id: str = ""
    logical_date: str = ""
    options: RunOptions = field(default_factory=RunOptions)
    branch: Branch | None = None

    def where(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Which files of the dataset count: those that the spec asks for, and of these the branch's.

        :param asked: the dataset's ``where``, with templates.
        """
        own = {self.branch.wildcard: [self.branch.value]} if self.branch else {}
        return {**render(asked, self.templates()), **own}

    def is_typed(self, asked: Any, defaults: Mapping[str, Any]) -> bool:
        """Whether a person chose a value of ``where``: with the params' defaults it would be another one.

        :param asked: with templates.
        :param defaults: of the params, as far as they have any.
        """
        if not contains_template(asked):
            return False
        usual = {**self.templates(), "params": {**self.params, **defaults}}
        return bool(render(asked, self.templates()) != render(asked, usual))

    def templates(self) -> dict[str, Any]:
        """The names that templates see."""
        return {
            "params": dict(self.params),
            "data_root": self.data_root,
            "workspace_root": self.workspace_root,
            "run_id": self.run_id,
            "logical_date": self.logical_date,
        }


def holds(step: Step, context: RunContext) -> bool:
    """Whether a step's own condition holds.

    :raises platerunner.spec.templates.TemplateProblem: if it cannot be evaluated.
    """
    with stands_at("steps", step.name, "when"):
        return step.when is None or truthy(step.when, context.templates())


def left_out(pipeline: Pipeline, context: RunContext) -> dict[str, str]:
    """Steps and gates that do not run, each with the step whose condition does not hold."""
    found: dict[str, str] = {}
    for step in pipeline.steps.values():
        before = next((found[name] for name in step.upstream if name in found), None)
        with placed(pipeline):
            if isinstance(step, Step) and not holds(step, context):
                before = step.name
        if before is not None:
            found[step.name] = before
    return found
