"""Airflow's button "mark success" on a gate that waits: honoured by Airflow, and here recorded as what it is.

Airflow calls listeners in the API server, where the button was pressed. The gate itself never learns of it.
"""

import logging
from datetime import UTC, datetime

from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select

from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.sensors.asked import ASKED_KEY, Asked
from platerunner.sensors.decisions import Decision, add
from platerunner.sensors.questions import Questions

log = logging.getLogger(__name__)


def record_mark(task: TaskInstance) -> None:
    """Write who marked a gate into the record of its workspace, if the gate had asked and had no answer yet."""
    asked, user = _asked(task), _who(task)
    if asked is None:
        log.warning("%s of %s was marked as success before it asked; nothing to record", task.task_id, task.run_id)
        return
    workspace = PlaterunnerHook(asked.connection).storage(asked.workspace)
    questions = Questions(workspace, asked.run_id, asked.gate, asked.part)
    if questions.open() is None:
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    said = "marked as success in Airflow, which asks no approver; the next run asks again"
    decision = Decision("marked success", user, user or "somebody unknown", now, asked.run_id, said, asked.numbers)
    add(workspace, asked.gate, asked.fingerprint, decision, asked.part)
    questions.settle()
    log.info("%s: %s", asked.gate, decision.sentence)


def _asked(task: TaskInstance) -> Asked | None:
    query = select(XComModel).where(
        XComModel.dag_id == task.dag_id,
        XComModel.run_id == task.run_id,
        XComModel.task_id == task.task_id,
        XComModel.map_index == task.map_index,
        XComModel.key == ASKED_KEY,
    )
    with create_session() as session:
        found = session.scalar(query)
        return Asked.from_xcom(XComModel.deserialize_value(found)) if found is not None else None


def _who(task: TaskInstance) -> str:
    """Who changed something in this run last, by Airflow's audit log, which is written before the change."""
    query = (
        select(Log.owner)
        .where(Log.dag_id == task.dag_id, Log.run_id == task.run_id, Log.event.like("patch%") | Log.event.like("bulk%"))
        .order_by(Log.dttm.desc())
        .limit(1)
    )
    with create_session() as session:
        return session.scalar(query) or ""
