"""One image in full resolution: a file such as a TIFF, or an OME-Zarr that a step wrote, tile by tile."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse

from platerunner_pages.drawing.rendering import page
from platerunner_pages.known.runs import SeenRun, SessionDep, find_run
from platerunner_pages.known.sources import file_of, folder_of, sources_of
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.pictures.decoding import NoPictureError, decoded
from platerunner_pages.pictures.kept import Kept
from platerunner_pages.pictures.ome_zarr import ZarrImage, image_at, parts_of
from platerunner_pages.pictures.thumbnails import SUFFIXES, refuse_large
from platerunner_pages.pictures.tiles import TILE, Area, area_of, last_level
from platerunner_pages.requests import tokens
from platerunner_pages.requests.access import Reader, missing
from platerunner_pages.requests.served_files import POLICY

router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/results")
PARTS = 384
"""Images of a plate or a well that are shown small."""
KEPT = 64 * 1024**2
"""Bytes of tiles that the server keeps."""
Name = Annotated[str, Query(max_length=500)]
Key = Annotated[str, Query(max_length=1024)]
At = Annotated[int, Query(ge=0, lt=1_000_000)]
_tiles: Kept[bytes] = Kept(KEPT, len)
_sizes: Kept[list[int]] = Kept(2000)


@dataclass(frozen=True, slots=True)
class Seen:
    """An image that can be looked at.

    :param axes: name to how many planes it has along it.
    :param channels: their names, if it has any.
    :param identity: changes with its content.
    :param tile: makes a PNG of a part of the plane that the axes' indexes name.
    """

    width: int
    height: int
    axes: dict[str, int]
    channels: list[str]
    identity: tuple[object, ...]
    tile: Callable[[Area, dict[str, int]], bytes]


@router.get("/look")
def look(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    _user: Reader,
    session: SessionDep,
    output: Name,
    key: Key,
    inside: Key = "",
) -> HTMLResponse:
    """Show an image in a viewer, or the images that a plate or a well has.

    :param key: of a file, or the path of a folder.
    :param inside: path in the folder, such as that of a well.
    """
    run = find_run(dag_id, run_id, session)
    step = run.step(task_id)
    try:
        parts = _parts(run, step, output, key, inside)
        seen = None if parts else _seen(run, step, output, key, inside)
    except NoPictureError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from None
    if not parts and seen is None:
        raise missing()
    name = f"{key}/{inside}" if inside else key
    return page(
        request, "look.html", title=name, dag_id=dag_id, run=run, step=step, output=output, key=key, inside=inside,
        parts=parts[:PARTS], more=max(0, len(parts) - PARTS), seen=seen, tile=TILE,
        last=last_level(seen.width, seen.height) if seen else 0,
    )  # fmt: skip


@router.get("/tile")
def tile(
    dag_id: str,
    run_id: str,
    task_id: str,
    _user: Reader,
    session: SessionDep,
    output: Name,
    key: Key,
    inside: Key = "",
    level: At = 0,
    x: At = 0,
    y: At = 0,
    c: At = 0,
    z: At = 0,
    t: At = 0,
) -> Response:
    """A tile of an image, as a PNG; decoded by a process of its own."""
    run = find_run(dag_id, run_id, session)
    at = {"c": c, "z": z, "t": t}
    try:
        seen = _seen(run, run.step(task_id), output, key, inside)
        area = area_of(seen.width, seen.height, level, x, y) if seen else None
        if seen is None or area is None or any(at[axis] >= seen.axes.get(axis, 1) for axis in at):
            raise missing()
        png = _tiles.get((seen.identity, area, *at.values()), lambda: seen.tile(area, at))
    except NoPictureError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from None
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": f"private, max-age={tokens.FILE_S}"}
    return Response(png, media_type="image/png", headers=headers)


def _parts(run: SeenRun, step: SeenStep, output: str, key: str, inside: str) -> list[tuple[str, str]]:
    source = sources_of(step).get(output)
    return parts_of(folder_of(run, step, output, key), inside) if source is not None and source.folder else []


def _seen(run: SeenRun, step: SeenStep, output: str, key: str, inside: str) -> Seen | None:
    source = sources_of(step).get(output)
    if source is not None and source.folder:
        found = image_at(folder_of(run, step, output, key), inside)
        return _of_zarr(found) if found is not None else None
    return _of_file(run, step, output, key) if not inside else None


def _of_zarr(image: ZarrImage) -> Seen:
    wide, high = image.size
    axes = {axis: image.count(axis) for axis in ("c", "z", "t") if image.count(axis) > 1}
    names = [name for name, _ in image.channels]
    return Seen(wide, high, axes, names, (*image.folder.identity, image.path), image.tile)


def _of_file(run: SeenRun, step: SeenStep, output: str, key: str) -> Seen | None:
    workspace, file = file_of(run, step, output, key)
    if not file.key.lower().endswith(SUFFIXES):
        return None
    refuse_large(workspace, file.key, file.size)
    identity = (workspace.url, file.key, file.etag, file.size)

    def read() -> bytes:
        return workspace.get(file.key)

    def cut(area: Area, at: dict[str, int]) -> bytes:
        return decoded("worker", read, "part", *map(str, (at["z"], *area.box, *area.size)))

    wide, high, planes = _sizes.get(identity, lambda: list(json.loads(decoded("worker", read, "measure"))))
    return Seen(wide, high, {"z": planes} if planes > 1 else {}, [], identity, cut)
