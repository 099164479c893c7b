"""The page of the catalog: modules and images with status, owner and successor, and who used them lately."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, HTTPException, Request, status
from fastapi.responses import HTMLResponse

from platerunner.batch.image_catalog import standings
from platerunner.catalog.loader import CatalogError, load_catalog
from platerunner.engine.connection import APPROVED_ONLY
from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.place import find_ledger
from platerunner.engine.ledger.usage import Usage, usage_of
from platerunner_pages.drawing.rendering import page
from platerunner_pages.known.runs import SessionDep
from platerunner_pages.known.workspaces import hook
from platerunner_pages.pages.home import readable_pipelines

router = APIRouter()
DAYS = 30
"""For which the page counts who used what: a ledger has years."""


@router.get("/catalog")
def catalog(request: Request, user: GetUserDep, session: SessionDep, *, usage: bool = False) -> HTMLResponse:
    """Show the catalog as this Airflow has it, and on request who used what."""
    try:
        modules = load_catalog()
    except CatalogError as error:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, f"The catalog cannot be read: {error}") from None
    settings = hook().settings
    values: dict[str, Any] = {
        "modules": [modules[name] for name in sorted(modules)],
        "images": sorted(standings().items()),
        "approved_only": settings.policy == APPROVED_ONLY,
        "ledger": settings.ledger,
        "days": DAYS,
        "used": _used(settings.ledger, user, session) if usage and settings.ledger else None,
    }
    return page(request, "catalog.html", title="Catalog", **values)


def _used(place: str, user: BaseUser, session: SessionDep) -> Sequence[Usage]:
    """By pipelines that the user may see; of others nobody hears here."""
    readable = {dag.dag_id for dag in readable_pipelines(user, session)}
    if not readable:
        return []  # a ledger takes no name for all names
    since = datetime.now(UTC).date() - timedelta(days=DAYS)
    try:
        return usage_of(find_ledger(hook().storage(place)).rows(since, readable))
    except LedgerError as error:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, str(error)) from None
