"""Pages from templates: everything that is put in is escaped, and nothing but our own files runs in a page."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from platerunner_pages.drawing.plate_map import label
from platerunner_pages.plugin import PREFIX
from platerunner_unit.contract.words import show_number, show_usd

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"
# No inline script or style, no other host, no frame but Airflow's own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or a part of one.

    :param template: name of its file.
    :param values: what it shows.
    """
    root = str(request.scope.get("root_path", "")) or PREFIX
    known = {"root": root, "airflow": root.removesuffix(PREFIX), "version": _version()}
    return HTMLResponse(_environment().get_template(template).render(**known, **values), status, HEADERS)


def path(*parts: str) -> str:
    """Names as a path, each quoted as one segment."""
    return "/".join(quote(part, safe="") for part in parts)


def size(count: float | None) -> str:
    """Bytes for people."""
    if count is None:
        return "-"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError


def duration(seconds: float | None) -> str:
    """Seconds for people: ``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds is None:
        return "-"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def moment(value: datetime | str | None) -> str:
    """A moment for people, in UTC."""
    text = value.isoformat() if isinstance(value, datetime) else str(value or "")
    return f"{text[:16].replace('T', ' ')} UTC" if text else "-"


def with_code(text: str) -> Markup:
    """A sentence of the engine, whose words between backticks are shown as code."""
    pieces = re.split(r"`([^`\n]+)`", str(text))
    return Markup("").join(Markup("<code>{}</code>").format(each) if at % 2 else each for at, each in enumerate(pieces))


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    filters: Mapping[str, Callable[..., Any]] = {
        "path": path, "size": size, "duration": duration, "moment": moment, "label": label, "number": show_number,
        "usd": show_usd, "with_code": with_code,
    }  # fmt: skip
    found.filters.update(filters)
    return found


@cache
def _version() -> str:
    """Changes with the style sheet and the scripts, so that browsers may keep them."""
    files = sorted(path for path in STATIC.rglob("*") if path.is_file())
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
