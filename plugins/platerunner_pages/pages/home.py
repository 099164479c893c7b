"""The first page: every pipeline that the user may see, with its newest runs."""

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.dag import DagModel, DagTag
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from platerunner_pages.drawing.rendering import page
from platerunner_pages.known.runs import SeenDag, SessionDep, runs_of

router = APIRouter()
TAG = "platerunner"
"""Every pipeline's DAG has it."""
RUNS = 5


@router.get("/")
def home(request: Request, user: GetUserDep, session: SessionDep) -> HTMLResponse:
    """List pipelines, those that ran last first."""
    dags = readable_pipelines(user, session)
    rows = [(dag, runs_of(dag, session, RUNS)) for dag in dags]
    rows.sort(key=lambda row: str(row[1][0].started or "") if row[1] else "", reverse=True)
    return page(request, "home.html", title="Pipelines", rows=rows)


def readable_pipelines(user: BaseUser, session: SessionDep) -> list[SeenDag]:
    """Every pipeline that a user may see, without its steps."""
    readable = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    mine = select(DagModel.dag_id, DagModel.description).join(DagTag, DagTag.dag_id == DagModel.dag_id)
    mine = mine.where(DagTag.name == TAG, DagModel.dag_id.in_(readable)).order_by(DagModel.dag_id)
    return [SeenDag(dag_id, title or dag_id, ()) for dag_id, title in session.execute(mine)]
