"""`platerunner explain`: why a unit would run, or would not."""

from typing import Annotated

import typer

from platerunner.cli.completion import StepArgument, complete_unit
from platerunner.cli.console import out
from platerunner.cli.inspect.spec_session import Roots, spec_session
from platerunner.cli.options import DataRoot, Local, Only, Params, Rerun, SpecArgument, WorkspaceRoot
from platerunner.engine.inspect.explain import explain as explanation


def explain(
    spec: SpecArgument,
    step: StepArgument,
    unit: Annotated[
        str, typer.Argument(help="Unit id or pattern: `plate=P1/well=A01`, `well=A*`.", autocompletion=complete_unit)
    ] = "*",
    *,
    local: Local = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
    only: Only = None,
    rerun: Rerun = None,
    first: Annotated[int, typer.Option(min=0, help="Units to explain at most.")] = 10,
) -> None:
    """Say why a step's units would run (what changed since they last did), or would not. Nothing is written."""
    with spec_session(spec, Roots(data_root, workspace_root, param, only, rerun), local=local) as session:
        units = session.units(step, unit)
        ingredients = session.ingredients(step)
        for planned in units[:first]:
            found = explanation(session.store, step, ingredients(planned.values), planned, session.contents)
            out.print(f"{found.unit or '(the only unit)'}  {found.sentence}", markup=False)
            for detail in found.details:
                out.print(f"  {detail}", markup=False)
        if len(units) > first:
            out.print(f"... and {len(units) - first:,} more units; name one, or raise --first", markup=False)
