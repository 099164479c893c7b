"""The page of who is on call: everything red over all pipelines, with cause, who acts, age, and a button."""

from datetime import UTC, datetime
from typing import Annotated

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from platerunner_pages.drawing.rendering import page
from platerunner_pages.findings.red import DAYS, red_tasks
from platerunner_pages.known.runs import SessionDep
from platerunner_pages.known.workspaces import dashboard
from platerunner_pages.pages.home import readable_pipelines
from platerunner_pages.requests.access import action_token, may_rerun_of
from platerunner_unit.contract.category import Actor

router = APIRouter()


@router.get("/oncall")
def oncall(
    request: Request, user: GetUserDep, session: SessionDep, who: Annotated[str, Query(max_length=40)] = ""
) -> HTMLResponse:
    """List what is red.

    :param who: who acts, such as ``on-call``; empty for everybody.
    """
    dag_ids = [dag.dag_id for dag in readable_pipelines(user, session)]
    found, more = red_tasks(dag_ids, session)
    shown = sorted((each for each in found if who in ("", each.who)), key=lambda each: each.later)
    mine = {each.dag_id for each in shown if may_rerun_of(request, user, each.dag_id)}
    return page(
        request,
        "oncall.html",
        title="On call",
        rows=shown,
        hidden=len(found) - len(shown),
        more=more,
        days=DAYS,
        dashboard=dashboard("platerunner-failures"),
        now=datetime.now(UTC),
        who=who,
        actors=[each.value for each in Actor],
        tokens={dag_id: action_token(user, dag_id) for dag_id in mine},
    )
