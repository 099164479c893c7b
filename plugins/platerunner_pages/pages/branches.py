"""The branches of a split pipeline, on the run's page: the state of each, those that need a person first."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from platerunner_pages.drawing.plate_map import label
from platerunner_pages.drawing.rendering import page
from platerunner_pages.known.runs import BUSY, SeenRun, SessionDep, find_run
from platerunner_pages.known.step_records import branch_keys
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import workspace_of
from platerunner_pages.requests.access import Reader, missing

router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}")
SHOWN = 2000
RED = ("failed", "upstream_failed")


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch with the state of each of its steps.

    :param index: Airflow's map index of its tasks.
    :param states: Airflow's, in the steps' order.
    """

    index: int
    key: str
    states: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name for people, which is also the name of its plate's map."""
        return label(self.key)

    @property
    def urgency(self) -> tuple[bool, bool]:
        """Sorts those that failed before those that go on, and these before the rest."""
        return not set(self.states) & set(RED), not set(self.states) & BUSY


@router.get("/branches")
def branches(request: Request, dag_id: str, run_id: str, _user: Reader, session: SessionDep) -> HTMLResponse:
    """Show where each branch stands."""
    found = find_run(dag_id, run_id, session)
    steps = [step for step in found.dag.steps if step.branched]
    if not steps:
        raise missing()
    rows = sorted(_branches(found, steps), key=lambda branch: branch.urgency)
    return page(
        request, "branches.html", dag_id=dag_id, run=found, steps=steps, rows=rows[:SHOWN], more=len(rows[SHOWN:])
    )


def _branches(run: SeenRun, steps: list[SeenStep]) -> list[Branch]:
    keys = branch_keys(workspace_of(run, steps[0]), run.run_id)
    return [
        Branch(index, key, tuple(run.instances.get((step.task_id, index), "none") for step in steps))
        for index, key in enumerate(keys)
    ]
