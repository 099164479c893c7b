"""The archives: each in its own form, opened as a :class:`~platerunner_em.volume.Volume`."""

import fnmatch
import json
import re
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin

import mrcfile
import numpy as np
import tensorstore as ts
import tifffile

from platerunner_em.fetching import DataError, download, get, get_json
from platerunner_em.volume import Box, Request, Volume, Voxels

SOURCES = {
    "ebi": "https://ftp.ebi.ac.uk/empiar/world_availability/{dataset}/data/",
    "epfl": "https://documents.epfl.ch/groups/c/cv/cvlab-unit/www/data/%20ElectronMicroscopy_Hippocampus/{dataset}.tif",
    "flyem": "https://storage.googleapis.com/neuroglancer-janelia-flyem-hemibrain/{dataset}",
    "idr": "https://uk1s3.embassy.ebi.ac.uk/idr/zarr/v0.4/{dataset}.zarr",
    "openorganelle": "https://janelia-cosem-datasets.s3.amazonaws.com/{dataset}/{dataset}.n5/em/fibsem-uint16/s0",
}
"""Where each archive's datasets are, unless a step gives its own `url`."""
_HREF = re.compile(r'href="([^"?#]+)"', re.IGNORECASE)
_MRC, _TIFF = (".mrc", ".rec", ".map", ".st"), (".tif", ".tiff")
_ABOUT = ("title", "doi", "licence")


def open_source(source: str, request: Request) -> Volume:
    """Open what a step asks for.

    :param source: a name of :data:`SOURCES`.
    :raises DataError: if it is not there, or is of a form that is not known.
    """
    openers: dict[str, Callable[[Request], Volume]] = {
        "ebi": _open_files, "epfl": _open_file, "flyem": _open_flyem, "idr": _open_idr,
        "openorganelle": _open_openorganelle,
    }  # fmt: skip
    return _cropped(openers[source](request), request.params.get("box"))


def _cropped(volume: Volume, box: Sequence[int] | None) -> Volume:
    """The part of a volume that a step asks for: z0, y0, x0, z1, y1, x1."""
    if not box:
        return volume
    low, high = [int(each) for each in box[:3]], [int(each) for each in box[3:6]]
    fits = len(box) == 6 and all(0 <= a < b <= n for a, b, n in zip(low, high, volume.shape, strict=True))
    if not fits:
        raise DataError(f"`box: {list(box)}` is no z0, y0, x0, z1, y1, x1 within {list(volume.shape)}")
    z, y, x = (b - a for a, b in zip(low, high, strict=True))

    def read(part: Box) -> Voxels:
        moved = [(a + at, b + at) for (a, b), at in zip(part, low, strict=True)]
        return volume.read((moved[0], moved[1], moved[2]))

    return Volume(volume.url, (z, y, x), volume.dtype, volume.voxel_nm, read, volume.about, volume.chunks, volume.files)


def _open_file(request: Request) -> Volume:
    """A single stack."""
    return _of_files(request, [request.url], {})


def _open_files(request: Request) -> Volume:
    """The files of an EMPIAR entry that fit `files`: one stack, or a slice each."""
    wanted = str(request.params.get("files", "*"))
    page = get(request.url if request.url.endswith("/") else f"{request.url}/").body.decode(errors="replace")
    names = sorted({unquote(unescape(name)) for name in _HREF.findall(page)}, key=_natural)
    fitting = [n for n in names if fnmatch.fnmatch(n, wanted) and n.lower().endswith((*_MRC, *_TIFF))]
    if not fitting:
        shown = ", ".join(names[:5]) or "nothing"
        raise DataError(f"{request.url}: no MRC and no TIFF fits `files: {wanted}`; there is {shown}")
    base = request.url if request.url.endswith("/") else f"{request.url}/"
    return _of_files(request, [urljoin(base, quote(name)) for name in fitting], _empiar(request))


def _empiar(request: Request) -> dict[str, str]:
    """Title, DOI and licence of an entry, if the archive's API is asked and knows it."""
    api = request.params.get("api")
    if not api:
        return {}
    entry = get_json(f"{str(api).rstrip('/')}/{request.dataset}/")
    found: dict[str, Any] = next(iter(entry.values()), {}) if isinstance(entry, dict) else {}
    names = {"title": "title", "doi": "entry_doi", "licence": "licence"}
    return {name: str(found.get(key) or "") for name, key in names.items()}


