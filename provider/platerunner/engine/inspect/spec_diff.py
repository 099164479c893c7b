"""What a change of a spec makes run: two plans over the same files, compared unit by unit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platerunner.engine.inspect.changes import changes
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.prepare import IngredientsOf
from platerunner.engine.planning.reasons import Why


@dataclass(frozen=True, slots=True)
class StepDiff:
    """One step under both specs.

    :param reruns: units that are done, and would run under the new spec.
    :param stays_done: units that are done under both.
    :param runs_anyway: units that have to run, or wait, under both.
    :param spared: units that the new spec finds done, though the old one would run them.
    :param new: ids of units that only the new spec has; likewise ``gone`` of the old one.
    :param because: what differs between the steps themselves, with the number of units that it differs for, most first;
        also that their files are others, or come from a step that runs before.
    """

    step: str
    reruns: tuple[str, ...] = ()
    stays_done: tuple[str, ...] = ()
    runs_anyway: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    because: tuple[tuple[str, int], ...] = ()

    @property
    def compared(self) -> int:
        """How many units :attr:`because` is about: those that run again, or all if none does."""
        return len(self.reruns) or len(self.stays_done) + len(self.runs_anyway) + len(self.spared)

    def __bool__(self) -> bool:
        """Whether the change does anything to the step."""
        return bool(self.reruns or self.spared or self.new or self.gone or self.because)


def diff_step(before: StepPlan, after: StepPlan, was: IngredientsOf | None, is_now: IngredientsOf | None) -> StepDiff:
    """Compare a step's plans.

    :param before: under the old spec; without units if it has no such step. Likewise ``after``.
    :param was: what the step brings under the old spec, by a unit's wildcards; None if there is no such step. Likewise
        ``is_now``.
    """
    old, new = _units(before), _units(after)
    both = [(name, old[name], new[name]) for name in new if name in old]
    changed = [(a, b) for _, a, b in both if _done(a) and not _done(b)] or [(a, b) for _, a, b in both]
    return StepDiff(
        after.step,
        reruns=tuple(name for name, a, b in both if _done(a) and not _done(b)),
        stays_done=tuple(name for name, a, b in both if _done(a) and _done(b)),
        runs_anyway=tuple(name for name, a, b in both if not _done(a) and not _done(b)),
        spared=tuple(name for name, a, b in both if not _done(a) and _done(b)),
        new=tuple(name for name in new if name not in old),
        gone=tuple(name for name in old if name not in new),
        because=tuple(_because(was, is_now, changed)) if was and is_now else (),
    )


def _because(
    was: IngredientsOf, is_now: IngredientsOf, units: Sequence[tuple[PlannedUnit, PlannedUnit]]
) -> Iterator[tuple[str, int]]:
    """What differs, for how many of the units: an override may be for some of them alone."""
    counts: Counter[str] = Counter()
    known: list[tuple[Mapping[str, Any], Mapping[str, Any], list[str]]] = []
    for old_unit, unit in units:
        before, now = was(unit.values), is_now(unit.values)
        found = next((clauses for old, new, clauses in known if old == before and new == now), None)
        if found is None:  # a step has as many sets of settings as overrides, however many units it has
            found = [*changes(before, now), *_patterns(before, now)]
            known.append((before, now, found))
        counts.update([*found, *_inputs(old_unit, unit)])
    yield from counts.most_common()


def _inputs(before: PlannedUnit, now: PlannedUnit) -> Iterator[str]:
    """What is seen of other inputs; none can differ under one fingerprint."""
    if before.fingerprint == now.fingerprint:
        return
    if now.reason.why is Why.AFTER:
        yield f"its inputs come from {now.reason.detail}, whose units run before"
    was, is_now = before.task.inputs, now.task.inputs
    for name in sorted({*was, *is_now}):
        files = is_now.get(name, ())
        if any(file.size is None for file in files):
            continue  # they are still to be written
        if [(f.root, f.key, f.etag) for f in was.get(name, ())] != [(f.root, f.key, f.etag) for f in files]:
            yield f"input `{name}` has other files"
        elif any(
            a.values.get(wildcard) != b.values.get(wildcard)
            for a, b in zip(was[name], files, strict=True)
            for wildcard in {*before.renamed.get(name, ()), *now.renamed.get(name, ())}
        ):
            yield f"files of input `{name}` go by other names"


def _patterns(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before.get("outputs") != now.get("outputs"):
        yield "its outputs' patterns changed"


def _units(plan: StepPlan) -> dict[str, PlannedUnit]:
    """Those that take part: what is excluded does not run under either spec."""
    return {unit.unit: unit for unit in plan.units if unit.state is not UnitState.EXCLUDED}


def _done(unit: PlannedUnit) -> bool:
    return unit.state is UnitState.DONE
