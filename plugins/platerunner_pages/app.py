"""The app behind the pages: a router per page, with what they share around them."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit, urlunsplit

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from platerunner_pages.drawing.rendering import HEADERS, STATIC, page
from platerunner_pages.known.workspaces import UNREADABLE
from platerunner_pages.pages import (
    branches,
    catalog,
    history,
    home,
    launches,
    look,
    marks,
    oncall,
    pipeline,
    qc,
    rerun,
    results,
    run,
    tail,
    unit,
    values,
)
from platerunner_pages.requests import served_files

PAGES = (
    home,
    oncall,
    run,
    tail,
    results,
    look,
    values,
    branches,
    unit,
    rerun,
    pipeline,
    history,
    launches,
    qc,
    marks,
    catalog,
    served_files,
)
"""A module per page, each with its ``router``."""
STATIC_AGE_S = 86400


def create_app() -> FastAPI:
    """The app that Airflow mounts below ``/platerunner``."""
    app = FastAPI(title="Platerunner", docs_url=None, redoc_url=None, openapi_url=None)
    for each in PAGES:
        app.include_router(each.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.middleware("http")(_headers)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    for kind in UNREADABLE:
        app.add_exception_handler(kind, _unreadable)
    app.add_exception_handler(Exception, _broken)
    return app


async def _headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if (target := response.headers.get("location")) is not None:
        response.headers["location"] = _here(target)
    if request.url.path.removeprefix(str(request.scope.get("root_path", ""))).startswith("/static/"):
        response.headers["Cache-Control"] = f"public, max-age={STATIC_AGE_S}"  # its address has a version
    return response


def _here(target: str) -> str:
    """A redirect without the host, because that comes from the request: pages link only to pages of this app."""
    _, host, path, query, _ = urlsplit(target)
    inside = f"/{path.lstrip('/')}" if host or path.startswith("/") else path
    return urlunsplit(("", "", inside, query, ""))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _told(request, error.status_code, str(error.detail))


def _not_understood(request: Request, _error: Exception) -> Response:
    return _told(request, 422, "This address or this request cannot be understood.")


def _unreadable(request: Request, error: Exception) -> Response:
    return _told(request, 502, f"What this run recorded cannot be read: {error}")


def _broken(request: Request, _error: Exception) -> Response:
    """Answer an unexpected error. Starlette raises it again after this answer, so that the log has all of it."""
    return _told(request, 500, "This page failed. The log of Airflow's API server has the error; reload to try again.")


def _told(request: Request, status: int, sentence: str) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return page(request, "problem.html", status, title="Platerunner", sentence=sentence, login=status == 401)
    return JSONResponse({"detail": sentence}, status)
