"""Airflow's REST API with a person's own credentials, and sentences for what it refuses."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.prompt import Prompt

from platerunner.cli.console import err

if TYPE_CHECKING:
    import httpx

URL, TOKEN, USER, PASSWORD = (f"PLATERUNNER_AIRFLOW_{name}" for name in ("URL", "TOKEN", "USER", "PASSWORD"))
TIMEOUT_S = 30.0
PAGE = 100

AirflowUrl = Annotated[str, typer.Option("--airflow", envvar=URL, help="Address of Airflow.")]
AirflowUser = Annotated[
    str | None,
    typer.Option("--user", envvar=USER, help=f"Your user name there; the password is asked for, or {PASSWORD}."),
]
TokenFile = Annotated[
    Path | None, typer.Option(help=f"File with a token of yours, instead of a user; or {TOKEN}.", exists=True)
]


class ApiError(Exception):
    """Airflow did not do it; the message is one sentence with the remedy, and never holds a credential.

    :param status: HTTP status; 0 if there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


MOST = 65536
"""Characters of a token; a file that holds more is none."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where Airflow is, and for which user.

    :param url: address of its pages.
    :param user: for a login by password; None for a token.
    :param token_file: a file that holds the token; None for the environment's.
    """

    url: str
    user: str | None = None
    token_file: Path | None = None

    @property
    def token(self) -> str | None:
        """A token that is there already."""
        if self.token_file is None:
            return os.environ.get(TOKEN)
        text: str | None = None
        with contextlib.suppress(OSError, UnicodeDecodeError), self.token_file.open() as file:
            text = file.read(MOST + 1)  # it may be a pipe, as of `<(command)`, which has no size
        if text is None or len(text) > MOST:
            raise ApiError(f"--token-file {self.token_file}: no text that can be read; name the token's file")
        return text.strip()

    def password(self) -> str:
        """From the environment, else asked for on a terminal."""
        if (password := os.environ.get(PASSWORD)) is not None:
            return password
        if not sys.stdin.isatty():
            raise ApiError(f"{self.user}: no password; set {PASSWORD}, or use a token ({TOKEN})")
        return Prompt.ask(f"Password of {self.user}", password=True, console=err)


class AirflowApi:
    """A session with an Airflow.

    :param login: whose it is.
    :param transport: how requests travel; None for the network.
    """

    def __init__(self, login: Login, transport: "httpx.BaseTransport | None" = None) -> None:
        import httpx  # slow, and only `qc` talks to an Airflow

        self._login = login
        try:
            self._client = httpx.Client(base_url=login.url.rstrip("/"), timeout=TIMEOUT_S, transport=transport)
        except httpx.InvalidURL:
            raise ApiError(f"--airflow {login.url}: no address; write it like http://localhost:8080") from None

    @cached_property
    def me(self) -> frozenset[str]:
        """Id and name of the user."""
        said = self.get("/ui/auth/me")
        return frozenset({str(said["id"]), str(said["username"])})

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Read something.

        :param path: with its leading slash.
        :raises ApiError: if Airflow does not answer or refuses.
        """
        return self._send("GET", path, params=params)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change something.

        :raises ApiError: if Airflow does not answer or refuses.
        """
        return self._send("PATCH", path, json=body)

    def pages(self, path: str, name: str, **params: Any) -> Iterator[dict[str, Any]]:
        """All entries of a list, page by page.

        :param name: of the list in the answers.
        """
        offset, total = 0, 1
        while offset < total:
            said = self.get(path, limit=PAGE, offset=offset, **params)
            yield from said[name]
            offset, total = offset + PAGE, int(said["total_entries"])

    def _send(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._said(self._asked(method, path, headers=headers, **kwargs))

    @cached_property
    def _token(self) -> str:
        if token := self._login.token:
            return token
        if not self._login.user:
            raise ApiError(f"who are you? Give --user, or a token in {TOKEN} or --token-file")
        body = {"username": self._login.user, "password": self._login.password()}
        return str(self._said(self._asked("POST", "/auth/token", json=body))["access_token"])

    def _asked(self, method: str, path: str, **kwargs: Any) -> "httpx.Response":
        import httpx

        try:
            return self._client.request(method, path, **kwargs)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiError(
                f"Airflow at {self._login.url} does not answer ({error}); is --airflow (or {URL}) right?"
            ) from error

    def _said(self, response: "httpx.Response") -> dict[str, Any]:
        if response.status_code == HTTPStatus.UNAUTHORIZED or _is_no_login(response):
            raise ApiError(f"Airflow at {self._login.url} does not know you: {self._remedy}", response.status_code)
        if response.is_error:
            raise ApiError(f"Airflow says {response.status_code}: {_detail(response)}", response.status_code)
        try:
            said: dict[str, Any] = response.json()
        except json.JSONDecodeError as error:
            raise ApiError(f"{self._login.url} is no Airflow of version 3: it did not answer in JSON") from error
        return said

    @property
    def _remedy(self) -> str:
        if self._login.token:
            return "the token is wrong or has run out; get a new one"
        return "check the user name and the password"


def task_path(dag: str, run: str, task: str, *rest: str) -> str:
    """Path of a task of a run, or of something below it, with all names quoted."""
    names = ["dags", dag, "dagRuns", run, "taskInstances", task, *rest]
    return "/api/v2/" + "/".join(quote(name, safe="~") for name in names)


def _is_no_login(response: "httpx.Response") -> bool:
    # Airflow says of a token that it cannot read what it says of a person who may not: 403.
    return response.status_code == HTTPStatus.FORBIDDEN and "JWT" in _detail(response)


def _detail(response: "httpx.Response") -> str:
    try:
        said = response.json()
    except json.JSONDecodeError:
        return response.reason_phrase
    detail = said.get("detail", said) if isinstance(said, dict) else said
    return detail if isinstance(detail, str) else json.dumps(detail)
