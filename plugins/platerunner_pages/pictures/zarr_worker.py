"""Makes a PNG of a part of a plane of a Zarr array; a process of its own, with bounded memory and time.

    python -I -m platerunner_pages.pictures.zarr_worker part < order > png
    python -I -m platerunner_pages.pictures.zarr_worker ends < order > json

An order is a line of JSON, then the array's files one after another. It has ``driver`` (TensorStore's), ``files``
(names and sizes), ``at`` (an index for each axis, null for the last two), ``box`` (left, top, right, bottom) and, for
``part``, ``size`` (width, height) and ``ends`` (the intensities that are black and white). A chunk that is no file is
empty.
"""

import json
from typing import Any

from platerunner_pages.pictures.bounds import PIXELS, RefusedError, work
from platerunner_pages.pictures.worker import BRIGHTEST, DARKEST, png


def make(data: bytes, args: list[str]) -> bytes:
    """Do what the argument says."""
    line, _, blobs = data.partition(b"\n")
    order = json.loads(line)
    plane = _plane(order, blobs)
    return _part(plane, order) if args == ["part"] else _ends(plane)


def _plane(order: dict[str, Any], blobs: bytes) -> Any:
    left, top, right, bottom = order["box"]
    if (right - left) * (bottom - top) > PIXELS:
        raise RefusedError(f"it has {right - left:,} x {bottom - top:,} pixels")
    array = _opened(order, blobs)
    at = [slice(None) if index is None else index for index in order["at"]]
    at[-2:] = [slice(top, bottom), slice(left, right)]
    return array[tuple(at)].read().result()


def _opened(order: dict[str, Any], blobs: bytes) -> Any:
    import tensorstore as ts

    context = ts.Context()
    place = ts.KvStore.open({"driver": "memory"}, context=context).result()
    begin = 0
    for name, size in order["files"]:
        place.write(name, blobs[begin : begin + size]).result()
        begin += size
    return ts.open({"driver": order["driver"], "kvstore": {"driver": "memory"}}, context=context, open=True).result()


def _ends(plane: Any) -> bytes:
    import numpy as np

    return json.dumps([float(each) for each in np.quantile(plane, [DARKEST, BRIGHTEST])]).encode()


def _part(plane: Any, order: dict[str, Any]) -> bytes:
    import numpy as np
    from PIL import Image

    low, high = order["ends"]
    scale = 255 / (high - low) if high > low else 0.0
    greys = np.clip((plane.astype(np.float32) - low) * scale, 0, 255)
    image = Image.fromarray(greys).resize(order["size"], Image.Resampling.BOX)
    return png(image.point(lambda value: value + 0.5).convert("L"))


if __name__ == "__main__":
    raise SystemExit(work(make))
