"""The page of a pipeline: graph, spec, versions per plate, and what the next run would do."""

from fastapi import APIRouter, HTTPException, Request, status
from fastapi.responses import HTMLResponse

from platerunner.engine.planning.errors import PlanningError
from platerunner.spec.templates import TemplateProblem
from platerunner_pages.drawing.graph import HEIGHT, WIDTH, graph
from platerunner_pages.drawing.rendering import page
from platerunner_pages.findings.forecast import NoForecastError, forecast
from platerunner_pages.findings.versions import versions
from platerunner_pages.known.runs import SessionDep, find_dag, runs_of
from platerunner_pages.known.specs import spec_of
from platerunner_pages.known.workspaces import hook, workspace_of
from platerunner_pages.requests.access import Reader, may_see_code, missing

router = APIRouter(prefix="/dags/{dag_id}")
NO_SPEC = "This server does not have the spec's file; run `platerunner plan`, or trigger a run with `dry_run`."


@router.get("/pipeline")
def pipeline(request: Request, dag_id: str, user: Reader, session: SessionDep) -> HTMLResponse:
    """Show a pipeline; what takes longer than a moment is asked for by its buttons."""
    dag = find_dag(dag_id, session)
    if not dag.steps:
        return page(request, "foreign.html", title=dag_id, dag_id=dag_id)
    spec = spec_of(dag_id) if may_see_code(request, user) else None
    text = spec.path.read_text(errors="replace") if spec else None
    newest = runs_of(dag, session, 1)
    return page(
        request,
        "pipeline.html",
        title=dag.title,
        dag=dag,
        dag_id=dag_id,
        graph=graph(dag.steps),
        box=(WIDTH, HEIGHT),
        text=text,
        run=newest[0] if newest else None,
    )


@router.get("/plan")
def plan(request: Request, dag_id: str, user: Reader, session: SessionDep) -> HTMLResponse:
    """What the next run would do, as a part of the page."""
    find_dag(dag_id, session)
    spec = spec_of(dag_id) if may_see_code(request, user) else None
    if spec is None:
        raise HTTPException(status.HTTP_409_CONFLICT, NO_SPEC)
    try:
        found = forecast(spec, hook())
    except (NoForecastError, PlanningError, TemplateProblem) as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from None
    return page(request, "plan.html", steps=found.steps, estimate=found)


@router.get("/versions")
def made_with(request: Request, dag_id: str, _user: Reader, session: SessionDep) -> HTMLResponse:
    """What each plate was last made with, as a part of the page."""
    dag = find_dag(dag_id, session)
    newest = runs_of(dag, session, 1)
    if not newest or not dag.steps:
        raise missing()
    found = versions(workspace_of(newest[0], dag.steps[0]), dag.steps)
    return page(request, "versions.html", versions=found)
