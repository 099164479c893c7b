"""The results of a step: its outputs by name and plate, the first rows of tables, and the files themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, StreamingResponse

from platerunner_pages.drawing.plate_map import label
from platerunner_pages.drawing.rendering import page
from platerunner_pages.findings.origin import origin_of
from platerunner_pages.findings.story import cost_of
from platerunner_pages.known.runs import SeenRun, SessionDep, find_run
from platerunner_pages.known.sources import CHANNEL, INPUT, Layer, Source, file_of, layers_of, listed_in, sources_of
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.pictures.decoding import NoPictureError
from platerunner_pages.pictures.thumbnails import SIDES, Thumbnails
from platerunner_pages.pictures.thumbnails import SUFFIXES as SEEN
from platerunner_pages.requests import tokens
from platerunner_pages.requests.access import Reader, may_see_code, missing
from platerunner_pages.requests.served_files import POLICY, servable
from platerunner_pages.values.preview import preview_of
from platerunner_pages.values.problems import ValuesError
from platerunner_pages.values.ranged import PIECE, RangedFile
from platerunner_pages.values.rows import SUFFIXES
from platerunner_pages.values.tables import TableFile
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import folder_of as folder_path
from platerunner_unit.contract.unit_keys import shown_key, unit_id

_thumbnails = Thumbnails()
router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/results")
SHOWN = 500
"""Files of an output that are shown."""
FIELDS = 96
"""Fields of view whose images are shown."""
LARGEST = 1024**3
"""Largest file that is sent, in bytes. It goes in pieces, so that the server never holds all of it."""
Name = Annotated[str, Query(max_length=500)]
Key = Annotated[str, Query(max_length=1024)]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file of an output.

    :param name: for a person; a folder's ends with a slash.
    :param token: of the address under which a browser draws it for some minutes; None if it does not.
    :param table: whether its first rows can be shown.
    :param look: its key, or a folder's path, if it can be looked at in full resolution; else empty.
    """

    file: TableFile
    name: str
    token: str | None
    table: bool
    look: str


@dataclass(frozen=True, slots=True)
class Field:
    """Images of one field of view, such as a site of a well.

    :param name: what a person calls it.
    :param images: channel to key; the channel is empty for an image that has none.
    """

    name: str
    images: dict[str, str]


@router.get("/")
def results(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    user: Reader,
    session: SessionDep,
    output: Name = "",
    plate: Name = "",
) -> HTMLResponse:
    """List the files of an output.

    :param output: its name; empty for the first.
    :param plate: whose files are wanted; empty for all.
    """
    found = find_run(dag_id, run_id, session)
    step = found.step(task_id)
    sources = sources_of(step)
    if output and output not in sources:
        raise missing()
    chosen = output or next(iter(sources), "")
    files, problem = _files(found, step, chosen, plate)
    return page(
        request,
        "results.html",
        title=f"Results of {step.step}",
        dag_id=dag_id,
        run=found,
        step=step,
        outputs=list(sources),
        chosen=chosen,
        made=not chosen.startswith(INPUT),
        plate=plate,
        fields=fields(files) if chosen and sources[chosen].images else [],
        folders=bool(chosen) and sources[chosen].folder,
        files=[_shown(each, sources[chosen], user.get_id(), dag_id, run_id, task_id) for each in files[:SHOWN]],
        count=len(files),
        total=sum(each.size for each in files),
        problem=problem,
        cost=cost_of(found, step),
    )


@router.get("/preview")
def preview(
    request: Request, dag_id: str, run_id: str, task_id: str, _user: Reader, session: SessionDep, output: Name, key: Key
) -> HTMLResponse:
    """The first rows of a table with the types of its columns, as a part of the page."""
    found = find_run(dag_id, run_id, session)
    workspace, file = file_of(found, found.step(task_id), output, key)
    try:
        return page(request, "preview.html", key=key, preview=preview_of(workspace, file.key, file.size))
    except ValuesError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from None
    except NotFoundError:
        raise missing() from None


