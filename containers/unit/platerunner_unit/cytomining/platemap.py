"""Plate maps as labs write them: what is in each well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from platerunner_unit.contract.delimited import BadTableError
from platerunner_unit.contract.plate_map import canonical, read_plate_map
from platerunner_unit.cytomining.notes import listed
from platerunner_unit.cytomining.sources import PLATE, WELL
from platerunner_unit.imaging.unit import DataError

Frame = Any


def read_platemap(path: Path) -> Frame:
    """Read a plate map: a row per well, as text as written.

    :param path: with commas, tabs or semicolons; a column names the well (`well_position`, `Well`, `well_id`), and one
        may name the plate.
    :returns: columns `Metadata_well_position`, such as `A01`, and `Metadata_...` of all others.
    :raises DataError: if it is no plate map; it names the line and what to do.
    """
    try:
        header, rows, well, plate = read_plate_map(path.read_bytes())
    except BadTableError as error:
        raise DataError(f"{error.of(path.name)}: {error.remedy}") from None
    frame = pd.DataFrame(rows, columns=header, dtype=str)
    found = frame.rename(columns={column: _metadata(column) for column in header if column not in (well, plate)})
    found = found.rename(columns={plate: PLATE} if plate else {})
    found["Metadata_well_position"] = [canonical(text.strip()) for text in found.pop(well)]
    return found


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
    return column if column.startswith("Metadata_") else f"Metadata_{column}"
