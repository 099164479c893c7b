"""How many tiles of what size fit on a contact sheet that stays within its bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional, TypeVar

from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.wells import plate_order, position
from platerunner_unit.imaging.unit import File

T = TypeVar("T")
Place = tuple[str, str]  # plate and well
Spot = tuple[Place, str, str]  # with site and row
COMFORTABLE, SMALLEST = 64, 32  # tile sides in pixels: below the first, sites are left out; the second is the floor
GAP, BLOCK_GAP, MARGIN = 2, 14, 24
_SAME_FOR_ALL = frozenset({"assay", "batch"})  # name a file, but tell no two images of a plate apart
ROW_LABEL, WELL_LABEL, SITE_LABEL = 24, 26, 18  # room for labels in pixels: channel (turned), well, site


@dataclass(frozen=True)
class Picture:
    """An image file with its place on the sheet.

    :param place: plate and well: a block of tiles.
    :param site: column in the block.
    :param row: row in the block: the channel, and whatever else tells images apart (cycle, tile).
    """

    file: File
    place: Place
    site: str
    row: str

    @property
    def spot(self) -> Spot:
        """Where its tile is: no two pictures of a sheet have the same."""
        return self.place, self.site, self.row


@dataclass(frozen=True)
class Plan:
    """Which tiles are shown, how large and where.

    :param sites: place to the sites shown, in order.
    :param rows: tile rows of every block.
    :param columns: blocks side by side.
    :param lines: lines over which a block's sites are spread.
    :param chosen: wells and sites per well that were asked for.
    :param tile: width and height of a tile in pixels.
    :param all_places: wells that have images, shown or not.
    :param most_sites: sites of the well that has most.
    """

    sites: Mapping[Place, tuple[str, ...]]
    rows: tuple[str, ...]
    columns: int
    tile: tuple[int, int]
    all_places: int
    most_sites: int
    lines: int = 1
    chosen: tuple[int, int] = (0, 0)

    @property
    def most_shown(self) -> int:
        """Sites shown of the well that has most of them on the sheet."""
        return max((len(sites) for sites in self.sites.values()), default=1)

    @property
    def per_line(self) -> int:
        """Tiles side by side in a block."""
        return -(-self.most_shown // self.lines)

    @property
    def line_height(self) -> int:
        """Height of one line of sites, labels included, in pixels."""
        return SITE_LABEL + len(self.rows) * (self.tile[1] + GAP)

    def block(self) -> tuple[int, int]:
        """Width and height of a well's block in pixels, labels included."""
        return self.per_line * (self.tile[0] + GAP), WELL_LABEL + self.lines * self.line_height

    def size(self) -> tuple[int, int]:
        """Width and height of all blocks with their gaps and the channels' labels in pixels."""
        return _extent(self.block(), self.columns, len(self.sites))

    def left_out(self) -> list[str]:
        """One sentence per kind of image that is not shown."""
        notes = []
        if len(self.sites) < self.all_places:
            notes.append(f"{len(self.sites)} of {self.all_places} wells are shown, evenly chosen.")
        if self.most_shown < self.most_sites:
            notes.append(f"At most {self.most_shown} of {self.most_sites} sites per well are shown, evenly chosen.")
        return notes


def pictures(inputs: Mapping[str, Sequence[File]], *, named: bool) -> list[Picture]:
    """Sort images by plate, well, site and channel.

    :param inputs: input name to images with their wildcards.
    :param named: whether rows carry the input's name.
    """
    found = [_picture(file, name if named else "") for name, files in inputs.items() for file in files]
    return sorted(
        found, key=lambda p: (natural_key(p.place[0]), plate_order(p.place[1]), natural_key(p.site), natural_key(p.row))
    )


