"""What a person asks of one run beyond the spec: only some units, some again, other resources, or a plan alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Self

from platerunner.catalog.loader import resources
from platerunner.catalog.model import Resources
from platerunner.catalog.quantities import QuantityError
from platerunner.documents.problems import suggest
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.reasons import Reason, Why
from platerunner.engine.planning.units.unit_patterns import UnitPattern
from platerunner.spec.model import Pipeline, Step
from platerunner.spec.schema import schema

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
        """Refuse to plan if nothing is there of what a person named; where a part is, notes tell of the rest.

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
