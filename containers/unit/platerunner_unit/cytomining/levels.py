"""Profiles as tables, a row per well: reading, writing, and what each level owes the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from platerunner_unit.contract.wells import plate_order
from platerunner_unit.cytomining.notes import listed
from platerunner_unit.cytomining.sources import PLATE, WELL
from platerunner_unit.imaging.unit import DataError, Unit

Frame = Any
COUNT = "Metadata_Object_Count"


def read_level(unit: Unit, name: str) -> Frame:
    """All tables of an input as one; columns that not all of them have are left out.

    :param unit: with that input: `.parquet` or `.csv`, perhaps with gzip.
    :raises DataError: if a file is no such table, or has no plate, well or feature.
    """
    frame = read_cells(unit, name)
    if not features_of(frame):
        raise DataError(f"{unit.name}: the {len(unit.files(name))} tables of input `{name}` have no feature in common")
    return frame


def read_cells(unit: Unit, name: str) -> Frame:
    """As :func:`read_level`, whatever the columns besides plate and well are.

    :raises DataError: if a file is no such table, or has no plate or well.
    """
    frame = pd.concat([_read(file.path) for file in unit.files(name)], join="inner", ignore_index=True)
    if missing := [column for column in (PLATE, WELL) if column not in frame]:
        raise DataError(f"{unit.name}: input `{name}` has no column {missing[0]}, so its rows are of no well")
    return frame


def _read(path: Path) -> Frame:
    texts = {PLATE: str, WELL: str}
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=texts)
    except Exception as error:
        raise DataError(f"{path.name}: cannot be read as a table: {error}") from error
    return frame.astype({column: str for column in texts if column in frame})


def write_level(frame: Frame, path: Path) -> None:
    """Write a table by its name: `.parquet`, `.csv` or `.csv.gz`; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.name.endswith((".csv", ".csv.gz")):
        packed = {"method": "gzip", "mtime": 0} if path.suffix == ".gz" else None
        frame.to_csv(path, index=False, compression=packed)
    else:
        raise DataError(f"{path.name}: profiles are written as .parquet, .csv or .csv.gz; change the output's name")


def features_of(frame: Frame) -> list[str]:
    """The columns that measure cells, as pycytominer infers them; none if there are none."""
    if not any(str(column).startswith(("Cells_", "Nuclei_", "Cytoplasm_")) for column in frame):
        return []
    from pycytominer.cyto_utils import infer_cp_features  # here, since coSMicQC's Python reads tables without it

    return list(infer_cp_features(frame))


def metadata_of(frame: Frame) -> list[str]:
    """The columns that say what a row is of."""
    return [column for column in frame if str(column).startswith("Metadata_")]


def wells_of(frame: Frame) -> list[tuple[str, str]]:
    """Plate and well of each row, in order of plates and of wells."""
    pairs = set(zip(frame[PLATE], frame[WELL], strict=True))
    return sorted(pairs, key=lambda pair: (pair[0], plate_order(pair[1])))


def in_plate_order(frame: Frame) -> Frame:
    """The rows in order of plates and wells."""
    keys = [(plate, plate_order(well)) for plate, well in zip(frame[PLATE], frame[WELL], strict=True)]
    return frame.iloc[sorted(range(len(frame)), key=keys.__getitem__)].reset_index(drop=True)


def check_wells(unit: Unit, before: Frame, after: Frame, level: str) -> None:
    """Hold a level against the one before: every well once.

    :param level: what the new one is, for the message.
    :raises DataError: if a well is lost, or is there twice.
    """
    wanted, found = wells_of(before), wells_of(after)
    if lost := [f"{plate} {well}" for plate, well in wanted if (plate, well) not in set(found)]:
        raise DataError(f"{unit.name}: {listed(lost, 'well')} would be lost in {level}")
    if len(after) != len(found):
        raise DataError(f"{unit.name}: {len(found)} wells would have {len(after)} rows in {level}")


def blank_notes(frame: Frame, level: str) -> Iterator[str]:
    """What has no value where one would expect some."""
    features = features_of(frame)
    values = frame[features].to_numpy(float)
    finite = np.isfinite(values)
    if blank := _named(features, ~finite.any(axis=0)):
        yield f"{listed(blank, 'feature')} without a value in any well of {level}."
    if some := _named(features, finite.any(axis=0) & ~finite.all(axis=0)):
        yield f"{listed(some, 'feature')} without a value in some wells of {level}."


def _named(names: Sequence[str], chosen: Iterable[bool]) -> list[str]:
    return [name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen]
