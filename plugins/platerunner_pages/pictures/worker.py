"""Makes a small PNG of an image, or one of a part of it; a process of its own, with bounded memory and time.

    python -I -m platerunner_pages.pictures.worker small SIDE < image > png
    python -I -m platerunner_pages.pictures.worker part PLANE LEFT TOP RIGHT BOTTOM WIDTH HEIGHT < image > png
    python -I -m platerunner_pages.pictures.worker measure < image > json

It imports nothing of Airflow's. Ends with 1 and one line on stderr if the image cannot be decoded, or is too large.
"""

import json
from array import array
from collections.abc import Callable
from io import BytesIO
from typing import Any

from platerunner_pages.pictures.bounds import PIXELS, RefusedError, work

DARKEST, BRIGHTEST = 0.01, 0.998
"""Parts of the pixels between which intensities are spread: a few dead or hot pixels count for nothing."""
SAMPLE = 512
"""Pixels of the longer side of what is looked at to find these ends."""


def make(data: bytes, args: list[str]) -> bytes:
    """Do what the arguments say."""
    what, *numbers = args
    known: dict[str, Callable[..., bytes]] = {"small": small, "part": part, "measure": measure}
    return known[what](data, *map(int, numbers))


def small(data: bytes, side: int) -> bytes:
    """A PNG of an image's first plane.

    :param side: pixels of its longer side, at most.
    :raises RefusedError: if it has too many pixels.
    """
    image = _opened(data)
    if _deep(image):
        shrunk = _fitted(image.convert("F"), side)
        return png(_spread(shrunk, *ends(shrunk)))
    return png(_fitted(_plain(image), side))


def part(data: bytes, plane: int, *numbers: int) -> bytes:
    """A PNG of a part of a plane, as bright as the whole plane says.

    :param numbers: left, top, right, bottom of the part; width and height of the PNG.
    :raises RefusedError: if it has too many pixels, or no such plane.
    """
    from PIL import Image

    image = _opened(data, plane)
    box, size = numbers[:4], numbers[4:]
    if not _deep(image):
        return png(_plain(image.crop(box)).resize(size, Image.Resampling.BOX))
    looked_at = image.resize(_within(image.size, SAMPLE), Image.Resampling.NEAREST).convert("F")
    return png(_spread(image.crop(box).convert("F").resize(size, Image.Resampling.BOX), *ends(looked_at)))


def measure(data: bytes) -> bytes:
    """Width, height and number of planes."""
    image = _opened(data)
    return json.dumps([image.width, image.height, getattr(image, "n_frames", 1)]).encode()


def ends(image: Any) -> tuple[float, float]:
    """Between which intensities an image of floats is shown."""
    ordered = sorted(array("f", image.tobytes()))
    low, high = (ordered[int(part * (len(ordered) - 1))] for part in (DARKEST, BRIGHTEST))
    return low, high


def png(image: Any) -> bytes:
    """An image as a file."""
    out = BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()


def _opened(data: bytes, plane: int = 0) -> Any:
    from PIL import Image

    image: Any = Image.open(BytesIO(data))
    if plane:
        try:
            image.seek(plane)
        except EOFError:
            raise RefusedError(f"it has no plane {plane}") from None
    if image.width * image.height > PIXELS:
        raise RefusedError(f"it has {image.width:,} x {image.height:,} pixels")
    return image


def _deep(image: Any) -> bool:
    """Whether it has a camera's intensities, more than a screen shows."""
    return bool(image.mode.startswith(("I", "F")))


def _plain(image: Any) -> Any:
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _within(size: tuple[int, int], side: int) -> list[int]:
    part = min(1.0, side / max(size))
    return [max(1, round(each * part)) for each in size]


def _fitted(image: Any, side: int) -> Any:
    from PIL import Image

    return image.resize(_within(image.size, side), Image.Resampling.BOX)


def _spread(image: Any, low: float, high: float) -> Any:
    """Intensities of a camera as 256 greys."""
    scale = 255 / (high - low) if high > low else 0.0
    return image.point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


if __name__ == "__main__":
    raise SystemExit(work(make))
