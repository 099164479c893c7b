"""`platerunner plan`: what a run would do, without doing it."""

from typing import Annotated

import typer

from platerunner.catalog.loader import load_catalog
from platerunner.cli.console import fail, out, show_table
from platerunner.cli.inspect.estimates import Cost, show_estimate
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.loading import load_or_fail
from platerunner.cli.options import DataRoot, Local, Only, Params, Rerun, SpecArgument, WorkspaceRoot
from platerunner.cli.run.checks import check_disk
from platerunner.engine.estimates.model import RunEstimate
from platerunner.engine.governance import unapproved
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.units.batches import propose_batch
from platerunner.engine.planning.units.fit import misfits

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
    first: Annotated[int, typer.Option(min=0, help="Units to name per step and state.")] = 3,
    cost: Cost = False,
) -> None:
    """Per step: units done, pending, waiting, excluded, and the first of each with the reason. Nothing is written.

    Ends with 2 if a CellProfiler pipeline does not fit the units that would run it, or the connection's policy refuses
    a module.
    """
    load_or_fail(spec, look_into_files=True)
    with spec_session(spec, Roots(data_root, workspace_root, param, only, rerun), local=local) as session:
        check_disk(session.pipeline, session.connection)
        plans = session.told_of_archives(session.plans())
        modules = load_catalog()
        wrong = list(misfits(session.pipeline, modules, session.context, plans))
        wrong += unapproved(session.connection.get("policy", ""), session.pipeline.modules, modules)
        measured = list(session.measured())
        estimated = session.estimate(plans) if cost else None
    _show(plans)
    told: set[str] = set()  # steps that read the same files have the same to say of them
    for step in plans:
        for note in [note for note in step.notes if note not in told]:
            out.print(f"  {note}", markup=False)
        told.update(step.notes)
        _name_units(step, first)
    for sentence in measured:
        out.print(sentence, markup=False)
    if estimated is not None:
        show_estimate(estimated)
        _propose(session, estimated)
    if wrong:
        fail("\n".join(wrong))


def _show(plans: list[StepPlan]) -> None:
    if not out.is_terminal:
        for step in plans:
            counts = step.counts()
            out.print(f"{step.step}: " + ", ".join(f"{counts[state]} {state}" for state in STATES), markup=False)
        return
    told = [(step, step.counts()) for step in plans]
    rows = [[step.step, str(len(step.units)), *(str(counts[state]) for state in STATES)] for step, counts in told]
    show_table(("step", "units", *STATES), rows)


def _propose(session: SpecSession, estimated: RunEstimate) -> None:
    """Say what would make small units cheaper."""
    steps, modules = {step.name: step for step in session.pipeline.modules}, load_catalog()
    for found in estimated.steps:
        step = steps[found.step]
        if told := propose_batch(step, modules[step.module].tool, found.units, found.unit_s.usual):
            out.print(told, markup=False)


def _name_units(step: StepPlan, first: int) -> None:
    for state in (UnitState.PENDING, UnitState.WAITING, UnitState.EXCLUDED):
        units = [unit for unit in step.units if unit.state is state]
        for unit in units[:first]:
            out.print(f"  {step.step}  {state}  {unit.unit}: {unit.reason}", markup=False)
        if len(units) > first:
            out.print(f"  {step.step}  {state}  ... and {len(units) - first} more", markup=False)
