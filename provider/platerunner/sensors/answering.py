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
    app, manager = _app()
    token = manager.generate_jwt(SimpleAuthManagerUser(username=user, role="admin"))
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow", headers=headers) as client:
        while (pending := await client.get(path)).status_code == NOT_FOUND:
            if time.monotonic() > deadline:
                raise AnswerError(f"{path}: the gate does not ask")
            await asyncio.sleep(POLL_S)
        pending.raise_for_status()
        response = await client.patch(path, json=answer)
        if response.is_error:
            raise AnswerError(f"{path}: {response.status_code} {response.json().get('detail', response.text)}")


@cache
def _app() -> tuple[Any, Any]:
    app = create_app("core")
    return app, get_auth_manager()
