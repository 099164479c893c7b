"""What planes a file has, by its own metadata: OME's, ImageJ's, or the number of its pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Optional

from platerunner_unit import instruments
from platerunner_unit.contract.planes import AXES, Planes
from platerunner_unit.instruments import LETTERS
from platerunner_unit.tools import tiff

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_IMAGEJ = {"channel": "channels", "z": "slices", "t": "frames"}
_IMAGEJ_ORDER = "CZT"
_FORMATS = "TIFF, OME-TIFF, ND2, CZI and LIF"


class PlanesError(Exception):
    """The planes of a file are not what the spec says; the message is a clause that begins with a verb."""


class Plane(NamedTuple):
    """One picture of a file.

    :param series: from 0.
    :param frame: its number within the series, from 0, as Bio-Formats and so CellProfiler counts.
    :param at: axis to its place on it, from 0; empty where the file does not tell.
    """

    series: int
    frame: int
    at: Mapping[str, int]


@dataclass(frozen=True)
class Stack:
    """The planes of a file.

    :param sizes: axis to how many there are; empty if only their number is known.
    :param order: letters of channel, z and t, the one that runs fastest first.
    :param pages: pictures in all.
    """

    sizes: Mapping[str, int]
    order: str
    pages: int

    def fitted(self, planes: Planes) -> Stack:
        """The stack with sizes from the spec where the file has none.

        :param planes: as the spec names them.
        :raises PlanesError: if the file has others.
        """
        if not self.sizes:
            return _flat(self.pages, planes)
        for axis in AXES:
            has, told = self.sizes[axis], planes.get(axis, ())
            if axis not in planes and has > 1:
                raise PlanesError(f"has {_count(has, axis)}, of which `planes` says nothing")
            if told is not None and axis in planes and len(told) != has:
                raise PlanesError(f"has {_count(has, axis)}, and `planes` names {len(told)} ({', '.join(told)})")
        return self

    def planes(self, planes: Planes, values: Mapping[str, str]) -> Iterator[tuple[dict[str, int], Plane]]:
        """The planes that a file's values mean, each with its numbers on the axes that are taken whole, from 1.

        :param planes: as the spec names them.
        :param values: of the axes that are named.
        """
        places = {
            axis: range(self.sizes[axis]) if told is None else [told.index(values[axis])]
            for axis, told in planes.items()
        }
        for each in product(*places.values()):
            at = {**dict.fromkeys(AXES, 0), **dict(zip(places, each))}  # noqa: B905  (Python 3.9)
            whole = {axis: at[axis] + 1 for axis, told in planes.items() if told is None}
            yield whole, Plane(at["series"], self._frame(at), at)

    def _frame(self, at: Mapping[str, int]) -> int:
        frame, step = 0, 1
        for letter in self.order:
            axis = next(axis for axis, known in LETTERS.items() if known == letter)
            frame, step = frame + at[axis] * step, step * self.sizes[axis]
        return frame


def _count(number: int, axis: str) -> str:
    what = {"channel": "channel", "z": "z plane", "t": "time point", "series": "series"}[axis]
    return f"{number} {what}{'' if number == 1 or axis == 'series' else 's'}"


def _pictures(number: int) -> str:
    return "1 picture" if number == 1 else f"{number} pictures"


def _flat(pages: int, planes: Planes) -> Stack:
    """A file that only has pictures one after the other: their axes are in the order of the spec."""
    if "series" in planes:
        raise PlanesError(f"has {_pictures(pages)} and names no series")
    told = {axis: len(values) for axis, values in planes.items() if values is not None}
    whole = [axis for axis, values in planes.items() if values is None]
    known = math.prod(told.values())
    if len(whole) > 1:
        raise PlanesError(f"has {_pictures(pages)} and does not say which is what on {' and '.join(whole)}")
    if pages % known or (not whole and pages != known):
        axes = " x ".join(_count(number, axis) for axis, number in told.items()) or "1"
        raise PlanesError(f"has {_pictures(pages)}, which are not {axes}, as `planes` says")
    sizes = {**dict.fromkeys(AXES, 1), **told, **dict.fromkeys(whole, pages // known)}
    rest = [letter for axis, letter in LETTERS.items() if axis not in planes]
    return Stack(sizes, "".join([*(LETTERS[axis] for axis in planes), *rest]), pages)


def read(path: Path) -> Stack:
    """The planes of a file.

    :raises PlanesError: if its kind does not show them.
    :raises tiff.DamagedError: if it is not whole.
    """
    if path.suffix.lower() in instruments.KINDS:
        return _of_instrument(path)
    if not tiff.is_tiff(path):
        raise PlanesError(f"is no TIFF: planes are read of {_FORMATS}; export it as OME-TIFF")
    pages, description = tiff.read_pages(path)
    if "<OME" in description[:1000] or "<OME:OME" in description:
        found = _ome(description)
        if found is not None:
            return _within(found, pages)
    told = {name: int(number) for name, number in re.findall(r"^(\w+)=(\d{1,9})\s*$", description, re.MULTILINE)}
    if description.startswith("ImageJ=") and told.get("images", 1) > 1:
        sizes = {axis: told.get(name, 1) for axis, name in _IMAGEJ.items()}
        if math.prod(sizes.values()) == told["images"]:
            return Stack({**sizes, "series": 1}, _IMAGEJ_ORDER, told["images"])
    return Stack({}, "", pages)


def _of_instrument(path: Path) -> Stack:
    try:
        sizes = instruments.count(path)
    except instruments.InstrumentError as error:
        raise PlanesError(str(error)) from error
    return Stack(sizes, "CZT", math.prod(sizes.values()))


def _within(stack: Stack, pages: int) -> Stack:
    total = math.prod(stack.sizes.values())
    if total > pages:
        raise PlanesError(f"has {_pictures(pages)}, and its OME metadata names {total}: the others lie in other files")
    return stack


def _ome(text: str) -> Optional[Stack]:
    """What OME-XML says; None if it names no pixels, or series differ, so that one number tells nothing."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise PlanesError("has OME metadata with a document type, which is never needed and may do harm")
    from xml.etree import ElementTree as ET  # few units have files with planes, and each would load an XML parser

    try:
        root = ET.fromstring(text[: text.rindex(">") + 1])  # noqa: S314  (without a document type it is but text)
    except (ET.ParseError, ValueError) as error:
        raise PlanesError(f"has OME metadata that cannot be read ({error})") from error
    pixels = [each for each in root.iter() if each.tag.rpartition("}")[2] == "Pixels"]
    stacks = [_of_pixels(each) for each in pixels]
    if not stacks:
        return None
    if any(each != stacks[0] for each in stacks):
        raise PlanesError("has series of different channels, z planes or time points")
    return Stack({**stacks[0].sizes, "series": len(stacks)}, stacks[0].order, 0)


def _of_pixels(pixels: Element) -> Stack:
    # A colour picture has one channel of three samples, and counts as one plane.
    channels = sum(each.tag.rpartition("}")[2] == "Channel" for each in pixels)
    sizes = {axis: int(pixels.get(f"Size{letter}") or 1) for axis, letter in LETTERS.items()}
    return Stack({**sizes, "channel": channels or sizes["channel"]}, (pixels.get("DimensionOrder") or "XYCZT")[2:], 0)
