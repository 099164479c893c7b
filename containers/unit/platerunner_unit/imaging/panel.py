"""The part of a contact sheet that shows images: a block per well, channels one below the other, sites side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from platerunner_unit.contract.words import show_number
from platerunner_unit.imaging import drawing, tiles
from platerunner_unit.imaging.drawing import Colour
from platerunner_unit.imaging.pixels import Pixels, read
from platerunner_unit.imaging.sheet import (
    BLOCK_GAP,
    GAP,
    ROW_LABEL,
    SITE_LABEL,
    WELL_LABEL,
    Picture,
    Place,
    Plan,
    Spot,
    plan,
)
from platerunner_unit.imaging.tiles import Levels, Tile

# Neutral greys: without a heat map or a warning the sheet is saved as grey, a third of the size.
INK: Colour = (242, 242, 242)
FAINT: Colour = (172, 172, 172)
WARNING: Colour = (250, 204, 21)
PAPER: Colour = (25, 25, 25)
MISSING: Colour = (70, 70, 70)
LEGEND_ROW, LEGEND_BAR = 26, 120

Limits = tuple[float, float]
Shown = Mapping[Spot, Tile]


@dataclass(frozen=True)
class Panel:
    """A drawn panel with what it shows.

    :param numbers: per row.
    :param notes: sentences about what is not shown.
    :param contrast: row to the values that are black and white.
    """

    image: Image.Image
    numbers: Mapping[str, Any]
    notes: list[str]
    shown: Shown
    contrast: Mapping[str, Limits]


def draw(found: Sequence[Picture], largest: int, limit: int, percentiles: Limits) -> Panel:
    """Draw the panel.

    :param found: images in the order of the sheet.
    :param largest: width of a tile in pixels, at most.
    :param limit: width and height of the panel in pixels, at most.
    :param percentiles: of each row's values over the whole sheet, to become black and white.
    """
    height, width = read(found[0].file.path).shape[:2]
    rows = len({picture.row for picture in found})
    body = limit - rows * LEGEND_ROW - 80
    layout = plan(found, height / width, min(largest, max(COARSEST, width)), body)
    shown, levels = _load(found, layout)
    contrast = {row: _limits(levels[row], percentiles) for row in layout.rows}
    image = _paint(layout, shown, contrast, (height, width))
    numbers = {row: _numbers(levels[row], contrast[row]) for row in layout.rows}
    return Panel(image, numbers, layout.left_out(), shown, contrast)


COARSEST = 96  # smaller images are enlarged to this width


def _load(found: Sequence[Picture], layout: Plan) -> tuple[Shown, dict[str, Levels]]:
    wanted = {p.spot for p in found if p.site in layout.sites.get(p.place, ())}
    levels: dict[str, Levels] = {}
    shown: dict[Spot, Tile] = {}
    for picture, tile in tiles.load(found, wanted, layout.tile):
        levels.setdefault(picture.row, Levels()).add(tile)
        if tile.small is not None:
            shown[picture.spot] = tile
    return shown, levels


def _limits(levels: Levels, percentiles: Limits) -> Limits:
    low, high = levels.percentiles(*percentiles)
    # Nearly empty images: what stands out may be rarer than the percentile.
    return (low, high) if high > low else (levels.minimum, max(levels.maximum, levels.minimum + 1))


def _numbers(levels: Levels, contrast: Limits) -> dict[str, Any]:
    median, p99 = levels.percentiles(50, 99)
    values = {"min": levels.minimum, "median": median, "p99": p99, "max": levels.maximum}
    values.update(shown_from=contrast[0], shown_to=contrast[1])
    return {"images": levels.images, **{name: float(f"{value:.6g}") for name, value in values.items()}}


def _paint(layout: Plan, shown: Shown, contrast: Mapping[str, Limits], source: tuple[int, int]) -> Image.Image:
    legend = _legend(layout, contrast, source)
    width, height = layout.size()
    image = Image.new("RGB", (max(width, legend.width), legend.height + height), PAPER)
    image.paste(legend, (0, 0))
    block_width, block_height = layout.block()
    for index, place in enumerate(layout.sites):
        down, across = divmod(index, layout.columns)
        top = legend.height + down * (block_height + BLOCK_GAP)
        left = ROW_LABEL + across * (block_width + BLOCK_GAP)
        _paint_block(image, (left, top), place, layout, shown, contrast)
        if across == 0:
            _label_rows(image, top, layout)
    return image


def _paint_block(
    image: Image.Image,
    corner: tuple[int, int],
    place: Place,
    layout: Plan,
    shown: Shown,
    contrast: Mapping[str, Limits],
) -> None:
    left, top = corner
    pen = ImageDraw.Draw(image)
    plates = len({plate for plate, _ in layout.sites})
    name = " ".join(filter(None, (place[0] if plates > 1 or not place[1] else "", place[1])))
    pen.text((left, top), drawing.fitted(name, 20, layout.block()[0]), font=drawing.font(20), fill=INK)
    width, height = layout.tile
    for index, site in enumerate(layout.sites[place]):
        line, column = divmod(index, layout.per_line)
        x, head = left + column * (width + GAP), top + WELL_LABEL + line * layout.line_height
        label = drawing.fitted(f"site {site}" if width >= 60 else site, 14, width) if site else ""
        pen.text((x, head - 1), label, font=drawing.font(14), fill=FAINT)
        for row, channel in enumerate(layout.rows):
            y = head + SITE_LABEL + row * (height + GAP)
            tile = shown.get((place, site, channel))
            if tile is None or tile.small is None:
                _paint_missing(pen, (x, y, x + width - 1, y + height - 1))
            else:
                image.paste(stretched(tile.small, contrast[channel]), (x, y))


def _paint_missing(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    pen.rectangle(box, outline=MISSING)
    if box[2] - box[0] >= 60:
        drawing.centred(pen, box, "no image", 12, FAINT)


def stretched(small: Pixels, contrast: Limits) -> Image.Image:
    """A tile as it is shown: grey with the row's contrast, colour as it is."""
    if small.ndim == 3:
        return Image.fromarray(small)
    low, high = contrast
    return Image.fromarray(drawing.grey((small - low) / (high - low)))


