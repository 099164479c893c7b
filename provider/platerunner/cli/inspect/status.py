"""`platerunner status`: how each step of a pipeline stands in the last run that it was part of."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from platerunner.cli.console import counted, out, show_table
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.options import DataRoot, Params, SpecArgument, WorkspaceRoot
from platerunner.engine.gates.decisions import latest
from platerunner.engine.inspect.run_record import RunRecord
from platerunner.engine.records.codec import read, read_at_once
from platerunner.engine.steps.turns import LAST_RUN
from platerunner.spec.steps import Gate, Step
from platerunner_unit.contract.keys import last_run_key
from platerunner_unit.contract.storage import NotFoundError
from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.words import and_more

SHOWN = 5
"""Branches that a row names."""
AIRFLOW_RUN = re.compile(r"^[a-z_]+__([\d-]+)T(\d\d:\d\d).*")
"""A run's id as Airflow makes it; a person at a terminal needs to the minute when it was."""
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
        session.say_where()
        rows = [_row(session, step) for step in session.pipeline.steps.values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif out.is_terminal:
        words = [{**row, "run": AIRFLOW_RUN.sub(r"\1 \2", row["run"])} for row in rows]
        show_table(COLUMNS, [[str(row[column]) for column in COLUMNS] for row in words])
    else:
        for row in rows:
            out.print("  ".join(str(row[column]) or "-" for column in COLUMNS), markup=False)


def _row(session: SpecSession, step: Step | Gate) -> dict[str, Any]:
    row = _gate(session, step.name) if isinstance(step, Gate) else _step(session, step.name)
    return {**dict.fromkeys(COLUMNS, ""), "step": step.name, **row}


def _gate(session: SpecSession, name: str) -> dict[str, Any]:
    made = dict(sorted(latest(session.workspace, name).items(), key=lambda item: natural_key(item[0])))
    if not made:
        return {"state": "not asked"}
    last = max(made.values(), key=lambda decision: decision.at)
    words = Counter(str(decision.decision) for decision in made.values())
    state = last.decision if len(made) == 1 else ", ".join(f"{count} {word}" for word, count in words.items())
    told = [_of(branch, decision.sentence) for branch, decision in made.items()]
    return {"run": last.run_id, "state": state, "verdicts": _few(told)}


def _step(session: SpecSession, name: str) -> dict[str, Any]:
    """How a step stands; one that is in branches, in the last run that each branch was part of."""
    branches = branches_of(session, name)
    rows = read_at_once(lambda branch: _branch(session, name, branch), branches)
    found = dict(zip(branches, rows, strict=True))
    runs = sorted({row["run"] for row in rows})
    states = {branch: row["state"] for branch, row in found.items()}
    if len(set(states.values())) <= 1:
        state = next(iter(states.values()), "never ran")
    else:
        told = [_of(branch, word) for branch, word in states.items() if word != "done"]
        state = f"{len(states) - len(told)} of {len(states)} done; {_few(told)}"
    return {**_sum(rows), "run": runs[-1] if runs else "", "state": state}


def branches_of(session: SpecSession, step: str) -> list[str]:
    """Keys of the branches in which a step ever ran; the empty one for a step that is in none."""
    if not session.pipeline.in_branches(step):
        return [""]
    prefix = last_run_key(step).removesuffix(".json") + "/"
    keys = (found.key for found in session.workspace.list(prefix))
    return sorted((key.removeprefix(prefix).removesuffix(".json") for key in keys), key=natural_key)


def _branch(session: SpecSession, name: str, branch: str) -> dict[str, Any]:
    run = (_json(session, last_run_key(name, branch)) or {}).get("run_id", "")
    if not run:
        return {"result": {}, "run": "", "state": "never ran"}
    record = RunRecord(session.workspace, run, name, branch)
    return {"result": record.result or {}, "run": run, "state": _word(record)}


def _word(record: RunRecord) -> str:
    live, result = record.state.live, record.result
    if live:
        return f"{counted(sum(len(each.units) for each in live), 'unit')} submitted"
    if result is None:
        return "began"
    return "failed" if result.get("failed") else "done"


def _of(branch: str, word: str) -> str:
    return f"{branch}: {word}" if branch else word


def _few(told: Sequence[str]) -> str:
    more = and_more(len(told) - SHOWN)
    return "; ".join(told[:SHOWN]) + more


def _sum(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    for result in (row["result"] for row in rows):
        counts.update({name: result.get(name, 0) for name in ("units", "succeeded", "done_before", "failed")})
        verdicts.update(result.get("categories", {}))
    return {
        "units": counts["units"],
        "done": counts["succeeded"] + counts["done_before"],
        "failed": counts["failed"],
        "verdicts": ", ".join(f"{count} {word}" for word, count in verdicts.items()),
    }


def _json(session: SpecSession, key: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = read(LAST_RUN, session.workspace, key)[1]
    except NotFoundError:
        return None
    return found
