"""select: the features worth keeping over all plates, and one profile per treatment, by pycytominer."""

from __future__ import annotations

from typing import Any

import pycytominer

from platerunner_unit.cytomining.levels import (
    check_wells,
    features_of,
    in_plate_order,
    metadata_of,
    read_level,
    write_level,
)
from platerunner_unit.cytomining.notes import write_notes
from platerunner_unit.cytomining.sources import PLATE
from platerunner_unit.imaging.unit import DataError, Unit

Frame = Any
OPERATIONS = ("variance_threshold", "correlation_threshold", "drop_na_columns", "blocklist")


def run(unit: Unit) -> None:
    """Write outputs ``selected``, of one file or one for each plate, and ``consensus``; each may be absent.

    :param unit: input ``profiles``: normalised profiles of one or more plates; parameters ``operations``,
        ``na_cutoff``, ``corr_threshold``, ``samples`` (pycytominer's own), ``replicates`` and ``consensus``.
    :raises DataError: if no feature is left, a plate would be lost, or a parameter is at fault.
    """
    profiles = read_level(unit, "profiles")
    selected = _select(unit, profiles)
    check_wells(unit, profiles, selected, "the selected profiles")
    _write_selected(unit, selected)
    if target := unit.output("consensus"):
        consensus = _consensus(unit, selected)
        write_level(consensus, target.path)
        print(f"{len(consensus)} consensus profiles")
    before, after = len(features_of(profiles)), len(features_of(selected))
    write_notes(unit, [f"{after} of {before} features are left."])


def _select(unit: Unit, profiles: Frame) -> Frame:
    operations = unit.params.get("operations") or list(OPERATIONS)
    try:
        frame = pycytominer.feature_select(
            profiles,
            features=features_of(profiles),
            operation=operations,
            samples=str(unit.params.get("samples") or "all"),
            na_cutoff=unit.number("na_cutoff", 0.05, 0, 1),
            corr_threshold=unit.number("corr_threshold", 0.9, 0, 1),
        )
    except (ValueError, AssertionError) as error:
        raise DataError(f"{unit.name}: pycytominer refuses `operations: {operations}`: {error}") from error
    if not features_of(frame):
        raise DataError(f"{unit.name}: `operations: {operations}` leaves none of {len(features_of(profiles))} features")
    return in_plate_order(frame)


def _write_selected(unit: Unit, selected: Frame) -> None:
    files = unit.outputs.get("selected", ())
    if len(files) == 1:
        write_level(selected, files[0].path)
        return
    plates = {file.values.get("plate", ""): file for file in files}
    lost = sorted(set(selected[PLATE]) - set(plates)) if files else []
    if lost:
        raise DataError(f"{unit.name}: no output is for plate {lost[0]}; name `{{plate}}` in the pattern of `selected`")
    for plate, file in plates.items():
        write_level(selected[selected[PLATE] == plate], file.path)


def _consensus(unit: Unit, selected: Frame) -> Frame:
    named = [str(name) for name in unit.params.get("replicates") or ()]
    columns = {name.removeprefix("Metadata_").lower(): name for name in metadata_of(selected)}
    wanted = [columns.get(name.removeprefix("Metadata_").lower()) for name in named]
    if not named or None in wanted:
        known = ", ".join(name.removeprefix("Metadata_") for name in metadata_of(selected))
        raise DataError(
            f"{unit.name}: `replicates: {named}` must name columns that replicates share; there are {known}"
        )
    operation = str(unit.params.get("consensus", "median"))
    return pycytominer.consensus(
        selected, replicate_columns=wanted, operation=operation, features=features_of(selected)
    )
