"""`platerunner diff`: what a change of a spec makes run, before it is committed or deployed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from platerunner.cli.console import out
from platerunner.cli.inspect.estimates import Cost, show_estimate
from platerunner.cli.inspect.revisions import at_revision
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_sessions
from platerunner.cli.options import DataRoot, Local, Params, WorkspaceRoot
from platerunner.engine.inspect.spec_diff import StepDiff, diff_step
from platerunner.engine.planning.model import StepPlan
from platerunner_unit.contract.words import and_more

SHOWN = 5


def diff(
    before: Annotated[str, typer.Argument(help="A spec's file, or `file@revision` of its git repository.")],
    after: Annotated[str, typer.Argument(help="The same of the changed spec.")],
    *,
    local: Local = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
    cost: Cost = False,
) -> None:
    """Say which units that are done a spec's change makes run again, and which step's change does it."""
    options = Roots(data_root, workspace_root, param)
    with (
        at_revision(before) as old_spec,
        at_revision(after) as new_spec,
        spec_sessions([old_spec, new_spec], options, local=local) as (old, new),
    ):
        diffs = compare(old, new)
        estimated = new.estimate(_caused(new.plans(), diffs)) if cost else None
    for found in diffs:
        if found:
            _print(found)
    rerun = sum(len(found.reruns) for found in diffs)
    fresh = sum(len(found.new) for found in diffs)
    out.print(f"{rerun:,} units that are done would run again, {fresh:,} units are new", markup=False)
    if estimated is not None:
        show_estimate(estimated)


def _caused(plans: Sequence[StepPlan], diffs: Sequence[StepDiff]) -> list[StepPlan]:
    """Plans with only the units that run because of the change."""
    because = {found.step: {*found.reruns, *found.new} for found in diffs}
    return [
        replace(plan, units=tuple(unit for unit in plan.units if unit.unit in because[plan.step])) for plan in plans
    ]


def compare(old: SpecSession, new: SpecSession) -> list[StepDiff]:
    """Every step of either spec, those of the new one first and in its order."""
    plans = [{plan.step: plan for plan in session.plans()} for session in (old, new)]
    return [
        diff_step(
            plans[0].get(step, StepPlan(step, ())),
            plans[1].get(step, StepPlan(step, ())),
            old.ingredients(step) if step in plans[0] else None,
            new.ingredients(step) if step in plans[1] else None,
        )
        for step in dict.fromkeys([*plans[1], *plans[0]])
    ]


def _print(found: StepDiff) -> None:
    counts = {
        "run again": found.reruns, "stay done": found.stays_done, "run anyway": found.runs_anyway,
        "need not run any more": found.spared, "new": found.new, "gone": found.gone,
    }  # fmt: skip
    told = ", ".join(f"{len(units):,} {word}" for word, units in counts.items() if units)
    out.print(f"{found.step}: {told or 'no units'}", markup=False)
    for clause, count in found.because:
        some = f" ({count:,} of {found.compared:,} units)" if count < found.compared else ""
        out.print(f"  {clause}{some}", markup=False)
    for word in ("run again", "new", "gone"):
        units = counts[word]
        if units:
            more = and_more(len(units) - SHOWN)
            out.print(f"  {word}: {', '.join(units[:SHOWN])}{more}", markup=False)
