"""Plate maps as labs write them: a row for each well, and a column that names it."""

from __future__ import annotations

from typing import NamedTuple, Optional

from platerunner_unit.contract.delimited import BadTableError, read_table
from platerunner_unit.contract.wells import position, row_name
from platerunner_unit.contract.words import and_more

_WELLS = ("well_position", "well", "well_id", "metadata_well", "wellid")
_PLATES = ("plate", "metadata_plate", "assay_plate_barcode", "barcode")
_SHOWN = 5


class PlateMap(NamedTuple):
    """A plate map, as text as written.

    :ivar header: the names of its columns; those without a name are left out.
    :ivar rows: cells, by these columns.
    :ivar well: the column that names the well.
    :ivar plate: the column that names the plate; None for a map of any plate.
    """

    header: list[str]
    rows: list[list[str]]
    well: str
    plate: Optional[str]


def read_plate_map(content: bytes) -> PlateMap:
    """Read a plate map.

    :param content: of the file, a table with commas, tabs or semicolons.
    :raises BadTableError: if it is no table, has no row or no column of wells, or a well is none or there twice.
    """
    header, lines = read_table(content)
    rows = [(line, cells) for line, cells in lines if any(cell.strip() for cell in cells)]
    if twice := [name for name in header if name and header.count(name) > 1]:
        raise BadTableError(f": two columns are called `{twice[0]}`", "rename one", 1)
    for line, cells in rows:
        if len(cells) != len(header):
            raise BadTableError(f" has {len(cells)} cells, the header {len(header)}", "fix the table", line)
    named = {name.lower(): name for name in header if name}
    well = next((named[name] for name in _WELLS if name in named), None)
    if well is None:
        raise BadTableError("has no column that names the well", "call it `well_position`")
    if not rows:
        raise BadTableError("has no row", "write one for each well")
    plate = next((named[name] for name in _PLATES if name in named), None)
    _check_wells(rows, header.index(well), header.index(plate) if plate else None)
    places = [place for place, name in enumerate(header) if name]
    found = [[cells[place] for place in places] for _, cells in rows]
    return PlateMap([header[place] for place in places], found, well, plate)


def canonical(well: str) -> str:
    """A well with two digits: `B3` is `B03`; other names as they are."""
    place = position(well)
    return f"{row_name(place[0])}{place[1] + 1:02d}" if place and "." not in well else well


def _check_wells(rows: list[tuple[int, list[str]]], well: int, plate: Optional[int]) -> None:
    bad = [(line, cells[well].strip()) for line, cells in rows if position(cells[well].strip()) is None]
    if bad:
        others = "".join(f", `{name}` of line {line}" for line, name in bad[1:_SHOWN]) + and_more(len(bad) - _SHOWN)
        raise BadTableError(f": `{bad[0][1]}`{others} is no well of any plate", "fix it, or delete the row", bad[0][0])
    first: dict[tuple[str, str], int] = {}
    for line, cells in rows:
        name = canonical(cells[well].strip())
        there = first.setdefault((name, "" if plate is None else cells[plate].strip()), line)
        if there != line:
            raise BadTableError(f": {name} is in line {there}, too", "leave one row of each well", line)
