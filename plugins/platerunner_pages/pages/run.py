"""The page of a run: a plate map per step, and what became of each unit."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from platerunner_pages.drawing.legend import LEGEND, number_of
from platerunner_pages.drawing.plate_map import plate_maps
from platerunner_pages.drawing.rendering import page
from platerunner_pages.findings.progress import progress
from platerunner_pages.findings.story import as_json, first_failure, gates_told, money
from platerunner_pages.known.runs import BUSY, SeenRun, SessionDep, find_run
from platerunner_pages.known.step_records import StepRecords, branch_keys, records_of
from platerunner_pages.known.workspaces import dashboard, workspace_of
from platerunner_pages.requests.access import Reader, action_token, may_rerun, missing
from platerunner_pages.values.spread import AGGREGATES

router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}")


@router.get("/", response_model=None)
def run(
    request: Request, dag_id: str, run_id: str, _user: Reader, session: SessionDep
) -> RedirectResponse | HTMLResponse:
    """Go to the step that a person most likely wants to see: a failed one, else a running one, else the last."""
    found = find_run(dag_id, run_id, session)
    steps = [step for step in found.dag.steps if not step.gate]
    if not steps:
        return page(request, "foreign.html", title=dag_id, dag_id=dag_id)
    states = {step.task_id: found.states.get(step.task_id, "none") for step in steps}
    failed = [task for task, state in states.items() if state == "failed"]
    busy = [task for task, state in states.items() if state in BUSY]
    ended = [task for task, state in states.items() if state in ("success", "skipped")]
    wanted = (failed or busy or ended[::-1] or list(states))[0]
    return RedirectResponse(f"tasks/{wanted}/", 307)


@router.get("/tasks/{task_id}/")
def step(request: Request, dag_id: str, run_id: str, task_id: str, user: Reader, session: SessionDep) -> HTMLResponse:
    """Show a step's plate map."""
    found = find_run(dag_id, run_id, session)
    if not found.dag.steps:
        return page(request, "foreign.html", title=dag_id, dag_id=dag_id)
    shown, editable = found.step(task_id), may_rerun(request, user)
    asks = shown.gate and shown.branched
    return page(
        request,
        "run.html",
        title=f"{task_id} of {dag_id}",
        dag_id=dag_id,
        run=found,
        step=shown,
        branches=branch_keys(workspace_of(found, shown), run_id) if asks else [],
        legend=LEGEND,
        aggregates=list(AGGREGATES),
        dashboard=dashboard("platerunner-runs", dag_id),
        editable=editable,
        token=action_token(user, dag_id) if editable else "",
    )


@router.get("/tasks/{task_id}/map.json")
def plate_map(dag_id: str, run_id: str, task_id: str, _user: Reader, session: SessionDep) -> dict[str, Any]:
    """Everything that is drawn: units, their places, their looks."""
    found, record = _record(dag_id, run_id, task_id, session)
    units = [each.unit for each in record.units]
    maps = [
        {"name": m.name, "kind": m.kind, "rows": m.rows, "columns": m.columns, "split": m.split, "cells": m.cells}
        for m in plate_maps(units)
    ]
    return {"units": units, "maps": maps, **_looks(found, task_id, record)}


@router.get("/tasks/{task_id}/looks.json")
def looks(dag_id: str, run_id: str, task_id: str, _user: Reader, session: SessionDep) -> dict[str, Any]:
    """What may have changed since the page was loaded: the looks, in the order of the units."""
    found, record = _record(dag_id, run_id, task_id, session)
    return {"count": len(record.units), **_looks(found, task_id, record)}


@router.get("/story.json")
def story(dag_id: str, run_id: str, _user: Reader, session: SessionDep) -> dict[str, Any]:
    """What is to be known of the whole run first: gates that wait, its first failure, what it cost so far."""
    found = find_run(dag_id, run_id, session)
    if not found.dag.steps:
        raise missing()
    gates = [{"sentence": each.sentence, "link": each.link} for each in gates_told(found, session)]
    return {"gates": gates, "failure": as_json(first_failure(found)), "money": money(found), "live": found.live}


def _record(dag_id: str, run_id: str, task_id: str, session: SessionDep) -> tuple[SeenRun, StepRecords]:
    found = find_run(dag_id, run_id, session)
    return found, records_of(found, found.step(task_id))


def _looks(run: SeenRun, task_id: str, record: StepRecords) -> dict[str, Any]:
    numbers = [number_of(each) for each in record.units]
    state = run.states.get(task_id, "none")
    busy = run.busy(task_id) is not None
    times = run.times.get(task_id, (None, None))
    return {
        "progress": progress(run.step(task_id), record.units, times, datetime.now(UTC) if busy else None),
        "looks": numbers,
        "counts": Counter(numbers),
        "state": state,
        "states": run.states,
        "live": run.live,
        "without": record.without_units if record.units else [],
        "blocked": record.blocked if busy else [],
    }
