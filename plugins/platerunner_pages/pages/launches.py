"""The page of a pipeline's launches: what files asked for, how far each launch is, and which files were refused."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request, status
from fastapi.responses import HTMLResponse

from platerunner.engine.records.codec import RecordError
from platerunner.engine.records.launches import Launches
from platerunner.spec.templates import render
from platerunner_pages.drawing.rendering import page
from platerunner_pages.known.runs import SessionDep, find_dag
from platerunner_pages.known.workspaces import hook
from platerunner_pages.requests.access import Reader

router = APIRouter(prefix="/dags/{dag_id}")
MOST = 200
"""Launches, and refused files, that the page shows."""


@router.get("/launches")
def launches(request: Request, dag_id: str, _user: Reader, session: SessionDep) -> HTMLResponse:
    """Show launches, the most recently changed first."""
    dag = find_dag(dag_id, session)
    if not dag.steps:
        return page(request, "foreign.html", title=dag_id, dag_id=dag_id)
    if not dag.steps[0].values.get("launches"):
        return page(request, "launches.html", title=dag.title, dag_id=dag_id, waits=False)
    kept = Launches(hook().storage(str(render(dag.steps[0].workspace, hook().settings.roots()))))
    try:
        found, refused = kept.all()[:MOST], kept.all_refused()[:MOST]
    except RecordError as error:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, str(error)) from None
    values: dict[str, Any] = {"waits": True, "launches": found, "refused": refused}
    return page(request, "launches.html", title=dag.title, dag_id=dag_id, **values)