def plan(found: Sequence[Picture], aspect: float, largest: int, limit: int) -> Plan:
    """Choose tiles: as large as fits with every site, then fewer sites, then smaller tiles, then fewer wells.

    :param found: at least one picture.
    :param aspect: height of an image divided by its width.
    :param largest: width of a tile in pixels, at most.
    :param limit: width and height of the sheet's body in pixels, at most.
    """
    places: dict[Place, dict[str, None]] = {}
    for picture in found:
        places.setdefault(picture.place, {})[picture.site] = None
    rows = tuple(sorted({picture.row for picture in found}, key=natural_key))
    most = max(len(sites) for sites in places.values())
    draft = Plan({}, rows, 1, (SMALLEST, SMALLEST), len(places), most)
    best: Optional[Plan] = None
    for number, sites, width in _choices(len(places), most, largest):
        if best and (number, sites) != best.chosen:
            break
        if number * sites * len(rows) * width * width * aspect > limit * limit:
            continue  # the tiles alone are too many
        shown = {place: tuple(evenly(list(places[place]), sites)) for place in evenly(list(places), number)}
        draft = replace(draft, sites=shown, tile=(width, max(8, round(width * aspect))), chosen=(number, sites))
        arranged = _arranged(draft, limit)
        best = best or arranged
        # Rows and columns as on the plate are worth a somewhat smaller tile.
        if arranged and arranged.columns == _plate_columns(list(shown)):
            return arranged
    return best or draft


def evenly(items: Sequence[T], number: int) -> list[T]:
    """So many items, evenly chosen, the first and the last among them; all if there are no more.

    :param number: at least 1.
    """
    if number >= len(items):
        return list(items)
    step = (len(items) - 1) / max(1, number - 1)
    return [items[round(i * step)] for i in range(number)]


def _picture(file: File, source: str) -> Picture:
    values = dict(file.values)
    place = values.pop("plate", ""), values.pop("well", "")
    site, channel = values.pop("site", ""), values.pop("channel", "")
    others = " ".join(f"{name} {value}" for name, value in sorted(values.items()) if name not in _SAME_FOR_ALL)
    return Picture(file, place, site, " ".join(filter(None, (source, channel, others))))


def _choices(places: int, sites: int, largest: int) -> Iterator[tuple[int, int, int]]:
    """Wells, sites per well and tile width, best first."""
    number = sites
    while number:
        width = largest
        while width >= min(COMFORTABLE, largest):
            yield places, number, width
            width = int(width * 0.94)
        number = min(number - 1, int(number * 0.95))
    for width in range(min(COMFORTABLE, largest), SMALLEST - 1, -4):
        yield places, 1, width
    while places > 1:
        places = int(places * 0.9)
        yield places, 1, SMALLEST


def _arranged(draft: Plan, limit: int) -> Optional[Plan]:
    """The columns and lines that fit and come near 7:5, or to the plate itself; None if nothing fits."""
    number, like_plate = len(draft.sites), _plate_columns(list(draft.sites))
    costs: dict[tuple[int, int], float] = {}
    # Numbers of lines worth trying: no two that put equally many sites on a line.
    for lines in sorted({-(-draft.most_shown // per_line) for per_line in range(1, draft.most_shown + 1)}):
        block = replace(draft, lines=lines).block()
        for columns in range(1, min(number, limit // block[0]) + 1):
            across, down = _extent(block, columns, number)
            if max(across, down) <= limit:
                penalty = 0.15 * bool(number % columns) + 0.3 * (lines > 1) - 0.8 * (columns == like_plate)
                costs[columns, lines] = abs(math.log(across / down / 1.4)) + penalty
    if not costs:
        return None
    columns, lines = min(costs, key=lambda key: costs[key])
    return replace(draft, columns=columns, lines=lines)


def _extent(block: tuple[int, int], columns: int, number: int) -> tuple[int, int]:
    return ROW_LABEL + columns * (block[0] + BLOCK_GAP), -(-number // columns) * (block[1] + BLOCK_GAP)


def _plate_columns(places: Sequence[Place]) -> int:
    """Columns of the rectangle of a plate that the wells fill; 0 if they fill none."""
    at = {position(well) for _, well in places}
    found = [place for place in at if place]
    rows, columns = {row for row, _ in found}, {column for _, column in found}
    filled = len(found) == len(places) == len(rows) * len(columns)
    return len(columns) if filled and len({plate for plate, _ in places}) == 1 else 0