def _of_files(request: Request, urls: Sequence[str], about: dict[str, str]) -> Volume:
    files = {url: request.folder / unquote(url.rpartition("/")[2]) for url in urls}
    got = {url: download(url, path, request.chunk, request.workers) for url, path in files.items()}
    stacks = [_stack(path) for path in files.values()]
    shapes = {stack.shape[1:] for stack, _ in stacks}
    if len(shapes) > 1 or len({stack.dtype for stack, _ in stacks}) > 1:
        raise DataError(f"{request.url}: its files differ in size or type; choose some with `files`")
    starts = np.cumsum([0, *(len(stack) for stack, _ in stacks)])
    sums = {
        Path(path).name: list(dict(sorted(got[url].chunks.items(), key=_by_number)).values())
        for url, path in files.items()
    }
    shape = (int(starts[-1]), *next(iter(shapes)))

    def read(box: Box) -> Voxels:
        (z0, z1), (y0, y1), (x0, x1) = box
        parts = [
            stack[max(0, z0 - at) : max(0, z1 - at), y0:y1, x0:x1]
            for (stack, _), at in zip(stacks, map(int, starts), strict=False)
            if at < z1 and at + len(stack) > z0
        ]
        return np.concatenate(parts)

    voxel = _voxel(request, stacks[0][1])
    return Volume(request.url, shape, stacks[0][0].dtype, voxel, read, {**about, **_told(request)}, files=sums)


def _by_number(item: tuple[str, str]) -> int:
    return int(item[0])


