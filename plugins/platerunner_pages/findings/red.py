"""What is red over all pipelines: tasks that failed and stand failed, each with its cause and who acts."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from fastapi import HTTPException
from sqlalchemy import func, select

from platerunner.engine.gates.decisions import history
from platerunner.engine.inspect.run_record import Mark, UnitMark
from platerunner_pages.drawing.plate_map import label
from platerunner_pages.known.runs import SeenRun, SessionDep, find_run
from platerunner_pages.known.step_records import records_of
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import UNREADABLE, workspace_of
from platerunner_unit.contract.category import CATEGORIES, Actor, Category

DAYS = 14
"""For so long a task that failed is listed."""
LISTED = 50
"""Tasks that are listed: the records of each are read."""
NO_UNITS = "It failed before it knew its units: the task's log says why."
ANSWERED = ("rejected", "refused", "timed out")
"""Decisions after which the scientist acts: the pictures were bad, or nobody has answered."""


@dataclass(frozen=True, slots=True)
class Red:
    """A task that failed.

    :param title: of its pipeline.
    :param cause: a sentence.
    :param who: the person who acts first, because most failed units are theirs; on-call where no verdict says it.
    :param counts: category to number of failed units, most first.
    :param unit: id of the first failed unit; empty if it has none.
    :param since: when it failed.
    :param later: whether the step has succeeded in a later run, which may have been about other plates.
    """

    dag_id: str
    title: str
    run_id: str
    task_id: str
    step: str
    gate: bool
    cause: str
    who: str
    counts: tuple[tuple[str, int], ...]
    unit: str
    since: datetime | None
    later: bool


def red_tasks(dag_ids: Collection[str], session: SessionDep) -> tuple[list[Red], int]:
    """Tasks that stand failed, the newest first; and how many more there are.

    :param dag_ids: DAGs that the user may see.
    """
    rows = session.execute(
        select(TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, func.max(TaskInstance.end_date))
        .join(DagRun, (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id))
        .where(TaskInstance.dag_id.in_(dag_ids), TaskInstance.state == "failed")
        .where(DagRun.run_after > datetime.now(UTC) - timedelta(days=DAYS))
        .group_by(TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id)
        .order_by(func.max(TaskInstance.end_date).desc())
    ).all()
    won = _last_successes({row[0] for row in rows}, session)
    found = []
    for dag_id, run_id, task_id, since in rows[:LISTED]:
        last = won.get((dag_id, task_id))
        later = last is not None and since is not None and last > since
        red = _red(find_run(dag_id, run_id, session), task_id, since, later=later)
        found += [red] if red else []
    return found, len(rows[LISTED:])


def _last_successes(dag_ids: Collection[str], session: SessionDep) -> dict[tuple[str, str], datetime]:
    rows = session.execute(
        select(TaskInstance.dag_id, TaskInstance.task_id, func.max(TaskInstance.end_date))
        .where(TaskInstance.dag_id.in_(dag_ids), TaskInstance.state == "success", TaskInstance.end_date.is_not(None))
        .group_by(TaskInstance.dag_id, TaskInstance.task_id)
    )
    return {(dag_id, task_id): last for dag_id, task_id, last in rows if last is not None}


def _red(run: SeenRun, task_id: str, since: datetime | None, *, later: bool) -> Red | None:
    try:
        step = run.step(task_id)
    except HTTPException:
        return None  # a task beside the steps
    try:
        failed = [] if step.gate else [unit for unit in records_of(run, step).units if unit.mark is Mark.FAILED]
        cause, who = _answer(run, step) if step.gate else (_cause(failed), _who_of(failed))
    except UNREADABLE as error:
        failed, cause, who = [], f"What it recorded cannot be read: {error}", Actor.ON_CALL
    counts = Counter(str(unit.category) for unit in failed).most_common()
    return Red(
        run.dag.dag_id, run.dag.title, run.run_id, task_id, step.step, step.gate, cause,
        who.value, tuple(counts), failed[0].unit if failed else "", since, later,
    )  # fmt: skip


def _who_of(failed: Sequence[UnitMark]) -> Actor:
    """The person with most failed units; on-call where none has a verdict, as in a step that knew no units."""
    actors = Counter(CATEGORIES[Category(unit.category)].who for unit in failed if unit.category)
    return actors.most_common(1)[0][0] if actors else Actor.ON_CALL


def _cause(failed: Sequence[UnitMark]) -> str:
    """The sentence of the first failed unit of the category that most have."""
    if not failed:
        return NO_UNITS
    most = Counter(unit.category for unit in failed).most_common(1)[0][0]
    first = next(unit for unit in failed if unit.category == most)
    return f"{label(first.unit)}: {first.why}"


def _answer(run: SeenRun, step: SeenStep) -> tuple[str, Actor]:
    """What was decided on a gate that failed, as a sentence, and who acts."""
    made = [each for each in history(workspace_of(run, step), step.step) if each.decision.run_id == run.run_id]
    if not made:
        return "The task's log says why.", Actor.ON_CALL
    told = made[0].decision.sentence
    return f"{told[:1].upper()}{told[1:]}.", Actor.SCIENTIST if made[0].decision.decision in ANSWERED else Actor.ON_CALL
