"""Text, colours and bars, drawn with Pillow and its own font: the same bytes on every machine."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Font = Union[ImageFont.FreeTypeFont, ImageFont.ImageFont]
Colour = tuple[int, int, int]

# viridis(10) of viridisLite (CC0): even in lightness, and safe for colour-blind readers.
_ANCHORS = ("440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725")
_VIRIDIS = np.array([[int(anchor[i : i + 2], 16) for i in (0, 2, 4)] for anchor in _ANCHORS], dtype=np.float64)


def font(size: int) -> Font:
    """Pillow's own font.

    :param size: in pixels.
    """
    return ImageFont.load_default(size=size)


def text_width(text: str, size: int) -> int:
    """Width of a line of text in pixels."""
    return round(font(size).getlength(text))


def fitted(text: str, size: int, width: int) -> str:
    """The text, or as much of its beginning as fits, with dots at its end.

    :param width: in pixels.
    """
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "...", size) > width:
        text = text[:-1]
    return text + "..."


def wrapped(text: str, size: int, width: int) -> list[str]:
    """The text in lines that fit, broken between words.

    :param width: in pixels.
    """
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(fitted(word, size, width))
    return lines


def viridis(share: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Colours of shares from 0 to 1.

    :param share: any shape; values outside are clipped.
    :returns: the same shape with an axis of three (red, green, blue) added.
    """
    at = np.clip(share, 0.0, 1.0) * (len(_VIRIDIS) - 1)
    channels = [np.interp(at, np.arange(len(_VIRIDIS)), _VIRIDIS[:, i]) for i in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def grey(share: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Grey colours of shares from 0 to 1; see :func:`viridis`."""
    level = np.rint(np.clip(share, 0.0, 1.0) * 255).astype(np.uint8)
    return np.stack([level] * 3, axis=-1)


def bar(width: int, height: int, colours: Callable[[NDArray[np.floating[Any]]], NDArray[np.uint8]]) -> Image.Image:
    """A colour bar: low at the left of a wide one, at the foot of a tall one.

    :param colours: :func:`viridis` or :func:`grey`.
    """
    if width >= height:
        share = np.tile(np.linspace(0, 1, width), (height, 1))
    else:
        share = np.tile(np.linspace(1, 0, height)[:, None], (1, width))
    return Image.fromarray(colours(share))


def readable_on(colour: Colour) -> Colour:
    """Black or white, whichever reads better on a colour (relative luminance of WCAG 2.2, gamma left at 2.2)."""
    red, green, blue = ((level / 255) ** 2.2 for level in colour)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)


def centred(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], text: str, size: int, fill: Colour) -> None:
    """Text in the middle of a box (left, top, right, bottom)."""
    left, top, right, bottom = box
    draw.text(((left + right) / 2, (top + bottom) / 2), text, font=font(size), fill=fill, anchor="mm")


def png(image: Image.Image) -> bytes:
    """A PNG without date or software; grey if it has no colour, which makes it a third of the size."""
    pixels = np.asarray(image.convert("RGB"))
    if (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all():
        image = image.convert("L")
    written = io.BytesIO()
    image.save(written, format="PNG", compress_level=6)
    return written.getvalue()


def save_png(image: Image.Image, path: Path) -> None:
    """Write a PNG as :func:`png` makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(image))
