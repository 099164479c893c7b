"""`platerunner status`: how each step of a pipeline stands in the last run that it was part of."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from platerunner.cli.console import out
from platerunner.cli.options import DataRoot, Params, SpecArgument, WorkspaceRoot
from platerunner.cli.spec_session import Roots, SpecSession, spec_session
from platerunner.operators.run_record import RunRecord
from platerunner.sensors.decisions import latest
from platerunner.spec.model import Gate, Step
from platerunner_unit.outcome import last_run_key
from platerunner_unit.storage import NotFoundError

COLUMNS = ("step", "run", "state", "units", "done", "failed", "verdicts")


def status(
    spec: SpecArgument,
    *,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list, an object per step.")] = False,
) -> None:
    """Show, per step, the last run, what is done, and what failed of what. Reads the workspace alone."""
    with spec_session(spec, Roots(data_root, workspace_root, param)) as session:
        rows = [_row(session, step) for step in session.pipeline.steps.values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif out.is_terminal:
        table = Table(*COLUMNS)
        for row in rows:
            table.add_row(*(str(row[column]) for column in COLUMNS))
        out.print(table)
    else:
        for row in rows:
            out.print("  ".join(str(row[column]) or "-" for column in COLUMNS), markup=False)


def _row(session: SpecSession, step: Step | Gate) -> dict[str, Any]:
    row = _gate(session, step.name) if isinstance(step, Gate) else _step(session, step.name)
    return {**dict.fromkeys(COLUMNS, ""), "step": step.name, **row}


def _gate(session: SpecSession, name: str) -> dict[str, Any]:
    made = latest(session.workspace, name)
    return {"run": made.run_id, "state": made.decision, "verdicts": made.sentence} if made else {"state": "not asked"}


def _step(session: SpecSession, name: str) -> dict[str, Any]:
    run = (_json(session, last_run_key(name)) or {}).get("run_id", "")
    if not run:
        return {**_counts({}), "state": "never ran"}
    record = RunRecord(session.workspace, run, name)
    return {**_counts(record.result or {}), "run": run, "state": _word(record)}


def _word(record: RunRecord) -> str:
    live, result = record.state.live, record.result
    if live:
        return f"{sum(each.size for each in live):,} units submitted"
    if result is None:
        return "began"
    return "failed" if result.get("failed") else "done"


def _counts(result: Mapping[str, Any]) -> dict[str, Any]:
    done = result.get("succeeded", 0) + result.get("done_before", 0)
    verdicts = ", ".join(f"{count} {word}" for word, count in result.get("categories", {}).items())
    return {"units": result.get("units", 0), "done": done, "failed": result.get("failed", 0), "verdicts": verdicts}


def _json(session: SpecSession, key: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(session.workspace.get(key))
    except NotFoundError:
        return None
    return found
