"""A plate as a picture: rows lettered, columns numbered, wells coloured by a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from platerunner_unit.contract.wells import LAYOUTS, Layout, layout, plate_order, position, row_name
from platerunner_unit.contract.words import show_number
from platerunner_unit.imaging import drawing
from platerunner_unit.imaging.drawing import Colour

INK: Colour = (30, 30, 34)
FAINT: Colour = (110, 110, 116)
PAPER: Colour = (255, 255, 255)
EMPTY: Colour = (238, 238, 240)
HATCH: Colour = (200, 200, 204)

_CELL = {LAYOUTS[0]: 72, LAYOUTS[1]: 44, LAYOUTS[2]: 26}
_MARGIN, _BAR_WIDTH = 24, 22
_HEADER = 84


@dataclass(frozen=True)
class _Grid:
    """Where wells are drawn.

    :param places: well to (row, column).
    :param named: whether rows and columns are a plate's; otherwise each cell carries its well's name.
    """

    plate: Layout
    places: Mapping[str, tuple[int, int]]
    cell: int
    named: bool
    left: int = 64
    top: int = _HEADER + 26

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        left, top = self.left + column * self.cell, self.top + row * self.cell
        return left, top, left + self.cell - 2, top + self.cell - 2

    def right(self) -> int:
        return self.left + self.plate.columns * self.cell

    def bottom(self) -> int:
        return self.top + self.plate.rows * self.cell


def draw(plate: str, values: Mapping[str, float], subject: str) -> Image.Image:
    """Draw a plate.

    :param plate: its name, for the title.
    :param values: well to value; wells of the plate without one are hatched.
    :param subject: what the values are.
    """
    grid = _grid(list(values))
    low, high = (min(values.values()), max(values.values())) if values else (0.0, 0.0)
    image = Image.new("RGB", (grid.right() + 150, grid.bottom() + _MARGIN + 22), PAPER)
    pen = ImageDraw.Draw(image)
    _titles(pen, image.width, plate, subject, grid, len(values))
    _axes(pen, grid)
    _cells(pen, grid, values, low, high)
    _scale(image, pen, grid, low, high)
    return image


def _grid(wells: Sequence[str]) -> _Grid:
    plate = layout(wells)
    if plate:
        places = {well: place for well in wells if (place := position(well))}
        return _Grid(plate, places, _CELL[plate], named=True)
    # Names of no plate we know: as many cells as wells, in plate order, each with its name.
    columns = max(1, int(np.ceil(np.sqrt(len(wells) * 1.5))))
    places = {well: divmod(i, columns) for i, well in enumerate(sorted(wells, key=plate_order))}
    return _Grid(Layout(-(-len(wells) // columns), columns), places, 72, named=False)


def _titles(pen: ImageDraw.ImageDraw, width: int, plate: str, subject: str, grid: _Grid, shown: int) -> None:
    room = width - 2 * _MARGIN
    title = drawing.fitted(f"Plate {plate}" if plate else "Plate", 24, room)
    pen.text((_MARGIN, 18), title, font=drawing.font(24), fill=INK)
    pen.text((_MARGIN, 50), drawing.fitted(subject, 16, room), font=drawing.font(16), fill=FAINT)
    total = grid.plate.rows * grid.plate.columns
    note = f"{shown} of {total} wells have a value; hatched wells have none" if grid.named else f"{shown} wells"
    pen.text((_MARGIN, grid.bottom() + 14), note, font=drawing.font(14), fill=FAINT)


def _axes(pen: ImageDraw.ImageDraw, grid: _Grid) -> None:
    if not grid.named:
        return
    size = 16 if grid.cell >= 40 else 12
    for column in range(grid.plate.columns):
        left, top, right, _ = grid.box(0, column)
        drawing.centred(pen, (left, top - 26, right, top - 2), str(column + 1), size, INK)
    for row in range(grid.plate.rows):
        _, top, _, bottom = grid.box(row, 0)
        drawing.centred(pen, (grid.left - 36, top, grid.left - 4, bottom), row_name(row), size, INK)


def _cells(pen: ImageDraw.ImageDraw, grid: _Grid, values: Mapping[str, float], low: float, high: float) -> None:
    taken = set(grid.places.values())
    for row in range(grid.plate.rows):
        for column in range(grid.plate.columns):
            if (row, column) not in taken and grid.named:
                _hatch(pen, grid.box(row, column))
    for well, (row, column) in grid.places.items():
        share = np.array((values[well] - low) / (high - low) if high > low else 0.5)
        red, green, blue = (int(level) for level in drawing.viridis(share))
        box = grid.box(row, column)
        pen.rectangle(box, fill=(red, green, blue))
        _label(pen, grid, box, well, values[well], drawing.readable_on((red, green, blue)))


def _label(
    pen: ImageDraw.ImageDraw, grid: _Grid, box: tuple[int, int, int, int], well: str, value: float, ink: Colour
) -> None:
    size = 16 if grid.cell >= 60 else 12
    lines = [show_number(value, 3)] if grid.named else [well, show_number(value, 3)]
    if grid.cell < 40 or drawing.text_width(lines[-1], size) > grid.cell - 4:
        lines = lines[:-1]
    left, top, right, bottom = box
    step = (bottom - top) / max(1, len(lines))
    for index, line in enumerate(lines):
        text = drawing.fitted(line, size, grid.cell - 4)
        drawing.centred(pen, (left, round(top + index * step), right, round(top + (index + 1) * step)), text, size, ink)


def _hatch(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    left, top, right, _ = box
    pen.rectangle(box, fill=EMPTY)
    side = right - left
    for offset in range(8, 2 * side, 8):
        start = (left + max(0, offset - side), top + min(offset, side))
        end = (left + min(offset, side), top + max(0, offset - side))
        pen.line([start, end], fill=HATCH)


def _scale(image: Image.Image, pen: ImageDraw.ImageDraw, grid: _Grid, low: float, high: float) -> None:
    height = grid.bottom() - grid.top - 2
    left = grid.right() + 26
    image.paste(drawing.bar(_BAR_WIDTH, height, drawing.viridis), (left, grid.top))
    # A small plate of names has room for the two ends only.
    ticks = [0.5] if high <= low else [index / 4 for index in range(5)] if height >= 120 else [0.0, 1.0]
    for share in ticks:
        y = grid.top + round((1 - share) * (height - 1))
        pen.line([(left + _BAR_WIDTH, y), (left + _BAR_WIDTH + 5, y)], fill=INK)
        text = show_number(low + share * (high - low), 3)
        pen.text((left + _BAR_WIDTH + 9, y), text, font=drawing.font(14), fill=INK, anchor="lm")
