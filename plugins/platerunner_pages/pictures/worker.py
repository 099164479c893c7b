"""Makes one small PNG of one image; a process of its own, with bounded memory and time.

    python -I -m platerunner_pages.pictures.worker SIDE < image > png

It imports nothing of Airflow's. Ends with 1 and one line on stderr if the image cannot be decoded, or is too large.
"""

import resource
import sys
from io import BytesIO
from typing import Any

PIXELS = 150_000_000
"""Pixels of an image that is decoded; its header says how many it has."""
MEMORY = 2 * 1024**3
CPU_S = 20
DARKEST, BRIGHTEST = 0.01, 0.998
"""Parts of the pixels between which intensities are spread: a few dead or hot pixels count for nothing."""


class RefusedError(Exception):
    """An image that is not decoded; the message says why."""


def main() -> int:
    """Decode stdin, write stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    try:
        sys.stdout.buffer.write(small(sys.stdin.buffer.read(), int(sys.argv[1])))
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}: {error}".splitlines()[0][:300])
        return 1
    return 0


def small(data: bytes, side: int) -> bytes:
    """A PNG of an image's first plane.

    :param side: pixels of its longer side, at most.
    :raises RefusedError: if it has too many pixels.
    """
    from PIL import Image

    image: Any = Image.open(BytesIO(data))
    if image.width * image.height > PIXELS:
        raise RefusedError(f"it has {image.width:,} x {image.height:,} pixels")
    if image.mode.startswith(("I", "F")):
        image = _spread(_fitted(image.convert("F"), side))
    else:
        image = _fitted(image.convert("L" if image.mode in ("1", "L") else "RGB"), side)
    out = BytesIO()
    image.save(out, "PNG", optimize=False)
    return out.getvalue()


def _fitted(image: Any, side: int) -> Any:
    from PIL import Image

    part = min(1.0, side / max(image.size))
    return image.resize([max(1, round(each * part)) for each in image.size], Image.Resampling.BOX)


def _spread(image: Any) -> Any:
    """Intensities of a camera as 256 greys."""
    ordered = sorted(image.getdata())
    low, high = (ordered[int(part * (len(ordered) - 1))] for part in (DARKEST, BRIGHTEST))
    scale = 255 / (high - low) if high > low else 0.0
    return image.point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


if __name__ == "__main__":
    raise SystemExit(main())
