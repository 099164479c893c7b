"""Loads one volume: by blocks into an OME-Zarr that outlives the attempt, which is then handed over with metadata."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platerunner_em.fetching import DataError
from platerunner_em.omezarr import Written, write
from platerunner_em.sources import SOURCES, open_source
from platerunner_em.volume import Request, Volume

MIB = 1024**2
_COPIES = 6
"""A block is held as it came, in z, y, x, and compressed; the levels below it are made beside."""


def run(unit: Mapping[str, Any], source: str) -> None:
    """Load what a unit asks for.

    :param unit: the content of ``unit.json``.
    :param source: a name of :data:`platerunner_em.sources.SOURCES`.
    :raises DataError: if it cannot be loaded; what was fetched is there for the next attempt.
    """
    carried = Path(unit["carried"])
    request = make_request(unit, source, carried)
    volume = open_source(source, request)
    store = carried / "volume.zarr"
    written = write(volume, store, carried / "blocks.jsonl", request, request.dataset)
    _place(unit, "volume", store)
    (file,) = unit["outputs"]["metadata"]
    Path(file["path"]).write_text(json.dumps(describe(source, request, volume, written), indent=1) + "\n")
    note = (
        f"{written.fetched} of {written.blocks} blocks were fetched, {written.kept} were there from an earlier attempt"
    )
    with Path(unit["notes"]).open("a", encoding="utf-8") as stream:
        stream.write(f"{note}\n")
    shutil.rmtree(carried)  # nothing is left to go on with
    carried.mkdir()


def make_request(unit: Mapping[str, Any], source: str, carried: Path) -> Request:
    """What the step asks for, with as many workers as its memory has room for.

    :raises DataError: if it has room for none, or no dataset is named.
    """
    params = dict(unit["params"])
    dataset = str(unit["values"].get("dataset") or params.get("dataset") or "")
    if not dataset:
        raise DataError("no dataset is named: give `foreach: {dataset: [...]}` or `with: {dataset: ...}`")
    url = str(params.get("url") or SOURCES[source]).replace("{dataset}", dataset)
    chunk = int(float(params.get("chunk_mb", 64)) * MIB)
    limit = _memory(params.get("memory_limit")) or int(unit.get("requested", {}).get("memory") or 2048 * MIB)
    room = limit // (_COPIES * chunk)
    if room < 1:
        raise DataError(f"`chunk_mb` times {_COPIES} is more than the {limit // MIB} MiB of memory; make it smaller")
    workers = max(1, min(int(params.get("workers", 4)), room))
    return Request(dataset, url.rstrip("/") if source != "ebi" else url, params, carried / "files", chunk, workers)


def _memory(text: Any) -> int | None:
    if text is None:
        return None
    number, _, word = str(text).strip().partition(" ")
    factors = {"MiB": MIB, "GiB": 1024 * MIB, "MB": 10**6, "GB": 10**9}
    try:
        return int(float(number) * factors[word.strip()])
    except (ValueError, KeyError) as error:
        raise DataError(f"`memory_limit: {text}` is no size; write it like `6 GiB`") from error


def _place(unit: Mapping[str, Any], output: str, store: Path) -> None:
    (file,) = unit["outputs"][output]
    target = Path(file["path"])
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    store.rename(target)


def describe(source: str, request: Request, volume: Volume, written: Written) -> dict[str, Any]:
    """What the table says of a volume."""
    digests = "\n".join(written.digests).encode()
    return {
        "source": source,
        "dataset": request.dataset,
        "url": volume.url,
        "shape": list(volume.shape),
        "dtype": volume.dtype.name,
        "voxel_nm": list(volume.voxel_nm),
        "levels": written.levels,
        "blocks": written.blocks,
        "sha256": hashlib.sha256(digests).hexdigest(),
        "files": volume.files,
        **{name: volume.about.get(name, "") for name in ("title", "doi", "licence")},
    }
