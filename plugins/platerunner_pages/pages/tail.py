"""What a unit that runs writes right now: the end of its job's log stream, which no one has stored yet."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import APIRouter, HTTPException, Request, status

from platerunner.batch.status import describe
from platerunner.engine.inspect.run_record import RunRecord
from platerunner.engine.steps.log_tail import stream_tail
from platerunner_pages.known.runs import SessionDep, find_run
from platerunner_pages.known.step_records import StepRecords, records_of
from platerunner_pages.known.workspaces import hook
from platerunner_pages.requests.access import Reader, may_see_logs, missing

router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}/tasks/{task_id}")
PATIENCE_S = 5.0


@router.get("/tail.json")
def tail(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    user: Reader,
    session: SessionDep,
    id: str,  # noqa: A002
) -> dict[str, Any]:
    """The last lines of a unit's job, and where the job stands; nothing of a unit that has none."""
    found = find_run(dag_id, run_id, session)
    records = records_of(found, found.step(task_id))
    if not may_see_logs(request, user) or records.find(id) is None:
        raise missing()
    if (job := _job_of(records, id)) is None:
        return {"job": "", "status": "", "lines": []}
    try:
        [view, *_] = [*describe(hook().batch, [job], patience=PATIENCE_S), None]
    except (BotoCoreError, ClientError) as error:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, f"AWS Batch does not describe job {job}: {error}") from None
    if view is None:
        return {"job": job, "status": "not known to AWS Batch", "lines": []}
    lines = stream_tail(hook().logs, hook().settings.log_group, view.log_stream)
    return {"job": job, "status": view.status, "lines": lines}


def _job_of(records: StepRecords, unit: str) -> str | None:
    """The job that a unit is in, while its verdict is not collected."""
    return next((job for record in records.branches.values() if (job := _job_in(record, unit)) is not None), None)


def _job_in(record: RunRecord, unit: str) -> str | None:
    for submission in record.state.live:
        if unit in submission.units:
            return submission.child_id(submission.units.index(unit))
    return None
