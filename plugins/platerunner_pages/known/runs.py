"""What Airflow's database knows: DAGs, their runs, and the states of tasks."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.models.dagbag import DBDagBag
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import select

from platerunner_pages.known.steps import SeenStep, steps_of
from platerunner_pages.requests.access import missing

BUSY = frozenset({"running", "queued", "scheduled", "deferred", "up_for_retry", "restarting", "awaiting_input"})
"""States of a task in which a page's content may still change."""
Times = tuple[datetime | None, datetime | None]
"""When something started and ended."""
UNMAPPED = -1
"""Map index of a task that is not mapped."""

__all__ = [
    "BUSY",
    "UNMAPPED",
    "SeenDag",
    "SeenRun",
    "SessionDep",
    "clear",
    "dag_bag",
    "find_dag",
    "find_run",
    "runs_of",
]


@dataclass(frozen=True, slots=True)
class SeenDag:
    """A DAG in its newest version.

    :param params: name to default value.
    :param steps: none if it is no pipeline of Platerunner's.
    """

    dag_id: str
    title: str
    steps: tuple[SeenStep, ...]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run of a DAG.

    :param dag: in the version that the run has.
    :param conf: what was asked of it, by param.
    :param instances: task id and map index (-1 if it is not mapped) to Airflow's state.
    :param times: task id to when the first of its instances started and the last ended.
    """

    dag: SeenDag
    run_id: str
    state: str
    conf: Mapping[str, Any]
    started: datetime | None
    ended: datetime | None
    logical_date: str = ""
    instances: Mapping[tuple[str, int], str] = field(default_factory=dict)
    times: Mapping[str, Times] = field(default_factory=dict)

    @property
    def states(self) -> dict[str, str]:
        """Task id to Airflow's state of the task; of a mapped one, the first that is not a success."""
        states: dict[str, str] = {}
        for (task, _), state in self.instances.items():
            if states.get(task, "success") == "success":
                states[task] = state
        return states

    @property
    def live(self) -> bool:
        """Whether any of it may still change."""
        return self.state in ("queued", "running") or any(state in BUSY for state in self.instances.values())

    def busy(self, task_id: str, indexes: Collection[int] | None = None) -> str | None:
        """The state of a task that may still change; None if it cannot.

        :param indexes: of a mapped task, those that count; None for all.
        """
        found = (
            state
            for (task, index), state in self.instances.items()
            if task == task_id and state in BUSY and (indexes is None or index in indexes)
        )
        return next(found, None)

    @property
    def params(self) -> dict[str, Any]:
        """The values of all params."""
        return {**self.dag.params, **self.conf}

    def step(self, task_id: str) -> SeenStep:
        """A step.

        :raises fastapi.HTTPException: 404 if there is none.
        """
        for step in self.dag.steps:
            if step.task_id == task_id:
                return step
        raise missing()


@cache
def dag_bag() -> DBDagBag:
    """Serialized DAGs, from Airflow's database."""
    # With operators' links, though pages need none: whether they are read is a setting of the whole process, and
    # Airflow's own pages in it show them.
    return DBDagBag()


def find_dag(dag_id: str, session: SessionDep) -> SeenDag:
    """A DAG.

    :raises fastapi.HTTPException: 404 if there is none.
    """
    dag = dag_bag().get_latest_version_of_dag(dag_id, session=session)
    if dag is None:
        raise missing()
    return _seen(dag)


def find_run(dag_id: str, run_id: str, session: SessionDep) -> SeenRun:
    """A run with the states of its tasks.

    :raises fastapi.HTTPException: 404 if there is none.
    """
    run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
    dag = dag_bag().get_dag_for_run(run, session=session) if run is not None else None
    if run is None or dag is None:
        raise missing()
    rows = session.execute(
        select(
            TaskInstance.task_id,
            TaskInstance.map_index,
            TaskInstance.state,
            TaskInstance.start_date,
            TaskInstance.end_date,
        )
        .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
        .order_by(TaskInstance.task_id, TaskInstance.map_index)
    ).all()
    instances = {(str(task), index): str(state or "none") for task, index, state, _, _ in rows}
    return replace(_run(run, _seen(dag), instances), times=_times(rows))


def runs_of(dag: SeenDag, session: SessionDep, limit: int) -> list[SeenRun]:
    """The newest runs of a DAG, newest first, without their tasks.

    :param limit: how many at most.
    """
    newest = select(DagRun).where(DagRun.dag_id == dag.dag_id).order_by(DagRun.run_after.desc()).limit(limit)
    return [_run(run, dag, {}) for run in session.scalars(newest)]


def clear(
    run: SeenRun, step: SeenStep, indexes: Collection[int], conf: Mapping[str, Any], session: SessionDep
) -> list[str]:
    """Clear a step of a run, and what comes after it, as Airflow's own pages do.

    :param indexes: the branches, of a step that has some; in others nothing is cleared but what gathers them.
    :param conf: what is asked of the run from now on.
    :returns: task ids of what comes after it.
    """
    row = session.scalar(select(DagRun).where(DagRun.dag_id == run.dag.dag_id, DagRun.run_id == run.run_id))
    dag = dag_bag().get_dag_for_run(row, session=session) if row is not None else None
    if row is None or dag is None:
        raise missing()
    after = sorted(dag.get_task(step.task_id).get_flat_relative_ids(upstream=False))
    row.conf = dict(conf)
    branched = {each.task_id for each in run.dag.steps if each.branched}
    wanted: list[str | tuple[str, int]] = []
    for task in (step.task_id, *after):
        wanted += [(task, index) for index in indexes] if task in branched else [task]
    dag.clear(task_ids=wanted, run_id=run.run_id, session=session)
    return after


def _times(rows: Iterable[Any]) -> dict[str, Times]:
    times: dict[str, Times] = {}
    for task, _, _, started, ended in rows:
        first, last = times.get(str(task), (None, None))
        times[str(task)] = (
            min(filter(None, (first, started)), default=None),
            max(filter(None, (last, ended)), default=None),
        )
    return times


def _seen(dag: Any) -> SeenDag:
    defaults = dag.params.dump()
    return SeenDag(dag.dag_id, dag.description or dag.dag_id, tuple(steps_of(dag.tasks)), defaults)


def _run(run: DagRun, dag: SeenDag, instances: Mapping[tuple[str, int], str]) -> SeenRun:
    logical = run.logical_date.isoformat() if run.logical_date else ""
    conf = dict(run.conf or {})
    return SeenRun(dag, run.run_id, str(run.state), conf, run.start_date, run.end_date, logical, instances)
