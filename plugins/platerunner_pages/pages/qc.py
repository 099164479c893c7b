"""Quality control: what waits for a person, its pictures and numbers, the answer, and what was decided before."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, HTTPException, Request, status
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from platerunner.engine.gates.asked import APPROVE, REJECT
from platerunner.engine.gates.decisions import history
from platerunner_pages import tokens
from platerunner_pages.access import NOT_YOURS_TO_ANSWER, Answerer, Reader, action_token, answerer, may_answer
from platerunner_pages.acts import asked as body
from platerunner_pages.acts import put_on_record
from platerunner_pages.gates import SeenGate, find_gate, waiting_gates
from platerunner_pages.rendering import page
from platerunner_pages.runs import SeenRun, SessionDep, find_run
from platerunner_pages.served_files import PICTURES, servable
from platerunner_pages.workspaces import workspace_of
from platerunner_unit.contract.storage import Storage

router = APIRouter()
GATE = "/dags/{dag_id}/runs/{run_id}/gates/{task_id}/{map_index}"
DECISIONS, FILES, NUMBERS = 50, 60, 60
"""Shown at most."""
CHANGED = "The gate has asked again since this page was loaded: load it again, and look again."


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file of the report with the address under which it may be fetched for some minutes."""

    key: str
    name: str
    token: str
    picture: bool


class Asking(BaseModel):
    """The request.

    :param fingerprint: of what the page showed.
    """

    choice: Literal["approve", "reject"]
    comment: str = Field("", max_length=4000)
    fingerprint: str = ""


class Answered(BaseModel):
    """What was done, as a sentence."""

    sentence: str


@router.get("/qc/")
def waiting(request: Request, user: GetUserDep, session: SessionDep) -> HTMLResponse:
    """List the gates that wait, first those that this user may decide."""
    readable = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    gates = waiting_gates(readable, session)
    mine = [gate for gate in gates if gate.may_be_decided_by(user.get_id(), user.get_name())]
    others = [gate for gate in gates if gate not in mine]
    return page(request, "qc.html", title="Quality control", mine=mine, others=others)


@router.get(GATE + "/")
def gate(
    request: Request, dag_id: str, run_id: str, task_id: str, map_index: int, user: Reader, session: SessionDep
) -> HTMLResponse:
    """Show what a gate asks, and what was decided on it."""
    run = find_run(dag_id, run_id, session)
    step = run.step(task_id)
    found = find_gate(dag_id, run_id, task_id, map_index, session)
    workspace = workspace_of(run, step)
    refusal = _refusal(found, request, user.get_id(), user.get_name(), user)
    return page(
        request,
        "gate.html",
        title=f"{step.title}",
        gate=found,
        run=run,
        files=_files(workspace, run, found, step.step, user.get_id()),
        numbers=list(found.asked.numbers.items())[:NUMBERS] if found.asked else [],
        decisions=history(workspace, step.step)[:DECISIONS],
        refusal=refusal,
        token="" if refusal else action_token(user, dag_id),
    )


@router.post(GATE + "/answer")
def answer(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int,
    user: Answerer,
    asking: Annotated[Asking, Depends(body(Asking, answerer))],
    session: SessionDep,
    found: Annotated[SeenGate, Depends(find_gate)],
) -> Answered:
    """Answer a gate as this user, through Airflow's own endpoint for answers and its checks."""
    if not found.may_be_decided_by(user.get_id(), user.get_name()):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "You are no approver of this gate.")
    comment = asking.comment.strip()
    if asking.choice == "reject" and not comment:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT, "A rejection needs a comment: what is wrong, and where."
        )
    if found.asked is not None and asking.fingerprint != found.asked.fingerprint:
        raise HTTPException(status.HTTP_409_CONFLICT, CHANGED)
    if not found.waits:
        raise HTTPException(status.HTTP_409_CONFLICT, "This gate does not wait: it was answered already.")
    chosen = APPROVE if asking.choice == "approve" else REJECT
    payload = UpdateHITLDetailPayload(chosen_options=[chosen], params_input={"comment": comment})
    put_on_record(session, user, "platerunner_answer", request, choice=asking.choice, comment=comment)
    update_hitl_detail(dag_id, run_id, task_id, payload, user, session, map_index)
    done = "Approved" if chosen == APPROVE else "Rejected"
    return Answered(sentence=f"{done}. The gate checks the answer and records it within some seconds.")


def _refusal(found: SeenGate, request: Request, user_id: str, name: str, user: GetUserDep) -> str:
    """Why this user cannot answer now; empty if they can."""
    if not found.waits:
        return "This gate does not wait for an answer."
    if not found.may_be_decided_by(user_id, name):
        approvers = ", ".join(found.asked.approvers) if found.asked else ""
        return f"You may look, but not decide: it waits for {approvers}."
    return "" if may_answer(request, user) else NOT_YOURS_TO_ANSWER


def _files(workspace: Storage, run: SeenRun, found: SeenGate, gate_name: str, user_id: str) -> list[ShownFile]:
    """What the report wrote for this gate: only files that are below the gate's own folder, whatever it told."""
    folder = f"gates/{gate_name}/"
    told = set(found.asked.pictures) if found.asked else None
    sizes = {each.key: each.size for each in workspace.list(folder) if told is None or each.key in told}
    keys = sorted((key for key, size in sizes.items() if servable(key, size)), key=lambda key: (not _drawn(key), key))
    return [
        ShownFile(
            key,
            PurePosixPath(key).relative_to(folder).as_posix(),
            tokens.sign("file", user_id, found.dag_id, run.run_id, found.task_id, key),
            _drawn(key),
        )
        for key in keys[:FILES]
    ]


def _drawn(key: str) -> bool:
    return key.lower().endswith(PICTURES)
