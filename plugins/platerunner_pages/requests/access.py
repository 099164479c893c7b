"""Who may see and do what: Airflow's login and its permissions per DAG, and proof that a request is our own page's."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, HTTPException, Request, status

from platerunner_pages.requests import tokens

NOTHING = "There is nothing here, or it is not for you to see."
"""The same words for what does not exist and what a user may not see, so that the answer reveals neither."""
TOKEN_HEADER = "X-Platerunner-Token"  # noqa: S105  (a header's name)
NOT_YOURS_TO_RUN = "You may look at this DAG, but not change its runs."
NOT_YOURS_TO_ANSWER = "You may look at this DAG, but not answer its gates."
STALE = "This page was open for too long, or the request is not its own: load the page again."

_SEE = (
    requires_access_dag("GET"),
    requires_access_dag("GET", DagAccessEntity.RUN),
    requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE),
)
_SEE_CODE = (requires_access_dag("GET", DagAccessEntity.CODE),)
_SEE_LOGS = (requires_access_dag("GET", DagAccessEntity.TASK_LOGS),)
# The rights that Airflow asks for to clear a task, and to start a run with params.
_RERUN = (
    requires_access_dag("PUT", DagAccessEntity.TASK_INSTANCE),
    requires_access_dag("POST", DagAccessEntity.RUN),
)

# The rights that Airflow asks for to answer a question.
_ANSWER = (requires_access_dag("PUT", DagAccessEntity.HITL_DETAIL),)


def missing() -> HTTPException:
    """The answer for what does not exist or may not be seen."""
    return HTTPException(status.HTTP_404_NOT_FOUND, NOTHING)


def reader(request: Request, user: GetUserDep) -> BaseUser:
    """The user, who may see the DAG of the path and its runs.

    :raises HTTPException: 401 without a login; 404 otherwise.
    """
    if not _passes(_SEE, request, user):
        raise missing()
    return user


Reader = Annotated[BaseUser, Depends(reader)]


def may_see_logs(request: Request, user: BaseUser) -> bool:
    """Whether a reader may see logs, too."""
    return _passes(_SEE_LOGS, request, user)


def may_see_code(request: Request, user: BaseUser) -> bool:
    """Whether a reader may see the text of the spec."""
    return _passes(_SEE_CODE, request, user)


def may_rerun(request: Request, user: BaseUser) -> bool:
    """Whether a reader may run units again."""
    return _passes(_RERUN, request, user)


def may_rerun_of(request: Request, user: BaseUser, dag_id: str) -> bool:
    """Whether a user may run units of a DAG again that the path does not name."""
    entities = (("PUT", DagAccessEntity.TASK_INSTANCE), ("POST", DagAccessEntity.RUN))
    return _passes(
        tuple(requires_access_dag(method, entity, dag_id) for method, entity in entities),  # type: ignore[arg-type]
        request,
        user,
    )


def may_answer(request: Request, user: BaseUser) -> bool:
    """Whether a reader may answer gates, as far as Airflow's permissions say."""
    return _passes(_ANSWER, request, user)


def _changing(may: Callable[[Request, BaseUser], bool], refusal: str) -> Callable[..., BaseUser]:
    """A dependency: the user, who may change something of the path's DAG, and asks for it from our own page.

    :param refusal: said to who may not, with status 403.
    """

    def user(request: Request, user: Reader) -> BaseUser:
        if not may(request, user):
            raise HTTPException(status.HTTP_403_FORBIDDEN, refusal)
        own_page(request, user)
        return user

    return user


rerunner = _changing(may_rerun, NOT_YOURS_TO_RUN)
answerer = _changing(may_answer, NOT_YOURS_TO_ANSWER)
Rerunner = Annotated[BaseUser, Depends(rerunner)]
Answerer = Annotated[BaseUser, Depends(answerer)]


def action_token(user: BaseUser, dag_id: str) -> str:
    """What a page hands back with every change that it asks for; of use to this user, for this DAG, for an hour."""
    return tokens.sign("action", user.get_id(), dag_id)


def own_page(request: Request, user: BaseUser) -> None:
    """Refuse a change that does not come from a page of ours, shown to this user about this DAG.

    A form or a script of another site can send the login's cookie along, but cannot read the page's token, nor set a
    header of this name.

    :raises HTTPException: 403.
    """
    try:
        said = tokens.read("action", request.headers.get(TOKEN_HEADER, ""), tokens.ACTION_S)
    except tokens.TokenError:
        raise HTTPException(status.HTTP_403_FORBIDDEN, STALE) from None
    if said != [user.get_id(), request.path_params["dag_id"]] or not _same_origin(request):
        raise HTTPException(status.HTTP_403_FORBIDDEN, STALE)


def _same_origin(request: Request) -> bool:
    # Browsers say this of every request, and it stays true behind a proxy that changes the host's name.
    if (site := request.headers.get("sec-fetch-site")) is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _passes(checks: tuple[object, ...], request: Request, user: BaseUser) -> bool:
    try:
        for check in checks:
            check(request, user)  # type: ignore[operator]
    except HTTPException as error:
        if error.status_code != status.HTTP_403_FORBIDDEN:
            raise
        return False
    return True
