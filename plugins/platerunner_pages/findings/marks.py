"""Airflow's button "mark success" on a gate that waits: Airflow obeys it, and this module records who pressed it.

Airflow calls listeners in the API server, where the button was pressed. The gate itself never learns of it.
"""

import logging
from datetime import UTC, datetime

from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.orm import Session

from platerunner.engine.gates.decisions import Decision, add
from platerunner.engine.gates.questions import Questions
from platerunner_pages.known.gates import asked_of
from platerunner_pages.known.runs import find_run
from platerunner_pages.known.workspaces import workspace_of

log = logging.getLogger(__name__)


def record_mark(task: TaskInstance) -> None:
    """Record in the workspace who marked a gate, if the gate had asked and had no answer yet."""
    with create_session() as session:
        asked, user = asked_of(task, session), _who(task, session)
        if asked is None:
            log.warning("%s of %s was marked as success before it asked; nothing to record", task.task_id, task.run_id)
            return
        run = find_run(task.dag_id, task.run_id, session)
        step = run.step(task.task_id)
        workspace = workspace_of(run, step)
    questions = Questions(workspace, task.run_id, step.step, asked.branch)
    if questions.open() is None:
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = "marked as success in Airflow, which asks no approver; the next run asks again"
    decision = Decision("marked success", user, user or "somebody unknown", now, task.run_id, said, asked.numbers)
    add(workspace, step.step, asked.fingerprint, decision, asked.branch)
    questions.settle()
    log.info("%s: %s", task.task_id, decision.sentence)


def _who(task: TaskInstance, session: Session) -> str:
    """Who changed something in this run last, by Airflow's audit log, which is written before the change."""
    query = (
        select(Log.owner)
        .where(Log.dag_id == task.dag_id, Log.run_id == task.run_id, Log.event.like("patch%") | Log.event.like("bulk%"))
        .order_by(Log.dttm.desc())
        .limit(1)
    )
    return session.scalar(query) or ""
