"""Files of a workspace in a browser: by addresses that hold for minutes, for one user, within one workspace."""

import struct
from pathlib import PurePosixPath

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import APIRouter, HTTPException, Request, Response, status

from platerunner_pages.known.runs import SessionDep, find_run
from platerunner_pages.known.workspaces import workspace_of
from platerunner_pages.requests import tokens
from platerunner_pages.requests.access import missing
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.storage import NotFoundError

router = APIRouter()
TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
    ".svg": "image/svg+xml", ".txt": "text/plain", ".csv": "text/csv", ".json": "application/json",
    ".html": "text/html",
}  # fmt: skip
"""What is served, and as what; everything else is fetched from the storage itself."""
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
LARGEST = 20 * 1024**2
"""Bytes of a file that is served."""
PIXELS = 100_000_000
"""Pixels of a PNG that is served: a small file can unpack to more than a browser's memory holds."""
# A file is data: whatever it holds, nothing in it runs, and it loads nothing but the pictures that it carries.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"


def servable(key: str, size: int) -> bool:
    """Whether a file of a workspace may be shown.

    :param key: relative to the workspace, as a container may have written it: it must stay inside.
    """
    path = PurePosixPath(key)
    inside = not path.is_absolute() and ".." not in path.parts and "\\" not in key and path.parts[:1] != (PREFIX,)
    return inside and path.suffix.lower() in TYPES and size <= LARGEST


@router.get("/files/{token}")
def file(request: Request, token: str, user: GetUserDep, session: SessionDep) -> Response:
    """A file that a page of this user showed a moment ago."""
    dag_id, run_id, task_id, key = _said(token, user)
    if not servable(key, 0):
        raise missing()
    try:
        requires_access_dag("GET", param_dag_id=dag_id)(request, user)
    except HTTPException:
        raise missing() from None
    run = find_run(dag_id, run_id, session)
    workspace = workspace_of(run, run.step(task_id))
    try:
        key = workspace.resolved(key)  # the file itself decides what may be served, not a link to it
        size = workspace.head(key).size
        if not servable(key, size):
            raise too_large(key) if size > LARGEST else missing()
        content = workspace.get(key)
    except NotFoundError:
        raise missing() from None
    if _pixels(content) > PIXELS:
        raise too_large(key)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": f"private, max-age={tokens.FILE_S}"}
    return Response(content, media_type=TYPES[PurePosixPath(key).suffix.lower()], headers=headers)


def too_large(key: str) -> HTTPException:
    """The answer for a file that is not sent."""
    return HTTPException(
        status.HTTP_413_CONTENT_TOO_LARGE, f"{key} is too large for a page; fetch it from the storage."
    )


def _said(token: str, user: BaseUser) -> list[str]:
    try:
        whose, *rest = tokens.read("file", token, tokens.FILE_S)
    except tokens.TokenError:
        raise missing() from None
    if whose != user.get_id() or len(rest) != 4:
        raise missing()
    return rest


def _pixels(content: bytes) -> int:
    """How many pixels a PNG has, by its header; 0 for other files."""
    if content[:8] != b"\x89PNG\r\n\x1a\n" or len(content) < 24:
        return 0
    width, height = struct.unpack(">II", content[16:24])
    return int(width * height)
