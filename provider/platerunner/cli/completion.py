"""What Tab completes: the steps of the spec that was named, and the units of the step."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.aws.connection import connect
from platerunner.cli.console import quiet
from platerunner.cli.inspect.spec_session import Roots, SpecSession, session_of
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import UnitState
from platerunner.spec.templates import TemplateProblem
from platerunner_unit.contract.storage import StorageError
from platerunner_unit.contract.unit_keys import natural_key


def complete_step(ctx: typer.Context, incomplete: str) -> list[str]:
    """Steps that run units."""
    return _matching(ctx, incomplete, lambda session: [step.name for step in session.pipeline.modules])


def complete_gate(ctx: typer.Context, incomplete: str) -> list[str]:
    """Gates."""
    return _matching(ctx, incomplete, lambda session: [gate.name for gate in session.pipeline.gates])


def complete_unit(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of units: those on record, or those of the plan where nothing has run."""
    step = ctx.params.get("step")
    return _matching(ctx, incomplete, lambda session: _units(session, str(step)) if step else [])


def _units(session: SpecSession, step: str) -> list[str]:
    if known := session.store.index(step).units:
        return list(known)
    plans = [plan for plan in session.plans() if plan.step == step]
    return [unit.unit for plan in plans for unit in plan.units if unit.state is not UnitState.EXCLUDED]


def _matching(ctx: typer.Context, incomplete: str, names_of: Callable[[SpecSession], list[str]]) -> list[str]:
    with contextlib.redirect_stderr(io.StringIO()):  # a line that is being typed is not a place for errors
        found = (name for name in _names(ctx, names_of) if name.startswith(incomplete))
        return sorted(found, key=natural_key)


def _names(ctx: typer.Context, names_of: Callable[[SpecSession], list[str]]) -> list[str]:
    """What the spec has that the line names; nothing where it cannot be read: the command itself will say why."""
    given = ctx.params
    spec = given.get("spec")
    if spec is None or not Path(spec).is_file():
        return []
    options = Roots(given.get("data_root"), given.get("workspace_root"), given.get("param"))
    try:
        with quiet(), connect(local=False, needed=False) as cloud:
            return names_of(session_of(Path(spec), cloud, options))
    except (PlanningError, TemplateProblem, StorageError, typer.Exit):
        return []


StepArgument = Annotated[str, typer.Argument(help="Name of a step that runs units.", autocompletion=complete_step)]