@router.get("/origin")
def origin(
    request: Request, dag_id: str, run_id: str, task_id: str, user: Reader, session: SessionDep, output: Name, key: Key
) -> HTMLResponse:
    """What made a file, as a part of the page; each file that was read leads on to what made that."""
    found = find_run(dag_id, run_id, session)
    workspace, file = file_of(found, found.step(task_id), output, key)
    made = origin_of(workspace, found, file.key)
    settings = made.settings if made is not None and may_see_code(request, user) else {}
    return page(request, "origin.html", key=key, dag_id=dag_id, run_id=run_id, origin=made, settings=settings)


@router.get("/layers")
def layers(
    dag_id: str, run_id: str, task_id: str, _user: Reader, session: SessionDep, output: Name, key: Key
) -> list[Layer]:
    """Images of the same field that the step's other outputs and its inputs have."""
    found = find_run(dag_id, run_id, session)
    step = found.step(task_id)
    _, file = file_of(found, step, output, key)
    return layers_of(found, step, output, file.values)


@router.get("/thumbnail")
def thumbnail(
    dag_id: str,
    run_id: str,
    task_id: str,
    _user: Reader,
    session: SessionDep,
    output: Name,
    key: Key,
    side: int = SIDES[0],
) -> Response:
    """An image of an output, small, as a PNG; decoded by a process of its own."""
    found = find_run(dag_id, run_id, session)
    workspace, file = file_of(found, found.step(task_id), output, key)
    if not file.key.lower().endswith(SEEN) or side not in SIDES:
        raise missing()
    try:
        png = _thumbnails.get(workspace, file.key, side)
    except NoPictureError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from None
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": f"private, max-age={tokens.FILE_S}"}
    return Response(png, media_type="image/png", headers=headers)


@router.get("/file")
def download(
    dag_id: str, run_id: str, task_id: str, _user: Reader, session: SessionDep, output: Name, key: Key
) -> StreamingResponse:
    """A file of an output, to be kept; a browser never draws it."""
    found = find_run(dag_id, run_id, session)
    workspace, file = file_of(found, found.step(task_id), output, key)
    if file.size > LARGEST:
        told = f"{key} is too large for a page; fetch it from {workspace.url_of(key)}."
        raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, told)
    name = quote(PurePosixPath(key).name)
    headers: dict[str, Any] = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Length": str(file.size),
        "Content-Security-Policy": POLICY,
    }
    return StreamingResponse(_pieces(workspace, file), media_type="application/octet-stream", headers=headers)


def fields(files: Sequence[TableFile]) -> list[Field]:
    """Images by field of view, in the files' order; the channels of one are together.

    :param files: of an output of images.
    """
    found: dict[str, Field] = {}
    for each in files:
        others = {name: str(value) for name, value in each.values.items() if name != CHANNEL}
        name = label(unit_id(others, others)) if others else each.key
        field = found.setdefault(name, Field(name, {}))
        field.images.setdefault(str(each.values.get(CHANNEL, "")), each.key)
    return list(found.values())[:FIELDS]


def _files(run: SeenRun, step: SeenStep, chosen: str, plate: str) -> tuple[list[TableFile], str]:
    """The files of an output or an input; or why they are not listed."""
    if not chosen:
        return [], "The run's version of the pipeline does not tell its outputs, or the step has none."
    source = sources_of(step)[chosen]
    try:
        return listed_in(source, source.storage(run, step), plate), ""
    except ValuesError as error:
        return [], str(error)


def _pieces(workspace: Storage, file: TableFile) -> Iterator[bytes]:
    stored = RangedFile(workspace, file.key, file.size)
    while piece := stored.read(PIECE):
        yield piece


def _shown(file: TableFile, source: Source, *whose: str) -> ShownFile:
    """A file as the page has it; only one of the workspace's own has an address for some minutes."""
    if source.folder:
        return ShownFile(
            file, shown_key(file.key), None, table=False, look=(folder_path(file.key) or "") if source.zarr else ""
        )
    token = tokens.sign("file", *whose, file.key) if not source.root and servable(file.key, file.size) else None
    name = file.key.lower()
    return ShownFile(file, file.key, token, name.endswith(SUFFIXES), file.key if name.endswith(SEEN) else "")
