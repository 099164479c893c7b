"""Quality control: what waits for a person, its pictures and numbers, the answer, and what was decided before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, HTTPException, Request, status
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from platerunner.engine.gates.asked import APPROVE, REJECT
from platerunner.engine.gates.decisions import history
from platerunner.engine.records.marks import load_marks
from platerunner_pages.drawing.rendering import page
from platerunner_pages.findings.approved import last_approved
from platerunner_pages.known.gates import SeenGate, find_gate, waiting_gates
from platerunner_pages.known.runs import SessionDep, find_run
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import workspace_of
from platerunner_pages.pages.marks import marked_well
from platerunner_pages.requests import tokens
from platerunner_pages.requests.access import NOT_YOURS_TO_ANSWER, Answerer, Reader, action_token, answerer, may_answer
from platerunner_pages.requests.acts import asked as body
from platerunner_pages.requests.acts import put_on_record
from platerunner_pages.requests.served_files import PICTURES, servable
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
    decisions = history(workspace, step.step)
    before = last_approved(decisions, found.asked.fingerprint, found.branch) if found.asked else None
    told = set(found.asked.pictures) if found.asked else None
    folder = f"gates/{step.step}/"
    return page(
        request,
        "gate.html",
        title=f"{step.title}",
        gate=found,
        step=step,
        run=run,
        files=_files(workspace, found, folder, user.get_id(), told),
        before=before,
        pictures=_files(workspace, found, folder, user.get_id(), None, before.folder)
        if before and before.folder
        else [],
        numbers=list(found.asked.numbers.items())[:NUMBERS] if found.asked else [],
        decisions=decisions[:DECISIONS],
        refusal=refusal,
        until=until(found, step),
        after=[each.step for each in run.dag.steps if task_id in each.upstream],
        marked=[marked_well(mark) for mark in load_marks(workspace, step.step)],
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
    # Here, since it brings all of Airflow's API with it, 2.5 s of CPU: an API server has that by then, tests need not.
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail

    payload = UpdateHITLDetailPayload(chosen_options=[chosen], params_input={"comment": comment})
    put_on_record(session, user, "platerunner_answer", request, choice=asking.choice, comment=comment)
    update_hitl_detail(dag_id, run_id, task_id, payload, user, session, map_index)
    done = "Approved" if chosen == APPROVE else "Rejected"
    return Answered(sentence=f"{done}. The gate checks the answer and records it within some seconds.")


def until(found: SeenGate, step: SeenStep) -> datetime | None:
    """When a gate fails without an answer; None if it waits forever, or has not asked."""
    seconds = step.values.get("timeout")
    return found.since + timedelta(seconds=float(seconds)) if seconds and found.since and found.waits else None


def _refusal(found: SeenGate, request: Request, user_id: str, name: str, user: GetUserDep) -> str:
    """Why this user cannot answer now; empty if they can."""
    if not found.waits:
        return "This gate does not wait for an answer."
    if not found.may_be_decided_by(user_id, name):
        approvers = ", ".join(found.asked.approvers) if found.asked else ""
        return f"You may look, but not decide: it waits for {approvers}."
    return "" if may_answer(request, user) else NOT_YOURS_TO_ANSWER


def _files(
    workspace: Storage, found: SeenGate, folder: str, user_id: str, told: set[str] | None, within: str = ""
) -> list[ShownFile]:
    """What a gate's reports wrote: only files below the gate's own folder, whatever its XCom says.

    :param told: keys of those that are wanted; None for all.
    :param within: a folder of the gate's own.
    """
    sizes = {each.key: each.size for each in workspace.list(folder + within) if told is None or each.key in told}
    keys = sorted((key for key, size in sizes.items() if servable(key, size)), key=lambda key: (not _drawn(key), key))
    return [
        ShownFile(
            key,
            PurePosixPath(key).relative_to(folder).as_posix(),
            tokens.sign("file", user_id, found.dag_id, found.run_id, found.task_id, key),
            _drawn(key),
        )
        for key in keys[:FILES]
    ]


def _drawn(key: str) -> bool:
    return key.lower().endswith(PICTURES)
