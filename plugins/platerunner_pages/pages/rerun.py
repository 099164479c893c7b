"""Running units again from the map: the run's params, then Airflow's own clearing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, status
from pydantic import BaseModel, Field

from platerunner.engine.inspect.run_record import Mark, RunRecord
from platerunner.engine.planning.rerun import Picked, exactly, params_for
from platerunner.engine.records.step_state import StateFile
from platerunner_pages.known.runs import SeenRun, SessionDep, clear, find_run
from platerunner_pages.known.step_records import StepRecords, records_of
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.requests.access import Rerunner, rerunner
from platerunner_pages.requests.acts import asked as body
from platerunner_pages.requests.acts import put_on_record

router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}")
MOST = 500
"""Units that one request may name: each becomes a pattern in the run's params, matched with every unit."""
RECORDED = 100
"""Units that the audit log names; it counts all."""
TO_RUN = frozenset({Mark.FAILED, Mark.PENDING, Mark.WAITING})
DONE = frozenset({Mark.SUCCEEDED, Mark.DONE})


class Asked(BaseModel):
    """The request.

    :param units: ids of units of the step.
    :param failed: instead of them, all that failed.
    """

    units: list[Annotated[str, Field(max_length=1000)]] = Field(default_factory=list, max_length=100_000)
    failed: bool = False


class Answer(BaseModel):
    """What was done, as a sentence."""

    sentence: str


@router.post("/tasks/{task_id}/rerun")
def rerun(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    user: Rerunner,
    asked: Annotated[Asked, Depends(body(Asked, rerunner))],
    session: SessionDep,
) -> Answer:
    """Run units of a step again: they, and no others of the step, and then what comes after it."""
    found = find_run(dag_id, run_id, session)
    step = found.step(task_id)
    records = records_of(found, step)
    wanted = _wanted(records, asked)
    branches = records.having(wanted)
    _check_idle(found, step, branches)
    params = params_for(found.params, _steps(found), _picked(records, branches, wanted))
    for record in branches.values():
        # A step forgets once in a run what is to be done again; this is a new request.
        file = StateFile(record.workspace, record.run_id, record.step, record.branch)
        file.save(replace(record.state, forgotten=False))
    cleared = clear(found, step, branches, {**found.conf, **params}, session)
    after = f", with {', '.join(cleared)} after it" if cleared else ""
    count = len(set(wanted))
    put_on_record(session, user, "platerunner_rerun", request, count=count, units=wanted[:RECORDED])
    return Answer(sentence=f"{count} unit{'s run' if count > 1 else ' runs'} again: {step.step} was cleared{after}.")


def _wanted(records: StepRecords, asked: Asked) -> list[str]:
    """The units that are asked for."""
    units = [each.unit for each in records.units if each.mark is Mark.FAILED] if asked.failed else asked.units
    if not units:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, f"No unit of {records.step} is to run again.")
    return units


def _check_idle(run: SeenRun, step: SeenStep, indexes: Collection[int]) -> None:
    if step.gate:
        raise HTTPException(status.HTTP_409_CONFLICT, f"{step.step} is a gate: it has no units.")
    if state := run.busy(step.task_id, indexes):
        raise HTTPException(
            status.HTTP_409_CONFLICT, f"{step.step} is {state}: wait until it has ended, or clear it in Airflow."
        )


def _picked(records: StepRecords, branches: Mapping[int, RunRecord], units: Sequence[str]) -> Picked:
    """What was picked, within the branches that are cleared; the others go on as they would."""
    marks = {each.unit: each.mark for record in branches.values() for each in record.units}
    wanted = list(dict.fromkeys(units))
    if unknown := [unit for unit in wanted if unit not in marks]:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, f"{records.step} has no unit {unknown[0]}.")
    left = {unit for unit, mark in marks.items() if mark in TO_RUN} - set(wanted)
    done = [unit for unit in wanted if marks[unit] in DONE]
    if len(wanted) > MOST and (left or done):
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT,
            f"{len(wanted):,} units are more than the {MOST} that can be named one by one: trigger a run with a "
            "pattern in `only` or `rerun`, such as `plate=P1/well=A*`.",
        )
    beside = [
        exactly(records.step, record.branch) for index, record in records.branches.items() if index not in branches
    ]
    return Picked(records.step, wanted, done, everything=not left, beside=beside)


def _steps(run: SeenRun) -> dict[str, tuple[str, ...]]:
    return {step.step: step.foreach for step in run.dag.steps if not step.gate}
