"""Which units run together in one job."""

from collections.abc import Callable, Collection, Sequence

from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.spec.build_steps import BATCH_SIZE
from platerunner.spec.settings import Batch
from platerunner.spec.steps import Step


def batches_of(
    step: Step, units: Sequence[PlannedUnit], alone: Callable[[str], bool] = lambda _unit: False
) -> list[list[PlannedUnit]]:
    """Units by the job that they run in, in the order in which they come.

    :param step: its ``batch`` says how many go together; without it each unit has a job of its own.
    :param alone: for the id of a unit, whether it has a job of its own all the same.
    """
    if step.batch is None:
        return [[unit] for unit in units]
    together = [unit for unit in units if not alone(unit.unit)]
    return [*_together(step.batch, step.foreach, together), *([unit] for unit in units if alone(unit.unit))]


def _together(batch: Batch, foreach: Sequence[str], units: Collection[PlannedUnit]) -> list[list[PlannedUnit]]:
    before = foreach[: foreach.index(batch.by)]
    groups: dict[tuple[str, ...], dict[str, list[PlannedUnit]]] = {}
    for unit in units:
        outer = tuple(str(unit.values[name]) for name in before)
        groups.setdefault(outer, {}).setdefault(str(unit.values[batch.by]), []).append(unit)
    return [
        [unit for each in values[first : first + batch.size] for unit in each]
        for values in (list(group.values()) for group in groups.values())
        for first in range(0, len(values), batch.size)
    ]


def limits_note(step: Step, plan: StepPlan) -> list[str]:
    """What a plan says of the limits that a step's jobs share with others; nothing if none is pending."""
    if not plan.of(UnitState.PENDING):
        return []
    return [
        f"{step.name}: each job holds one of {total} `{name}`, of which all steps and pipelines with this limit take"
        for name, total in step.limits.items()
    ]


SMALL_S = 60.0
"""Seconds of a unit below which the start of its tool is a good part of it."""


def propose_batch(step: Step, tool: str, units: int, seconds: float | None) -> str:
    """The line that would put small units together, as a sentence; empty where it would save little.

    :param tool: of the step.
    :param units: that are pending.
    :param seconds: of a unit; None if nobody knows.
    """
    if step.batch is not None or tool != "cellprofiler" or seconds is None or seconds > SMALL_S or units <= BATCH_SIZE:
        return ""
    jobs = -(-units // BATCH_SIZE)
    return (
        f"{step.name}: {units:,} units of some {seconds:.0f} s run in a job each. `batch: {BATCH_SIZE}` makes {jobs:,} "
        f"jobs of them, in which CellProfiler is loaded once: {SAVED}. Fewer run at once then."
    )


SAVED = "a quarter of small wells' CPU was saved when measured"


def batch_note(step: Step, tool: str, plan: StepPlan) -> list[str]:
    """What a plan says of the jobs of a step that puts units together; nothing if none is pending.

    :param tool: of the step.
    """
    pending = plan.of(UnitState.PENDING)
    if step.batch is None or not pending:
        return []
    jobs = batches_of(step, pending)
    loaded = (
        "CellProfiler is loaded once in each, which saved a quarter of small wells' CPU when measured"
        if tool == "cellprofiler"
        else "the program is started for each unit"
    )
    most = max(map(len, jobs))
    if most == 1:
        return []
    return [
        f"{step.name}: {len(pending)} pending units run in {len(jobs)} job{'s' * (len(jobs) > 1)} of up to {most} "
        f"(`batch` of {step.batch.size} by {step.batch.by}), one after another; {loaded}. "
        f"A job may take {most} times the step's timeout."
    ]
