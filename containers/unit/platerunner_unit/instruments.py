"""Files in which an instrument keeps many planes in a format of its own: Nikon's ND2, Zeiss's CZI, Leica's LIF.

Their readers (nd2, czifile, liffile) are in the image `imaging` alone, and are imported when such a file is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, NamedTuple

LETTERS = {"channel": "C", "z": "Z", "t": "T"}
_PIXELS = frozenset("YXS")  # S: samples of a colour, which are one plane


class InstrumentError(Exception):
    """The file cannot be read; the message is a clause that begins with a verb."""


class Source(NamedTuple):
    """An open file.

    :param series: of each series, as in Bio-Formats a position or scene, letter of an axis to how many there are.
    :param pixels: a plane by series and letter to place, from 0.
    """

    series: Sequence[Mapping[str, int]]
    pixels: Callable[[int, Mapping[str, int]], Any]


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """An instrument's file.

    :param path: its suffix is one of :data:`KINDS`.
    :raises InstrumentError: if its reader is not here, or cannot read it.
    """
    kind = path.suffix.lower()
    library, read = KINDS[kind]
    try:
        with read(path) as source:
            yield source
    except ModuleNotFoundError as error:
        raise InstrumentError(
            f"is a {kind[1:].upper()} file, which `{library}` reads, and this image has none: "
            "let a step `imaging.project` write TIFFs of its planes first, or export it as OME-TIFF"
        ) from error
    except (OSError, MemoryError, InstrumentError):
        raise
    except Exception as error:  # readers raise whatever a damaged file makes them stumble over
        clause = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise InstrumentError(f"cannot be read by `{library}`: {clause}") from error


def count(path: Path) -> dict[str, int]:
    """Axis to how many there are of channels, z planes, time points and series.

    :raises InstrumentError: also if series differ, or the file has a further axis.
    """
    with opened(path) as source:
        found = [_axes(series) for series in source.series]
    if not found or any(each != found[0] for each in found):
        what = "has series of different channels, z planes or time points" if found else "has no image"
        raise InstrumentError(what)
    return {**found[0], "series": len(found)}


def _axes(series: Mapping[str, int]) -> dict[str, int]:
    known = {*LETTERS.values(), *_PIXELS}
    further = next((letter for letter, size in series.items() if letter not in known and size > 1), None)
    if further:
        raise InstrumentError(f"has {series[further]} on its axis {further}, which `planes` cannot name: export a part")
    return {axis: series.get(letter, 1) for axis, letter in LETTERS.items()}


@contextmanager
def _nd2(path: Path) -> Iterator[Source]:
    import nd2

    with nd2.ND2File(path) as file:
        sizes = dict(file.sizes)
        places = [dict(each) for each in file.loop_indices]
        positions = sizes.pop("P", 1)

        def pixels(series: int, at: Mapping[str, int]) -> Any:
            number = next(n for n, place in enumerate(places) if _is_at(place, {**at, "P": series}))
            frame = file.read_frame(number)
            return frame[at["C"]] if sizes.get("C", 1) > 1 else frame

        yield Source([sizes] * positions, pixels)


def _is_at(place: Mapping[str, int], at: Mapping[str, int]) -> bool:
    return all(at.get(letter, 0) == number for letter, number in place.items())


@contextmanager
def _czi(path: Path) -> Iterator[Source]:
    import czifile

    with czifile.CziFile(path) as file:
        scenes = [scene for _, scene in sorted(file.scenes.items())]

        def pixels(series: int, at: Mapping[str, int]) -> Any:
            scene = scenes[series]
            chosen: dict[str, Any] = {letter: place for letter, place in at.items() if letter in scene.sizes}
            return scene(**chosen).asarray()

        yield Source([dict(scene.sizes) for scene in scenes], pixels)


@contextmanager
def _lif(path: Path) -> Iterator[Source]:
    import liffile

    with liffile.LifFile(path) as file:
        images: list[Any] = list(file.images)  # those of lifetimes have no planes

        def pixels(series: int, at: Mapping[str, int]) -> Any:
            image = images[series]
            return image.frame(**{letter: place for letter, place in at.items() if letter in image.sizes})

        yield Source([dict(image.sizes) for image in images], pixels)


KINDS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    ".nd2": ("nd2", _nd2), ".czi": ("czifile", _czi), ".lif": ("liffile", _lif),
}  # fmt: skip
"""Suffix to the library that reads such files, and what opens one with it."""
