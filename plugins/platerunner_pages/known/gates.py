"""Gates as Airflow's database knows them: which wait, and what they asked."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import select

from platerunner.engine.gates.approvers import Approvers
from platerunner.engine.gates.asked import ASKED_KEY, OPERATOR, WAITING, Asked
from platerunner_pages.requests.access import missing

LISTED = 200
_FINGERPRINT, _BRANCH = re.compile(r"[0-9a-f]{32}"), re.compile(r"[A-Za-z]\w*=[^/\\]+(/[A-Za-z]\w*=[^/\\]+)*")


@dataclass(frozen=True, slots=True)
class SeenGate:
    """A gate of a run.

    :param map_index: of a gate in a mapped group; -1 for none.
    :param subject: pipeline and question; empty if it never asked.
    :param since: when it asked.
    :param waits: whether it waits for an answer.
    :param asked: what it asks; None if it has not said so.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    subject: str
    since: datetime | None
    waits: bool
    asked: Asked | None

    @property
    def branch(self) -> str:
        """The branch that it asks about, such as ``plate=P1``; empty without a split."""
        return self.asked.branch if self.asked else ""

    def may_be_decided_by(self, user_id: str, name: str) -> bool:
        """Whether somebody is an approver; the gate itself checks it again.

        :param user_id: Airflow's id of them.
        """
        return Approvers(self.asked.approvers if self.asked else (), {}).include(user_id, name)


def waiting_gates(dag_ids: Collection[str], session: SessionDep) -> list[SeenGate]:
    """Gates that wait for an answer, longest wait first.

    :param dag_ids: DAGs that the user may see.
    """
    query = (
        select(TaskInstance, HITLDetail)
        .join(HITLDetail, HITLDetail.ti_id == TaskInstance.id)
        .where(TaskInstance.operator == OPERATOR, TaskInstance.state.in_(WAITING), HITLDetail.responded_at.is_(None))
        .where(TaskInstance.dag_id.in_(dag_ids))
        .order_by(HITLDetail.created_at)
        .limit(LISTED)
    )
    return [_seen(task, detail, session) for task, detail in session.execute(query)]


def find_gate(dag_id: str, run_id: str, task_id: str, map_index: int, session: SessionDep) -> SeenGate:
    """A gate of a run.

    :raises fastapi.HTTPException: 404 if there is none.
    """
    query = (
        select(TaskInstance, HITLDetail)
        .outerjoin(HITLDetail, HITLDetail.ti_id == TaskInstance.id)
        .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, TaskInstance.task_id == task_id)
        .where(TaskInstance.map_index == map_index, TaskInstance.operator == OPERATOR)
    )
    if (found := session.execute(query).first()) is None:
        raise missing()
    return _seen(found[0], found[1], session)


def asked_of(task: TaskInstance, session: SessionDep) -> Asked | None:
    """What a gate asked, from its XCom; None if it has none, or a wrong one.

    A user who may edit a DAG's XComs can write anything there: it must not lead to files outside the gate's records.
    """
    query = select(XComModel).where(
        XComModel.dag_id == task.dag_id,
        XComModel.run_id == task.run_id,
        XComModel.task_id == task.task_id,
        XComModel.map_index == task.map_index,
        XComModel.key == ASKED_KEY,
    )
    if (found := session.scalar(query)) is None:
        return None
    try:
        asked = Asked.from_xcom(XComModel.deserialize_value(found))
    except (TypeError, ValueError, KeyError):
        return None
    inside = _FINGERPRINT.fullmatch(asked.fingerprint) and (not asked.branch or _BRANCH.fullmatch(asked.branch))
    return asked if inside and ".." not in asked.branch else None


def _seen(task: TaskInstance, detail: HITLDetail | None, session: SessionDep) -> SeenGate:
    waits = detail is not None and detail.responded_at is None and str(task.state) in WAITING
    subject, since = (detail.subject, detail.created_at) if detail is not None else ("", None)
    asked = asked_of(task, session)
    return SeenGate(task.dag_id, task.run_id, task.task_id, task.map_index, subject, since, waits, asked)
