"""Marking single wells as bad at a gate, and taking that back: the steps after it leave them out."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, status
from pydantic import BaseModel, Field

from platerunner.engine.gates.wells import Wells, find_well, wells_before
from platerunner.engine.records.marks import Mark, add_marks
from platerunner_pages.drawing.rendering import moment
from platerunner_pages.known.gates import SeenGate, find_gate
from platerunner_pages.known.runs import SeenRun, SessionDep, find_run
from platerunner_pages.known.step_records import records_of
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import workspace_of
from platerunner_pages.requests.access import Answerer, answerer
from platerunner_pages.requests.acts import asked as body
from platerunner_pages.requests.acts import put_on_record

router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}/gates/{task_id}/{map_index}")
MOST = 100
"""Wells that one request may mark."""


class Marking(BaseModel):
    """The request.

    :param wells: names of wells of one plate.
    :param because: the reason, for people.
    :param take_back: whether they are bad no longer.
    """

    plate: str = Field("", max_length=500)
    wells: list[Annotated[str, Field(max_length=20)]] = Field(min_length=1, max_length=MOST)
    because: str = Field(min_length=1, max_length=500)
    take_back: bool = False


class MarkedWell(BaseModel):
    """A well that is marked as bad now."""

    well: str
    because: str
    by: str
    at: str


class Marked(BaseModel):
    """What was done, and all wells that are marked as bad now."""

    sentence: str
    wells: list[MarkedWell]


@router.post("/marks")
def mark(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    user: Answerer,
    asked: Annotated[Marking, Depends(body(Marking, answerer))],
    session: SessionDep,
    found: Annotated[SeenGate, Depends(find_gate)],
) -> Marked:
    """Mark wells as bad, or take that back; only wells that steps before the gate have."""
    if not found.may_be_decided_by(user.get_id(), user.get_name()):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "You are no approver of this gate.")
    because = " ".join(asked.because.split())
    if not because:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, "Say why.")
    run = find_run(dag_id, run_id, session)
    step = run.step(task_id)
    known = wells_of(run, step)
    wells = [_known(known, asked.plate.strip(), well.strip()) for well in asked.wells]
    put_on_record(session, user, "platerunner_mark", request, wells=wells, because=because, take_back=asked.take_back)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    marks = [Mark(well, because, user.get_name(), at, not asked.take_back) for well in wells]
    standing = add_marks(workspace_of(run, step), step.step, marks)
    return Marked(sentence=_sentence(len(wells), take_back=asked.take_back), wells=list(map(marked_well, standing)))


def marked_well(mark: Mark) -> MarkedWell:
    """A mark as the page shows it."""
    return MarkedWell(well=mark.well, because=mark.because, by=mark.by, at=moment(mark.at))


def _sentence(count: int, *, take_back: bool) -> str:
    wells = "1 well is" if count == 1 else f"{count} wells are"
    if take_back:
        return f"{wells} no longer marked. Steps after this gate take part with them again."
    return f"{wells} marked. Steps after this gate leave them out."


def wells_of(run: SeenRun, step: SeenStep) -> Wells:
    """The wells that steps before a gate have on record in its run."""
    steps = {each.task_id: each for each in run.dag.steps}

    def units_of(task: str) -> list[str]:
        found = steps.get(task)
        return [each.unit for each in records_of(run, found).units] if found and "well" in found.foreach else []

    return wells_before(step.task_id, {task: each.upstream for task, each in steps.items()}, units_of)


def _known(known: Wells, plate: str, well: str) -> dict[str, str]:
    """A well as the dataset calls it."""
    if (found := find_well(known, plate, well)) is None:
        where = f"{plate}, {well}" if plate else well
        detail = f"There is no well {where} before this gate; write it like `B03`, with its plate."
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, detail)
    return found
