"""Plate maps as labs write them: what is in each well."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from platerunner_unit.contract.wells import position, row_name
from platerunner_unit.cytomining.notes import listed
from platerunner_unit.cytomining.sources import PLATE, WELL
from platerunner_unit.imaging.unit import DataError

Frame = Any
_WELLS = ("well_position", "well", "well_id", "metadata_well", "wellid")
_PLATES = ("plate", "metadata_plate", "assay_plate_barcode", "barcode")


def read_platemap(path: Path) -> Frame:
    """Read a plate map: a row per well, as text as written.

    :param path: with commas, tabs or semicolons; a column names the well (`well_position`, `Well`, `well_id`), and one
        may name the plate.
    :returns: columns `Metadata_well_position`, such as `A01`, and `Metadata_...` of all others.
    :raises DataError: if there is no such column or no row, or a well is none, or is there twice, or it is no table.
    """
    frame = _read(path)
    lower = {str(column).strip().lower(): column for column in frame}
    well = next((lower[name] for name in _WELLS if name in lower), None)
    if well is None:
        raise DataError(f"{path.name}: no column names the well; call it `well_position`")
    if frame.empty:
        raise DataError(f"{path.name}: the plate map has no row")
    plate = next((lower[name] for name in _PLATES if name in lower), None)
    if bad := [f"`{text}` in line {line}" for line, text in frame[well].items() if position(text.strip()) is None]:
        raise DataError(f"{path.name}: {listed(bad, 'value')} of `{well}` that no plate has as a well")
    found = frame.rename(columns={column: _metadata(str(column)) for column in frame if column not in (well, plate)})
    found = found.rename(columns={plate: PLATE} if plate else {})
    found["Metadata_well_position"] = [canonical(str(text).strip()) for text in found.pop(well)]
    keys = [PLATE, "Metadata_well_position"] if plate else ["Metadata_well_position"]
    if twice := sorted(set(found[found.duplicated(keys)]["Metadata_well_position"])):
        raise DataError(f"{path.name}: {listed(twice, 'well')} twice")
    return found


def canonical(well: str) -> str:
    """A well with two digits: `B3` is `B03`; other names as they are."""
    place = position(well)
    return f"{row_name(place[0])}{place[1] + 1:02d}" if place and "." not in well else well


def join_platemap(platemap: Frame, profiles: Frame, name: str) -> tuple[Frame, Frame]:
    """The rows of a plate map that profiles need, under the profiles' own names of wells.

    :param name: of the file, for the message.
    :returns: the map with `Metadata_Plate` and `Metadata_Well`, and the profiles without what the map says, too.
    :raises DataError: if a well of the profiles is not in the map.
    """
    own = profiles[[PLATE, WELL]].assign(Metadata_well_position=[canonical(well) for well in profiles[WELL]])
    keys = [key for key in (PLATE, "Metadata_well_position") if key in platemap]
    joined = own.merge(platemap, on=keys, how="left", indicator="found")
    lost = joined[joined["found"] == "left_only"]
    if len(lost):
        wells = [f"{plate} {well}" for plate, well in zip(lost[PLATE], lost[WELL], strict=True)]
        raise DataError(f"{name}: the plate map does not say what is in {listed(wells, 'well')}; add a row for each")
    told = joined.drop(columns=["found", "Metadata_well_position"])
    again = [column for column in told if column in profiles and column not in (PLATE, WELL)]
    return told, profiles.drop(columns=again)


def _metadata(column: str) -> str:
    return column if column.startswith("Metadata_") else f"Metadata_{column.strip()}"


def _read(path: Path) -> Frame:
    """The table as text, each row under the number of its line.

    :raises DataError: for what no table has, with its line and what to do.
    """
    lines = list(_lines(path))
    if not lines:
        raise DataError(f"{path.name} is empty: write a header, and below it a row for each well")
    header = [name.strip() for name in lines[0][1]]
    if twice := [name for name in header if name and header.count(name) > 1]:
        raise DataError(f"{path.name}: two columns are called `{twice[0]}`: rename one")
    for line, row in lines[1:]:
        if len(row) != len(header):
            raise DataError(f"{path.name}: line {line} has {len(row)} cells, the header {len(header)}: fix the table")
    found = pd.DataFrame([row for _, row in lines[1:]], [line for line, _ in lines[1:]], header, dtype=str)
    return found[[name for name in header if name]]  # spreadsheets write columns without a name


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that has any."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is no UTF-8: save the plate map as `CSV UTF-8`") from error
    if "\0" in text:
        raise DataError(f"{path.name} is no text: save the plate map as `CSV UTF-8`")
    separator = max(",\t;", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    try:
        yield from ((reader.line_num, row) for row in reader if any(cell.strip() for cell in row))
    except csv.Error as error:
        raise DataError(f"{path.name}: line {reader.line_num}: {error}: fix the table") from error
