"""What a change of a spec makes run: two plans over the same files, compared unit by unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platerunner.units.changes import changes
from platerunner.units.model import PlannedUnit, StepPlan, UnitState


@dataclass(frozen=True, slots=True)
class StepDiff:
    """One step under both specs.

    :param reruns: units that are done, and would run under the new spec.
    :param stays_done: units that are done under both.
    :param runs_anyway: units that have to run, or wait, under both.
    :param spared: units that the new spec finds done, though the old one would run them.
    :param new: ids of units that only the new spec has; likewise ``gone`` of the old one.
    :param because: what differs between the steps themselves; empty if only their inputs do.
    """

    step: str
    reruns: tuple[str, ...] = ()
    stays_done: tuple[str, ...] = ()
    runs_anyway: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    because: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether the change does anything to the step."""
        return bool(self.reruns or self.spared or self.new or self.gone or self.because)


def diff_step(before: StepPlan, after: StepPlan, was: Mapping[str, Any], is_now: Mapping[str, Any]) -> StepDiff:
    """Compare a step's plans.

    :param before: under the old spec; without units if it has no such step. Likewise ``after``.
    :param was: the step's ingredients under the old spec, empty if it has none; likewise ``is_now``.
    """
    old, new = _units(before), _units(after)
    both = [(name, old[name], new[name]) for name in new if name in old]
    return StepDiff(
        after.step,
        reruns=tuple(name for name, a, b in both if _done(a) and not _done(b)),
        stays_done=tuple(name for name, a, b in both if _done(a) and _done(b)),
        runs_anyway=tuple(name for name, a, b in both if not _done(a) and not _done(b)),
        spared=tuple(name for name, a, b in both if not _done(a) and _done(b)),
        new=tuple(name for name in new if name not in old),
        gone=tuple(name for name in old if name not in new),
        because=tuple(_because(was, is_now)) if was and is_now else (),
    )


def _because(was: Mapping[str, Any], is_now: Mapping[str, Any]) -> list[str]:
    found = changes(was, is_now)
    return [*found, "its outputs' patterns changed"] if was.get("outputs") != is_now.get("outputs") else found


def _units(plan: StepPlan) -> dict[str, PlannedUnit]:
    """Those that take part: what is excluded does not run under either spec."""
    return {unit.task.unit: unit for unit in plan.units if unit.state is not UnitState.EXCLUDED}


def _done(unit: PlannedUnit) -> bool:
    return unit.state is UnitState.DONE
