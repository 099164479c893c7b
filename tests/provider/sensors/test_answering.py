"""An answer from the machine that runs Airflow while its API refuses: a busy machine, the wrong person, no question."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from platerunner.sensors import answering

CRASH = "SQLite says that its database is locked"
PATH = "/api/v2/dags/lab/dagRuns/run/taskInstances/check/-1/hitlDetails"


class Auth:
    """Stands where Airflow's auth manager makes a token."""

    def generate_jwt(self, user: Any) -> str:
        return f"token of {user.username}"


class Api:
    """Airflow's route of a gate's question, which answers what it is told to, and keeps what it was sent."""

    def __init__(self, get: list[int | str], patch: list[int | str]) -> None:
        self.turns: dict[str, Iterator[int | str]] = {"GET": iter(get), "PATCH": iter(patch)}
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.app = Starlette(routes=[Route(PATH, self.answer, methods=["GET", "PATCH"])])

    async def answer(self, request: Request) -> JSONResponse:
        turn = next(self.turns[request.method])
        if turn == CRASH:
            raise RuntimeError(CRASH)
        state, code = ("awaiting_input", turn) if isinstance(turn, int) else (turn, 200)
        if request.method == "PATCH" and code == 200:
            self.taken.append((request.headers["authorization"], await request.json()))
        question = {"response_received": state == "success", "task_instance": {"state": state}}
        return JSONResponse({"detail": "answered already", **question}, code)


@pytest.mark.parametrize(
    ("get", "patch"),
    [
        ([200], [200]),
        ([404, 404, 200], [200]),
        ([500, CRASH, 503, 200], [200]),
        ([200, 200, 200], [500, CRASH, 200]),
        ([404, 500, 200, 404, 200], [CRASH, 200]),
        ([404, "running", "running", "awaiting_input"], [200]),
        (["queued", "deferred"], [200]),
    ],
)
def test_an_answer_arrives_once_however_often_a_busy_machine_refuses_it(get, patch, monkeypatch):
    api = Api(get, patch)
    answer(api, monkeypatch)
    assert api.taken == [("Bearer token of ada", {"chosen_options": ["Approve"], "params_input": {"comment": "sharp"}})]


@pytest.mark.parametrize(
    ("get", "patch", "says"),
    [
        ([404] * 99, [], "the gate does not ask"),
        (["running"] * 99, [], "the gate does not ask"),
        ([CRASH] * 99, [], "Airflow's API answers 500; its log says why. Answer again"),
        (["success"], [409], "409 answered already"),
        ([403], [], "403 answered already"),
    ],
)
def test_an_answer_that_is_not_taken_says_why(get, patch, says, monkeypatch):
    api = Api(get, patch)
    with pytest.raises(answering.AnswerError, match=f": {says}$"):
        answer(api, monkeypatch, wait_s=0.05)
    assert not api.taken


def answer(api: Api, monkeypatch: pytest.MonkeyPatch, wait_s: float = 60.0) -> None:
    monkeypatch.setattr(answering, "POLL_S", 0.01)
    monkeypatch.setattr(answering, "make_app", lambda: (api.app, Auth()))
    answering.answer_pending("lab", "run", "check", "Approve", "sharp", user="ada", wait_s=wait_s)
