"""What a page is asked to do: read within bounds once it is known who asks, and put on record once it is done."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.models.log import Log
from fastapi import Depends, HTTPException, Request, status
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

LARGEST = 8 * 1024**2
"""Bytes of a request's body: 100,000 units by name."""
TOO_LARGE = "This request is larger than a page of ours ever sends; it was not read."


def asked[T: BaseModel](kind: type[T], allowed: Callable[..., BaseUser]) -> Callable[..., Awaitable[T]]:
    """A dependency: the request's body, no byte of which is read before its sender is known to be allowed.

    FastAPI reads a body that a handler declares before it looks at anything else, however long it is.

    :param kind: what it has to be.
    :param allowed: the dependency that says who may ask.
    """

    async def read(request: Request, _user: BaseUser = Depends(allowed)) -> T:  # noqa: B008  (FastAPI's form)
        try:
            return kind.model_validate_json(await _bounded(request))
        except ValidationError as error:
            raise RequestValidationError(error.errors(include_input=False)) from None

    return read


def put_on_record(session: Session, user: BaseUser, event: str, request: Request, **said: Any) -> None:
    """Write an act into Airflow's audit log, in the transaction of the act: what is refused or fails leaves nothing.

    :param event: its name in the log.
    :param request: its path says what was changed; nothing else of it does.
    :param said: what else is worth to be known of it.
    """
    where = request.path_params
    session.add(
        Log(
            event=event,
            owner=user.get_name(),
            owner_display_name=user.get_name(),
            dag_id=where["dag_id"],
            run_id=where["run_id"],
            task_id=where["task_id"],
            map_index=where.get("map_index"),
            extra=json.dumps({**said, "method": request.method}),
        )
    )


async def _bounded(request: Request) -> bytes:
    """The body; what its sender says of its length is not believed."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST:
            raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, TOO_LARGE)
    return bytes(content)
