"""Answering a gate from the machine that runs Airflow: through Airflow's own API, without a server of its own.

`dag.test()` keeps a run alive while a gate waits, but answers nothing itself. The API's app is called in this process,
on the same metadata database, so that it is an answer like any other: permissions, audit log, one per question.
"""

import asyncio
import getpass
import time
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

NOT_FOUND = 404
POLL_S = 0.5
WAITING = ("awaiting_input", "deferred")  # of Airflow 3.3, and before


class AnswerError(Exception):
    """The answer was not taken; the message says why."""


def answer_pending(
    dag_id: str,
    run_id: str,
    task_id: str,
    choice: str,
    comment: str = "",
    *,
    user: str | None = None,
    map_index: int = -1,
    wait_s: float = 60.0,
) -> None:
    """Answer a gate as soon as it asks.

    :param choice: ``Approve`` or ``Reject``.
    :param comment: for the record.
    :param user: who answers; None for the account that runs this process.
    :param map_index: of a gate in a mapped group; -1 for none.
    :param wait_s: seconds to wait for the gate to ask.
    :raises AnswerError: if it does not ask in that time, was answered already, or refuses.
    """
    path = (
        f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns/{quote(run_id, safe='')}"
        f"/taskInstances/{quote(task_id, safe='')}/{map_index}/hitlDetails"
    )
    answer = {"chosen_options": [choice], "params_input": {"comment": comment}}
    asyncio.run(_answer(path, answer, user or getpass.getuser(), time.monotonic() + wait_s))


async def _answer(path: str, answer: dict[str, Any], user: str, deadline: float) -> None:
    app, manager = make_app()
    token = manager.generate_jwt(SimpleAuthManagerUser(username=user, role="admin"))
    headers = {"Authorization": f"Bearer {token}"}
    # On a busy machine SQLite refuses a statement, and the API answers 500: that is asked again, as a 404 is.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow", headers=headers) as client:
        while not (response := await _try(client, path, answer)).is_success:
            if not (response.status_code == NOT_FOUND or response.is_server_error):
                raise AnswerError(f"{path}: {response.status_code} {_detail(response)}")
            if time.monotonic() > deadline:
                raise AnswerError(f"{path}: {_refusal(response)}")
            await asyncio.sleep(POLL_S)


async def _try(client: httpx.AsyncClient, path: str, answer: dict[str, Any]) -> httpx.Response:
    """Airflow's response to the answer, or to the question whether the gate asks if it does not.

    A gate writes its question a moment before its task waits. SQLite locks no rows: Airflow 3.3.1 keeps an answer that
    comes in that moment, but does not resume the task. So the answer is sent only once the task waits.
    """
    pending = await client.get(path)
    if pending.is_success:
        question = pending.json()
        if not question["response_received"] and question["task_instance"]["state"] not in WAITING:
            return httpx.Response(NOT_FOUND)
        return await client.patch(path, json=answer)
    return pending


def _refusal(response: httpx.Response) -> str:
    if response.status_code == NOT_FOUND:
        return "the gate does not ask"
    return f"Airflow's API answers {response.status_code}; its log says why. Answer again"


def _detail(response: httpx.Response) -> Any:
    try:
        return response.json()["detail"]
    except (ValueError, LookupError, TypeError):
        return response.text


@cache
def make_app() -> tuple[Any, Any]:
    """Airflow's API and its auth manager, made once per process."""
    app = create_app("core")
    return app, get_auth_manager()
