"""OME-Zarr 0.4 and 0.5: plates with their wells, images with their scales, and what of them a tile needs.

https://ngff.openmicroscopy.org/0.4/ and https://ngff.openmicroscopy.org/0.5/
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import ceil
from typing import Any

from platerunner_pages.pictures.decoding import NoPictureError, decoded
from platerunner_pages.pictures.kept import Kept
from platerunner_pages.pictures.tiles import Area
from platerunner_pages.pictures.zarr_folders import ZarrFolder

CHUNKS = 10_000
"""Chunks that are read for one picture."""
_SERIES = re.compile(r"(\d+)/(?:\.zattrs|zarr\.json)")
_ends: Kept[tuple[float, float]] = Kept(1000)


@dataclass(frozen=True, slots=True)
class Scale:
    """One resolution of an image: an array.

    :param path: in the folder.
    :param driver: TensorStore's name of the format.
    :param described: name of the file that describes it.
    :param prefix: what the names of its chunks begin with, before their places.
    """

    path: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    driver: str
    described: str
    prefix: str
    separator: str

    def chunk(self, place: Sequence[int]) -> str:
        """Name of a chunk in the folder."""
        return f"{self.path}/{self.prefix}{self.separator.join(map(str, place))}"


@dataclass(frozen=True, slots=True)
class ZarrImage:
    """An image of an OME-Zarr.

    :param axes: names in order; the last two are ``y`` and ``x``.
    :param scales: the largest first.
    :param channels: what is known of each: its name, and between which intensities it is shown, if somebody said.
    """

    folder: ZarrFolder
    path: str
    axes: tuple[str, ...]
    scales: tuple[Scale, ...]
    channels: tuple[tuple[str, tuple[float, float] | None], ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        *_, high, wide = self.scales[0].shape
        return wide, high

    def count(self, axis: str) -> int:
        """How many planes there are along an axis."""
        return self.scales[0].shape[self.axes.index(axis)] if axis in self.axes else 1

    def tile(self, area: Area, at: dict[str, int]) -> bytes:
        """A PNG of a part of a plane.

        :param at: index along the axes ``t``, ``c`` and ``z``.
        :raises NoPictureError: if it cannot be decoded.
        """
        scale = self._scale_for(area)
        box = _scaled(area.box, self.size, (scale.shape[-1], scale.shape[-2]))
        order = {"box": box, "size": area.size, "ends": self.ends(at.get("c", 0), at.get("t", 0))}
        return self._ask("part", scale, at, order)

    def ends(self, channel: int, time: int) -> tuple[float, float]:
        """Between which intensities a channel is shown: the same for all its planes."""
        if (said := self.channels[channel][1]) is not None:
            return said
        scale = self.scales[-1]
        at = {"c": channel, "t": time, "z": self.count("z") // 2}
        order = {"box": (0, 0, scale.shape[-1], scale.shape[-2])}
        name = (self.folder.identity, self.path, channel, time)
        return _ends.get(name, lambda: tuple(json.loads(self._ask("ends", scale, at, order))))

    def _scale_for(self, area: Area) -> Scale:
        """The smallest scale that is not coarser than what is drawn."""
        left, _, right, _ = area.box
        least = area.size[0] / (right - left) * self.size[0] - 1
        return [each for each in self.scales if each is self.scales[0] or each.shape[-1] >= least][-1]

    def _ask(self, what: str, scale: Scale, at: dict[str, int], order: dict[str, Any]) -> bytes:
        # A scale may have fewer planes than the largest one.
        of = zip(self.axes[:-2], scale.shape, self.scales[0].shape, strict=False)
        index = [min(at.get(name, 0) * own // whole, own - 1) for name, own, whole in of]
        told = {**order, "driver": scale.driver, "at": [*index, None, None]}
        return decoded("zarr_worker", lambda: self._order(scale, told), what, needs="tensorstore")

    def _order(self, scale: Scale, told: dict[str, Any]) -> bytes:
        chunks = list(islice(_chunks(scale, told["at"][:-2], told["box"]), CHUNKS + 1))
        if len(chunks) > CHUNKS:
            raise NoPictureError(f"{scale.path} of {self.folder.path} has too many small chunks to be shown.")
        files = self.folder.read_all([f"{scale.path}/{scale.described}", *chunks])
        named = [(name[len(scale.path) + 1 :], len(data)) for name, data in files]
        return b"".join([json.dumps({**told, "files": named}).encode(), b"\n", *(data for _, data in files)])


def parts_of(folder: ZarrFolder, inside: str) -> list[tuple[str, str]]:
    """Images in a plate, a well or a series: name for a person, and path in the folder.

    :param inside: path in the folder; empty for its top.
    :raises NoPictureError: if its metadata cannot be read.
    """
    return _reading(folder, lambda: list(_parts(folder, inside)))


def image_at(folder: ZarrFolder, inside: str) -> ZarrImage | None:
    """The image at a path; of a plate, a well or a series the first one. None if there is none.

    :raises NoPictureError: if its metadata cannot be read.
    """
    return _reading(folder, lambda: _image_at(folder, inside))


def _reading[T](folder: ZarrFolder, read: Callable[[], T]) -> T:
    try:
        return read()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        told = f"{type(error).__name__}: {error}"[:200]
        raise NoPictureError(f"The metadata of {folder.path} are not those of an OME-Zarr ({told}).") from None


def _image_at(folder: ZarrFolder, inside: str) -> ZarrImage | None:
    for _ in range(4):  # a series has a plate, that has a well, that has an image
        said = _attributes(folder, inside)
        if "multiscales" in said:
            return _image(folder, inside, said)
        if (first := next(_parts(folder, inside), None)) is None:
            return None
        inside = first[1]
    return None


def _parts(folder: ZarrFolder, inside: str) -> Iterator[tuple[str, str]]:
    said = _attributes(folder, inside)
    if "plate" in said:
        for each in said["plate"]["wells"]:
            yield str(each["path"]).replace("/", ""), _join(inside, each["path"])
    elif "well" in said:
        for number, each in enumerate(said["well"]["images"], 1):
            yield f"site {number}", _join(inside, each["path"])
    elif "multiscales" not in said and not inside:
        numbers = sorted({int(found[1]) for name in folder.files if (found := _SERIES.fullmatch(name))})
        yield from ((f"image {number}", str(number)) for number in numbers)


def _attributes(folder: ZarrFolder, inside: str) -> dict[str, Any]:
    said = folder.said(_join(inside, "zarr.json")).get("attributes", {})
    return dict(said.get("ome", said) or folder.said(_join(inside, ".zattrs")))


def _image(folder: ZarrFolder, inside: str, said: dict[str, Any]) -> ZarrImage:
    first = said["multiscales"][0]
    axes = tuple(each if isinstance(each, str) else str(each["name"]) for each in first.get("axes", "tczyx"))
    if axes[-2:] != ("y", "x") or not set(axes) <= set("tczyx"):
        raise NoPictureError(f"{folder.path} has the axes {', '.join(axes)}; those of a picture end with y, x.")
    scales = tuple(_scale(folder, _join(inside, each["path"])) for each in first["datasets"])
    count = scales[0].shape[axes.index("c")] if "c" in axes else 1
    told = (said.get("omero") or {}).get("channels") or []
    channels = tuple(_channel(told[at] if at < len(told) else {}, at) for at in range(count))
    if any(len(each.shape) != len(axes) or len(each.chunks) != len(axes) for each in scales):
        raise ValueError("the arrays have other axes")
    return ZarrImage(folder, inside, axes, scales, channels)


def _channel(said: dict[str, Any], at: int) -> tuple[str, tuple[float, float] | None]:
    window = said.get("window") or {}
    low, high = float(window.get("start", 0)), float(window.get("end", 0))
    return str(said.get("label") or f"channel {at + 1}"), (low, high) if low < high else None


def _scale(folder: ZarrFolder, path: str) -> Scale:
    if old := folder.said(f"{path}/.zarray"):
        separator = str(old.get("dimension_separator", "."))
        return Scale(path, _whole(old["shape"]), _whole(old["chunks"]), "zarr", ".zarray", "", separator)
    new = folder.said(f"{path}/zarr.json")
    coding = new["chunk_key_encoding"]
    own = coding.get("configuration", {}).get("separator")
    separator = own or ("/" if coding["name"] == "default" else ".")
    chunks = _whole(new["chunk_grid"]["configuration"]["chunk_shape"])
    prefix = f"c{separator}" if coding["name"] == "default" else ""
    return Scale(path, _whole(new["shape"]), chunks, "zarr3", "zarr.json", prefix, separator)


def _whole(numbers: Any) -> tuple[int, ...]:
    found = tuple(int(each) for each in numbers)
    if min(found) < 1:
        raise ValueError(f"{found} is no size")
    return found


def _chunks(scale: Scale, index: Sequence[int], box: Sequence[int]) -> Iterator[str]:
    left, top, right, bottom = box
    *sides, high, wide = scale.chunks
    fixed = [[at // side] for at, side in zip(index, sides, strict=True)]
    rows, columns = range(top // high, -(-bottom // high)), range(left // wide, -(-right // wide))
    return (scale.chunk(place) for place in product(*fixed, rows, columns))


def _scaled(box: tuple[int, int, int, int], whole: tuple[int, int], own: tuple[int, int]) -> tuple[int, int, int, int]:
    """A part of the whole image, in the pixels of a scale: one at least."""
    left, top, right, bottom = (at * own[side % 2] / whole[side % 2] for side, at in enumerate(box))
    x, y = min(int(left), own[0] - 1), min(int(top), own[1] - 1)
    return x, y, max(x + 1, min(ceil(right), own[0])), max(y + 1, min(ceil(bottom), own[1]))


def _join(inside: str, name: str) -> str:
    return f"{inside}/{name}" if inside else str(name)
