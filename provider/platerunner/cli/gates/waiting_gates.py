"""The gates that wait for somebody, as Airflow's REST API knows them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from platerunner.cli.gates.airflow_api import AirflowApi, ApiError, task_path
from platerunner.engine.gates.asked import ASKED_KEY, OPERATOR, WAITING, Asked

FORBIDDEN, NOT_FOUND, CONFLICT = 403, 404, 409


@dataclass(frozen=True, slots=True)
class WaitingGate:
    """A gate that waits.

    :param map_index: of a gate in a mapped group; -1 for none.
    :param subject: pipeline and question.
    :param asked: what the gate asks; None if it has not said so.
    """

    pipeline: str
    run_id: str
    gate: str
    map_index: int
    subject: str
    created_at: str
    asked: Asked | None

    @property
    def branch(self) -> str:
        """The branch that it asks about, such as ``plate=P1``; empty without a split."""
        return self.asked.branch if self.asked else ""

    def may_decide(self, me: Iterable[str]) -> bool:
        """Whether somebody is an approver, as far as is known here; the gate itself checks it again.

        :param me: id and name.
        """
        return not self.asked or not self.asked.approvers or bool(set(me) & set(self.asked.approvers))

    @property
    def path(self) -> str:
        """Where it is answered."""
        return task_path(self.pipeline, self.run_id, self.gate, str(self.map_index), "hitlDetails")


def waiting_gates(api: AirflowApi, pipeline: str = "~", gate: str = "", run: str = "~") -> list[WaitingGate]:
    """Gates that wait for an answer, those that wait longest first.

    :param pipeline: name of one; ``~`` for all that the user may read; likewise ``run``.
    """
    path = f"{task_path(pipeline, run, '').removesuffix('/taskInstances/')}/hitlDetails"
    found = api.pages(path, "hitl_details", response_received=False, order_by="created_at")
    return [_gate(api, entry) for entry in found if _waits(entry["task_instance"], gate)]


def answer(api: AirflowApi, gate: WaitingGate, choice: str, comment: str) -> None:
    """Answer a gate.

    :param choice: ``Approve`` or ``Reject``.
    :raises ApiError: if it is not the user's to answer, or was answered already.
    """
    try:
        api.patch(gate.path, {"chosen_options": [choice], "params_input": {"comment": comment}})
    except ApiError as error:
        if error.status == CONFLICT:
            raise ApiError(f"{gate.gate} was answered already{_by(api, gate)}", CONFLICT) from error
        if error.status == FORBIDDEN:
            raise ApiError(f"you may not answer {gate.gate}: {error}", FORBIDDEN) from error
        raise


def _waits(task: dict[str, Any], gate: str) -> bool:
    mine = task.get("operator") == OPERATOR and task["state"] in WAITING
    return mine and gate in ("", task["task_id"])


def _gate(api: AirflowApi, entry: dict[str, Any]) -> WaitingGate:
    task = entry["task_instance"]
    dag, run, name, index = task["dag_id"], task["dag_run_id"], task["task_id"], task["map_index"]
    asked = _asked(api, task_path(dag, run, name, "xcomEntries", ASKED_KEY), index)
    return WaitingGate(dag, run, name, index, entry["subject"], entry["created_at"], asked)


def _asked(api: AirflowApi, path: str, map_index: int) -> Asked | None:
    try:
        value = api.get(path, map_index=map_index)["value"]
    except ApiError as error:
        if error.status in (NOT_FOUND, FORBIDDEN):
            return None
        raise
    return Asked.from_xcom(json.loads(value) if isinstance(value, str) else value)


def _by(api: AirflowApi, gate: WaitingGate) -> str:
    said = api.get(gate.path)
    user = (said.get("responded_by_user") or {}).get("name", "somebody")
    return f": {', '.join(said.get('chosen_options') or ())} by {user} at {said.get('responded_at')}"
