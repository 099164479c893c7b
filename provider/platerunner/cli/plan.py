"""`platerunner plan`: what a run would do, without doing it."""

from typing import Annotated

import typer
from rich.table import Table

from platerunner.cli.checks import plan_or_fail
from platerunner.cli.connection import connect
from platerunner.cli.console import err, out
from platerunner.cli.loading import load_or_fail
from platerunner.cli.options import (
    DataRoot,
    Local,
    Only,
    Params,
    Rerun,
    SpecArgument,
    WorkspaceRoot,
    parse_options,
    parse_params,
    with_roots,
)
from platerunner.units.context import RunContext
from platerunner.units.model import StepPlan, UnitState

STATES = tuple(str(state) for state in UnitState)


def plan(
    spec: SpecArgument,
    *,
    local: Local = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
    only: Only = None,
    rerun: Rerun = None,
    first: Annotated[int, typer.Option(help="Units to name per step and state.")] = 3,
) -> None:
    """Per step: units done, pending, waiting, excluded, and the first of each with the reason. Nothing is written."""
    pipeline = load_or_fail(spec)
    params = parse_params(param or [], pipeline.params)
    with connect(local=local, needed=False) as cloud:
        connection = with_roots(cloud.extras, data_root, workspace_root)
        options = parse_options(pipeline, only, rerun)
        context = RunContext(params, connection["data_root"], connection["workspace_root"], options=options)
        plans = plan_or_fail(pipeline, context, connection)
    if not connection.get("registry"):
        err.print("No registry is known, so images count by name: units that ran by digest show as changed. "
                  "Give AIRFLOW_CONN_PLATERUNNER, or --local.", style="yellow")  # fmt: skip
    _show(plans)
    for step in plans:
        for note in step.notes:
            out.print(f"  {note}", markup=False)
        _name_units(step, first)


def _show(plans: list[StepPlan]) -> None:
    if not out.is_terminal:
        for step in plans:
            counts = step.counts()
            out.print(f"{step.step}: " + ", ".join(f"{counts[state]} {state}" for state in STATES), markup=False)
        return
    table = Table("step", "units", *STATES)
    for step in plans:
        counts = step.counts()
        table.add_row(step.step, str(len(step.units)), *(str(counts[state]) for state in STATES))
    out.print(table)


def _name_units(step: StepPlan, first: int) -> None:
    for state in (UnitState.PENDING, UnitState.WAITING, UnitState.EXCLUDED):
        units = [unit for unit in step.units if unit.state is state]
        for unit in units[:first]:
            out.print(f"  {step.step}  {state}  {unit.task.unit}: {unit.reason}", markup=False)
        if len(units) > first:
            out.print(f"  {step.step}  {state}  ... and {len(units) - first} more", markup=False)
