"""flag: which cells are badly segmented, by coSMicQC. Runs in a Python of its own: coSMicQC wants an older pandas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from cosmicqc.analyze import DEFAULT_QC_THRESHOLD_FILE, label_outliers

from platerunner_unit.cytomining.levels import read_cells, wells_of, write_level
from platerunner_unit.cytomining.notes import listed, write_notes
from platerunner_unit.imaging.unit import DataError, Unit

Frame = Any
Conditions = Mapping[str, Mapping[str, float]]


def run(unit: Unit) -> None:
    """Write outputs ``flagged`` (all cells, a column per condition), ``kept`` (the others) and ``numbers`` (JSON).

    :param unit: input ``cells``; parameters ``thresholds`` (file, as coSMicQC's own) and ``conditions`` (names of it).
    :raises DataError: if a condition, or a feature that it names, is not there, or no cell would be left.
    """
    cells = read_cells(unit, "cells")
    conditions = _conditions(unit)
    flags = _label(unit, cells, conditions)
    kept = cells[~flags.any(axis=1).to_numpy()]
    if len(cells) and not len(kept):
        raise DataError(f"{unit.name}: all {len(cells)} cells are flagged, so none would be left; lower the thresholds")
    for name, frame in (("flagged", pd.concat([cells, flags], axis=1)), ("kept", kept)):
        if target := unit.output(name):
            write_level(frame, target.path)
    counts = {name: int(flags[_column(name)].sum()) for name in conditions}
    if target := unit.output("numbers"):
        target.path.parent.mkdir(parents=True, exist_ok=True)
        numbers = {"cells": len(cells), "kept": len(kept), "flagged": counts, "share_kept": len(kept) / len(cells)}
        target.path.write_text(json.dumps(numbers, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    write_notes(unit, _notes(cells, kept, counts, conditions))


def _conditions(unit: Unit) -> Conditions:
    """The thresholds of each condition that is asked for; all of the file's, if none is named."""
    path = Path(str(unit.params.get("thresholds") or DEFAULT_QC_THRESHOLD_FILE))
    try:
        known = yaml.safe_load(path.read_text(encoding="utf-8"))["thresholds"]
        found = {str(name): {str(k): float(v) for k, v in each.items()} for name, each in known.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        wanted = "`thresholds: {condition: {Nuclei_AreaShape_Area: -1}}`"
        raise DataError(f"{path.name}: no thresholds as coSMicQC reads them, {wanted}: {error}") from error
    if not found or not all(found.values()):
        raise DataError(f"{path.name}: each condition needs a feature with its number, `Nuclei_AreaShape_Area: -1`")
    named = [str(name) for name in unit.params.get("conditions") or found]
    if unknown := [name for name in named if name not in found]:
        raise DataError(f"{unit.name}: {path.name} has no condition `{unknown[0]}`; it has {', '.join(found)}")
    return {name: found[name] for name in named}


def _label(unit: Unit, cells: Frame, conditions: Conditions) -> Frame:
    """A column of yes and no per condition, by coSMicQC, for the cells that have all numbers of the condition.

    coSMicQC flags none of a column in which one number is missing: the mean has no value then.
    """
    labelled = pd.DataFrame(index=cells.index)
    for name, thresholds in conditions.items():
        if absent := [feature for feature in thresholds if feature not in cells]:
            raise DataError(f"{unit.name}: the cells have no `{absent[0]}`, which the condition `{name}` needs")
        measured = cells[[*thresholds]].astype(float)
        measured = measured[np.isfinite(measured).all(axis=1)]
        found = label_outliers(measured, {name: dict(thresholds)})[_column(name)]
        labelled[_column(name)] = found.reindex(cells.index, fill_value=False).astype(bool)
    return labelled


def _column(condition: str) -> str:
    return f"Metadata_cqc_{condition}_is_outlier"


def _notes(cells: Frame, kept: Frame, counts: Mapping[str, int], conditions: Conditions) -> Iterator[str]:
    shown = ", ".join(f"{name} {count}" for name, count in counts.items())
    yield f"{len(cells) - len(kept)} of {len(cells)} cells flagged ({shown})."
    if lost := [f"{plate} {well}" for plate, well in wells_of(cells) if (plate, well) not in set(wells_of(kept))]:
        yield f"{listed(lost, 'well')} of which all cells are flagged."
    features = sorted({feature for each in conditions.values() for feature in each})
    if blank := int((~np.isfinite(cells[features].astype(float))).any(axis=1).sum()):
        yield f"Cells without a number in {', '.join(features)}, so that not all conditions were looked at: {blank}."
