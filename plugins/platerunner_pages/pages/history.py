"""The page of a pipeline's past: what each run did, how much of it succeeded, and how long a plate took."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from platerunner_pages.drawing.rendering import page
from platerunner_pages.known.runs import SeenRun, SessionDep, find_dag, runs_of
from platerunner_pages.known.step_records import records_of
from platerunner_pages.known.workspaces import UNREADABLE
from platerunner_pages.requests.access import Reader

router = APIRouter(prefix="/dags/{dag_id}")
RUNS = 30
READERS = 16


@dataclass(frozen=True, slots=True)
class RunHistory:
    """What a run did, over all its steps.

    :param ran: units that ran in it and ended.
    :param before: units that had nothing to do.
    :param seconds: of its steps together, without gates.
    :param plates: of the step that ran most of them.
    """

    run: SeenRun
    ran: int = 0
    succeeded: int = 0
    failed: int = 0
    before: int = 0
    seconds: float = 0.0
    plates: int = 0

    @property
    def share(self) -> float | None:
        """The share of units that succeeded, 0 to 1; None if none ran."""
        return self.succeeded / self.ran if self.ran else None

    @property
    def per_plate(self) -> float | None:
        """Seconds a plate; None if no plate ran."""
        return self.seconds / self.plates if self.plates else None


@router.get("/history")
def history(request: Request, dag_id: str, _user: Reader, session: SessionDep) -> HTMLResponse:
    """Show the newest runs, newest first."""
    dag = find_dag(dag_id, session)
    if not dag.steps:
        return page(request, "foreign.html", title=dag_id, dag_id=dag_id)
    with ThreadPoolExecutor(READERS) as pool:
        rows = list(pool.map(_of_run, runs_of(dag, session, RUNS)))
    longest = max((row.per_plate or 0.0 for row in rows), default=0.0)
    return page(request, "history.html", title=dag.title, dag=dag, dag_id=dag_id, rows=rows, longest=longest or 1.0)


def _of_run(run: SeenRun) -> RunHistory:
    steps = [step for step in run.dag.steps if not step.gate]
    try:
        results = [records_of(run, step).result for step in steps]
    except (*UNREADABLE, json.JSONDecodeError):
        results = []  # its params may lead to a workspace that is gone; the run itself is still shown
    return summed(run, [result for result in results if result is not None])


def summed(run: SeenRun, results: Sequence[Mapping[str, Any]]) -> RunHistory:
    """What a run did, from what its steps recorded at their ends."""
    total = {name: sum(result.get(name, 0) for result in results) for name in ("succeeded", "failed", "done_before")}
    return RunHistory(
        run,
        ran=total["succeeded"] + total["failed"],
        succeeded=total["succeeded"],
        failed=total["failed"],
        before=total["done_before"],
        seconds=sum(float(result.get("seconds", 0)) for result in results),
        plates=max((int(result.get("plates", 0)) for result in results), default=0),
    )
