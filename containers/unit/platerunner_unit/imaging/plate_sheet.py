"""One channel of a plate as the plate lies on the bench: a small picture per well, in its row and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.wells import position, row_name
from platerunner_unit.imaging import drawing
from platerunner_unit.imaging.panel import FAINT, INK, PAPER, Limits, Panel, stretched
from platerunner_unit.imaging.sheet import Place
from platerunner_unit.imaging.tiles import Tile, shrunk

LARGEST, WIDEST = 96, 1600
_GAP, _LABEL = 2, 26
Cells = Mapping[tuple[int, int], Tile]


def sheets(panel: Panel) -> dict[str, Image.Image]:
    """A sheet per plate and channel, by name; none for wells whose names are not wells of a plate.

    :param panel: the images of a contact sheet, with the contrast of each channel.
    """
    plates = sorted({place[0] for place, _, _ in panel.shown}, key=natural_key)
    rows = dict.fromkeys(row for _, _, row in panel.shown)
    drawn = {}
    for plate in plates:
        for row in rows:
            cells = _cells(panel, plate, row)
            if len(cells) > 1:
                name = " ".join(filter(None, (plate if len(plates) > 1 else "", row or "images")))
                drawn[name] = _draw(cells, panel.contrast[row])
    return drawn


def _cells(panel: Panel, plate: str, row: str) -> dict[tuple[int, int], Tile]:
    """The middle one of the sites that each well shows."""
    of_well: dict[Place, list[Tile]] = {}
    for (place, _, name), tile in panel.shown.items():
        if place[0] == plate and name == row:
            of_well.setdefault(place, []).append(tile)
    found = {place: tiles[len(tiles) // 2] for place, tiles in of_well.items()}
    return {at: tile for (_, well), tile in found.items() if (at := position(well)) is not None}


def _draw(cells: Cells, contrast: Limits) -> Image.Image:
    """Rows and columns that have images, labelled as on the plate; a well without one stays an empty frame."""
    rows = range(min(row for row, _ in cells), max(row for row, _ in cells) + 1)
    columns = range(min(column for _, column in cells), max(column for _, column in cells) + 1)
    side = max(24, min(LARGEST, (WIDEST - _LABEL) // len(columns) - _GAP))
    image = Image.new("RGB", (_LABEL + len(columns) * (side + _GAP), _LABEL + len(rows) * (side + _GAP)), PAPER)
    pen = ImageDraw.Draw(image)
    _axes(pen, rows, columns, side)
    for row in rows:
        for column in columns:
            left, top = _LABEL + (column - columns[0]) * (side + _GAP), _LABEL + (row - rows[0]) * (side + _GAP)
            tile = cells.get((row, column))
            if tile is None or tile.small is None:
                pen.rectangle((left, top, left + side - 1, top + side - 1), outline=FAINT)
            else:
                small = stretched(shrunk(tile.small, (side, side)), contrast)
                image.paste(small, (left + (side - small.width) // 2, top + (side - small.height) // 2))
    return image


def _axes(pen: ImageDraw.ImageDraw, rows: Sequence[int], columns: Sequence[int], side: int) -> None:
    size = 14 if side >= 40 else 11
    for index, column in enumerate(columns):
        left = _LABEL + index * (side + _GAP)
        drawing.centred(pen, (left, 0, left + side, _LABEL), str(column + 1), size, INK)
    for index, row in enumerate(rows):
        top = _LABEL + index * (side + _GAP)
        drawing.centred(pen, (0, top, _LABEL, top + side), row_name(row), size, INK)