def _label_rows(image: Image.Image, top: int, layout: Plan) -> None:
    """The channels' names, turned to read upwards, left of a line of blocks."""
    height = layout.tile[1]
    for row, name in enumerate(layout.rows):
        label = Image.new("RGB", (height, ROW_LABEL - 4), PAPER)
        box = (0, 0, height, ROW_LABEL - 4)
        drawing.centred(ImageDraw.Draw(label), box, drawing.fitted(name, 15, height), 15, INK)
        for line in range(layout.lines):
            head = top + WELL_LABEL + line * layout.line_height + SITE_LABEL
            image.paste(label.rotate(90, expand=True), (0, head + row * (height + GAP)))


def _legend(layout: Plan, contrast: Mapping[str, Limits], source: tuple[int, int]) -> Image.Image:
    """Per channel, a bar from black to white with its two values; then the scale of the tiles."""
    names = max(drawing.text_width(name or "images", 16) for name in layout.rows) + 14
    image = Image.new("RGB", (names + LEGEND_BAR + 360, LEGEND_ROW * (len(layout.rows) + 1) + 12), PAPER)
    pen = ImageDraw.Draw(image)
    for index, name in enumerate(layout.rows):
        low, high = (show_number(value, 3) for value in contrast[name])
        y = index * LEGEND_ROW + LEGEND_ROW // 2
        pen.text((0, y), name or "images", font=drawing.font(16), fill=INK, anchor="lm")
        start = names + 70
        pen.text((start - 8, y), low, font=drawing.font(14), fill=FAINT, anchor="rm")
        image.paste(drawing.bar(LEGEND_BAR, 14, drawing.grey), (start, y - 7))
        pen.rectangle((start - 1, y - 8, start + LEGEND_BAR, y + 7), outline=FAINT)
        pen.text((start + LEGEND_BAR + 8, y), high, font=drawing.font(14), fill=FAINT, anchor="lm")
    y = len(layout.rows) * LEGEND_ROW + LEGEND_ROW // 2
    scale = show_number(round(source[1] / layout.tile[0], 2), 3)
    text = f"Images of {source[1]} x {source[0]} pixels; 1 pixel of the sheet is {scale} of the image"
    pen.text((0, y), drawing.fitted(text, 14, image.width), font=drawing.font(14), fill=FAINT, anchor="lm")
    return image