def _natural(name: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _stack(path: Path) -> tuple[Voxels, Sequence[float] | None]:
    """A file's voxels, not read yet where the file allows, and their size in nm if it says so."""
    try:
        if path.suffix.lower() in _MRC:
            opened = mrcfile.mmap(path, mode="r", permissive=False)
            size = opened.voxel_size
            data = opened.data if opened.data.ndim == 3 else opened.data[np.newaxis]
            nm = [float(size[axis]) / 10 for axis in "zyx"]
            return data, nm if all(nm) else None
        try:
            pages: Voxels = tifffile.memmap(path, mode="r")
        except ValueError:  # compressed
            pages = tifffile.imread(path)
    except (ValueError, OSError, tifffile.TiffFileError) as error:
        raise DataError(f"{path.name} cannot be read: {error}") from error
    return (pages if pages.ndim == 3 else pages[np.newaxis]), None


def _voxel(request: Request, known: Sequence[float] | None) -> tuple[float, float, float]:
    """Size of a voxel: what the step says, else what the source says."""
    said = request.params.get("voxel_nm") or known
    if not said or len(said) != 3 or not all(float(nm) > 0 for nm in said):
        raise DataError(f"{request.url} does not say how large its voxels are: give `with: {{voxel_nm: [z, y, x]}}`")
    z, y, x = (float(nm) for nm in said)
    return z, y, x


def _told(request: Request) -> dict[str, str]:
    return {name: str(request.params[name]) for name in _ABOUT if request.params.get(name)}


def _open_flyem(request: Request) -> Volume:
    """A DVID server's grey values, or a volume in neuroglancer's precomputed form."""
    return _open_dvid(request) if "/api/node/" in request.url else _open_precomputed(request)


def _open_dvid(request: Request) -> Volume:
    """https://dvid.io: `/info` describes an instance, `/raw/0_1_2/<size>/<offset>` gives a box of it."""
    extended = get_json(f"{request.url}/info").get("Extended", {})
    try:
        low, high = extended["MinPoint"][::-1], extended["MaxPoint"][::-1]
        dtype = np.dtype(extended["Values"][0]["DataType"])
        side = extended.get("BlockSize", [64, 64, 64])[::-1]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(f"{request.url}/info is not of an instance with grey values: {error} is missing") from error
    shape = tuple(int(b) - int(a) + 1 for a, b in zip(low, high, strict=True))

    def read(box: Box) -> Voxels:
        size = "_".join(str(b - a) for a, b in reversed(box))
        offset = "_".join(str(a + int(at)) for (a, _), at in zip(reversed(box), reversed(low), strict=True))
        body = get(f"{request.url}/raw/0_1_2/{size}/{offset}").body
        wanted = [b - a for a, b in box]
        if len(body) != int(np.prod(wanted)) * dtype.itemsize:
            raise DataError(f"{request.url}: {len(body)} bytes came of a box of {wanted} voxels")
        return np.frombuffer(body, dtype).reshape(wanted)

    voxel = _voxel(request, extended.get("VoxelSize", [])[::-1])
    return Volume(request.url, (shape[0], shape[1], shape[2]), dtype, voxel, read, _told(request), tuple(side))


def _open_precomputed(request: Request) -> Volume:
    info = get_json(f"{request.url}/info")
    level = int(request.params.get("scale", 0))
    try:
        scale = info["scales"][level]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(f"{request.url}/info has no scale {level}") from error
    spec = {"driver": "neuroglancer_precomputed", "scale_index": level}
    store = _opened(spec, request)[ts.d["channel"][0]]
    return _of_store(request, store.T, scale["resolution"][::-1])


def _open_idr(request: Request) -> Volume:
    """An OME-Zarr of the Image Data Resource: one channel of its first time point."""
    attributes = get_json(f"{request.url}/.zattrs")
    level = int(request.params.get("scale", 0))
    try:
        multiscales = attributes["multiscales"][0]
        dataset = multiscales["datasets"][level]
        axes = [axis["name"] if isinstance(axis, dict) else axis for axis in multiscales["axes"]]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(f"{request.url} is no OME-Zarr with a scale {level}: {error} is missing") from error
    store = _opened({"driver": "zarr"}, request, dataset["path"])
    units = {axis["name"]: axis.get("unit", "") for axis in multiscales["axes"] if isinstance(axis, dict)}
    fixed = {"t": 0, "c": int(request.params.get("channel", 0))}
    sizes = next((t["scale"] for t in dataset.get("coordinateTransformations", ()) if t["type"] == "scale"), None)
    index = tuple(fixed[axis] if axis in fixed else slice(None) for axis in axes)
    nm = {"micrometer": 1000.0, "nanometer": 1.0, "angstrom": 0.1}
    known = (
        [s * nm.get(units.get(a, ""), 0.0) for s, a in zip(sizes, axes, strict=True) if a in "zyx"] if sizes else None
    )
    return _of_store(request, store[index], known)


def _open_openorganelle(request: Request) -> Volume:
    """An array of an N5 or a Zarr; N5 counts its axes from x."""
    for name, driver in (("attributes.json", "n5"), (".zarray", "zarr"), ("zarr.json", "zarr3")):
        try:
            attributes = get_json(f"{request.url}/{name}")
        except DataError as error:
            if "HTTP 404" in str(error) or "HTTP 403" in str(error):
                continue
            raise
        store = _opened({"driver": driver}, request)
        known = attributes.get("pixelResolution", {})
        sizes = known.get("dimensions") if isinstance(known, dict) else known
        if driver != "n5":
            return _of_store(request, store, sizes)
        return _of_store(request, store.T, sizes[::-1] if sizes else None)
    raise DataError(f"{request.url} is no array of an N5 or a Zarr: it has no attributes.json, .zarray or zarr.json")


def _opened(spec: dict[str, Any], request: Request, below: str = "") -> Any:
    """An array on a web server; as many requests at a time as the step allows."""
    url = "/".join(part for part in (request.url, below) if part)
    context = {"http_request_concurrency": {"limit": request.workers}, "http_request_retries": {"max_retries": 4}}
    try:
        return ts.open({**spec, "kvstore": {"driver": "http", "base_url": f"{url}/"}, "context": context}).result()
    except ValueError as error:
        raise DataError(f"{url}: {_first_line(error)}") from error


def _of_store(request: Request, store: Any, known: Sequence[float] | None) -> Volume:
    if store.rank != 3:
        raise DataError(f"{request.url} has {store.rank} axes, and a volume has three")
    low = store.domain.inclusive_min

    def read(box: Box) -> Voxels:
        index = tuple(slice(a + at, b + at) for (a, b), at in zip(box, low, strict=True))
        try:
            found: Voxels = store[index].read().result()
        except ValueError as error:
            raise DataError(f"{request.url}: {_first_line(error)}") from error
        return found

    z, y, x = store.shape
    chunks = tuple(int(side) or 64 for side in store.chunk_layout.read_chunk.shape or (64, 64, 64))
    dtype = np.dtype(store.dtype.numpy_dtype)
    return Volume(request.url, (z, y, x), dtype, _voxel(request, known), read, _told(request), chunks)  # type: ignore[arg-type]


def _first_line(error: Exception) -> str:
    return json.dumps(str(error).splitlines()[0][:300])[1:-1]
