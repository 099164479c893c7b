"""The part of a contact sheet that shows illumination functions: heat maps with their own colour bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from platerunner_unit.imaging import drawing
from platerunner_unit.imaging.panel import FAINT, INK, PAPER
from platerunner_unit.imaging.pixels import Floats, read_plane
from platerunner_unit.imaging.sheet import evenly
from platerunner_unit.imaging.tiles import shrunk
from platerunner_unit.imaging.unit import File

SIDE, BAR, LABEL = 220, 16, 26
_BLOCK = SIDE + BAR + 84, LABEL + SIDE + 18
_HEAD = 24


def draw(files: Sequence[File], limit: int) -> tuple[Image.Image, dict[str, Any], list[str]]:
    """Draw the panel.

    :param files: ``.npy`` files of two axes.
    :param limit: width of the panel in pixels at most; its height takes at most 40 % of that.
    :returns: the panel, minimum and maximum per function, and sentences about what is not shown.
    """
    width, height = _BLOCK
    columns = min(len(files), max(1, limit // width), max(3, round((len(files) * 1.4) ** 0.5)))
    most = columns * max(1, int(limit * 0.4) // height)
    if len(files) > most:
        columns = max(1, limit // width)
        most = columns * max(1, int(limit * 0.4) // height)
    shown = evenly(files, most)
    image = Image.new("RGB", (columns * width, _HEAD + -(-len(shown) // columns) * height), PAPER)
    pen = ImageDraw.Draw(image)
    head = "Illumination functions, each on its own scale"
    pen.text((0, 0), drawing.fitted(head, 15, image.width), font=drawing.font(15), fill=INK)
    numbers = {}
    for file in files:
        function = read_plane(file.path).astype(np.float32)
        low, high = float(function.min()), float(function.max())
        numbers[file.path.stem] = {"min": float(f"{low:.6g}"), "max": float(f"{high:.6g}")}
        if file in shown:
            down, across = divmod(shown.index(file), columns)
            _paint(image, (across * width, _HEAD + down * height), file, shrunk(function, (SIDE, SIDE)), (low, high))
    notes = (
        [f"{len(shown)} of {len(files)} illumination functions are shown, evenly chosen."]
        if len(shown) < len(files)
        else []
    )
    return image, numbers, notes


def _paint(image: Image.Image, corner: tuple[int, int], file: File, small: Floats, limits: tuple[float, float]) -> None:
    left, top = corner
    low, high = limits
    pen = ImageDraw.Draw(image)
    label = drawing.fitted(file.path.stem, 15, _BLOCK[0] - 12)
    pen.text((left, top + LABEL // 2), label, font=drawing.font(15), fill=INK, anchor="lm")
    share = (small - low) / (high - low) if high > low else np.full(small.shape, 0.5)
    image.paste(Image.fromarray(drawing.viridis(share)), (left, top + LABEL))
    height, start = small.shape[0], left + small.shape[1] + 8
    image.paste(drawing.bar(BAR, height, drawing.viridis), (start, top + LABEL))
    for value, y in ((high, top + LABEL + 7), (low, top + LABEL + height - 7)):
        pen.text((start + BAR + 6, y), f"{value:.3g}", font=drawing.font(13), fill=FAINT, anchor="lm")
