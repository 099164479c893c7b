"""`platerunner units`: every unit of a pipeline or a step, where it stands, and what became of it."""

import json
from typing import Annotated

import typer

from platerunner.cli.completion import complete_step, complete_unit
from platerunner.cli.console import fail, out
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.options import DataRoot, Local, Params, SpecArgument, WorkspaceRoot
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.reasons import Why

WORDS = (*(str(state) for state in UnitState), "failed")


def units(
    spec: SpecArgument,
    step: Annotated[
        str | None, typer.Argument(help="A step; all if none is named.", autocompletion=complete_step)
    ] = None,
    unit: Annotated[
        str, typer.Argument(help="Unit id or pattern: `plate=P1/well=A*`.", autocompletion=complete_unit)
    ] = "*",
    *,
    state: Annotated[
        list[str] | None, typer.Option(help=f"Only these: {', '.join(WORDS)} (pending because it failed).")
    ] = None,
    local: Local = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """List units: step, state, unit id, and why. One line each, for `grep` and `wc -l`."""
    if unknown := [word for word in state or () if word not in WORDS]:
        fail(f"--state {unknown[0]}: there is {', '.join(WORDS)}")
    with spec_session(spec, Roots(data_root, workspace_root, param), local=local) as session:
        session.say_where()
        for plan in _plans(session, step, unit):
            for planned in plan.units:
                if not state or words_of(planned) & set(state):
                    _print(plan.step, planned, as_json=as_json)


def words_of(planned: PlannedUnit) -> set[str]:
    """The states by which a unit is asked for: a unit that failed is pending, too."""
    return {str(planned.state), *(("failed",) if planned.reason.why is Why.FAILED_BEFORE else ())}


def _plans(session: SpecSession, step: str | None, unit: str) -> list[StepPlan]:
    if step is None:
        return session.plans()
    pattern = session.pattern(step, unit)
    [plan] = [plan for plan in session.plans() if plan.step == step]
    return [StepPlan(step, tuple(each for each in plan.units if pattern.covers(step, each.values)))]


def _print(step: str, planned: PlannedUnit, *, as_json: bool) -> None:
    if as_json:
        found = {"step": step, "unit": planned.unit, "state": str(planned.state), "reason": str(planned.reason)}
        typer.echo(json.dumps({**found, "values": planned.values}, default=str))
    else:
        out.print(f"{step}  {planned.state}  {planned.unit}  {planned.reason}".rstrip(), markup=False)
