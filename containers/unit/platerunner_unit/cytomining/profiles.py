"""profiles: from the cells of a plate to a profile per well, by pycytominer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Optional

import pycytominer

from platerunner_unit.cytomining.levels import (
    COUNT,
    blank_notes,
    check_wells,
    features_of,
    in_plate_order,
    metadata_of,
    read_level,
    write_level,
)
from platerunner_unit.cytomining.notes import write_notes
from platerunner_unit.cytomining.platemap import join_platemap, read_platemap
from platerunner_unit.cytomining.sources import PLATE, WELL
from platerunner_unit.imaging.unit import DataError, Unit

Frame = Any
_OF_CELLS = ("Metadata_ImageNumber", "Metadata_ObjectNumber", "Metadata_TableNumber")
_IS_OF_CELLS = re.compile(r"_Parent_|^Metadata_cqc_")


def run(unit: Unit) -> None:
    """Write outputs ``aggregated``, ``annotated`` and ``normalized``; each may be absent.

    :param unit: input ``cells``; input or parameter ``platemap``; parameters ``operation`` (median or mean), ``method``
        and ``samples`` (pycytominer's own).
    :raises DataError: if a well would be lost, or a parameter or the plate map is at fault.
    """
    cells = read_level(unit, "cells")
    aggregated = _aggregate(unit, cells)
    check_wells(unit, cells, aggregated, "the aggregated profiles")
    annotated = _annotate(unit, aggregated)
    check_wells(unit, aggregated, annotated, "the annotated profiles")
    normalized = _normalize(unit, annotated)
    check_wells(unit, annotated, normalized, "the normalised profiles")
    levels = {"aggregated": aggregated, "annotated": annotated, "normalized": normalized}
    for name, frame in levels.items():
        if target := unit.output(name):
            write_level(frame, target.path)
    notes = [*blank_notes(aggregated, "the aggregated profiles")]
    known = {note.split(" without")[0] for note in notes}
    notes += [n for n in blank_notes(normalized, "the normalised profiles") if n.split(" without")[0] not in known]
    write_notes(unit, notes)
    print(f"{len(normalized)} wells of {len(cells)} cells, {len(features_of(normalized))} features")


def _aggregate(unit: Unit, cells: Frame) -> Frame:
    """A row per well, with the metadata that all cells of a well share."""
    operation = str(unit.params.get("operation", "median"))
    of_well = cells.groupby([PLATE, WELL], observed=True)
    candidates = [c for c in metadata_of(cells) if c not in (PLATE, WELL, *_OF_CELLS) and not _IS_OF_CELLS.search(c)]
    shared = [column for column in candidates if of_well[column].nunique(dropna=False).max() == 1]
    frame = pycytominer.aggregate(cells, strata=[PLATE, WELL], features=features_of(cells), operation=operation)
    told = of_well[shared].first().assign(**{COUNT: of_well.size()}).reset_index()
    frame = told.merge(frame, on=[PLATE, WELL], how="right")
    return in_plate_order(frame)


def _annotate(unit: Unit, aggregated: Frame) -> Frame:
    path = _platemap(unit)
    if path is None:
        return aggregated
    told, profiles = join_platemap(read_platemap(path), aggregated, path.name)
    keys = [PLATE, WELL]
    frame = pycytominer.annotate(
        profiles, told, join_on=[keys, keys], add_metadata_id_to_platemap=False, clean_cellprofiler=False
    )
    return in_plate_order(frame)


def _platemap(unit: Unit) -> Optional[Path]:
    files = unit.inputs.get("platemap", ())
    if len(files) > 1:
        raise DataError(f"{unit.name}: input `platemap` has {len(files)} files; a plate has one map")
    named = unit.params.get("platemap")
    return files[0].path if files else Path(str(named)) if named else None


def _normalize(unit: Unit, annotated: Frame) -> Frame:
    samples, method = str(unit.params.get("samples") or "all"), str(unit.params.get("method", "standardize"))
    if samples != "all":
        _check_samples(unit, annotated, samples)
    frame = pycytominer.normalize(
        annotated,
        features=features_of(annotated),
        meta_features=metadata_of(annotated),
        samples=samples,
        method=method,
    )
    return in_plate_order(frame)


def _check_samples(unit: Unit, frame: Frame, samples: str) -> None:
    """At least two wells: with one, nothing varies, and every feature would be divided by zero."""
    try:
        chosen = len(frame.query(samples))
    except Exception as error:
        known = ", ".join(metadata_of(frame))
        raise DataError(f"{unit.name}: `samples: {samples}` is no question to these columns: {known}") from error
    if chosen < 2:
        raise DataError(f"{unit.name}: `samples: {samples}` chooses {chosen} wells; normalising needs two or more")
