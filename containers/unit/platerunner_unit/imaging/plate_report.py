"""plate-report: one row per well, and a heat map of one column over the plate."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from pathlib import Path

from platerunner_unit.imaging import heatmap
from platerunner_unit.imaging.drawing import save_png
from platerunner_unit.imaging.tables import FAILURES, Well, is_summed, read_wells
from platerunner_unit.imaging.unit import DataError, Unit


def run(unit: Unit) -> None:
    """Write output ``table`` (CSV, a row per well) and ``heatmap`` (PNG); either may be absent.

    :param unit: input ``tables`` (``Image.csv`` files); parameter ``column``.
    :raises DataError: if the tables have no such column, or the heat map would show several plates.
    """
    wells, columns = read_wells(unit.files("tables"))
    if not wells:
        raise DataError(f"{unit.name}: the tables have no rows, so there is no well to report")
    column = str(unit.params.get("column", columns[0] if columns else ""))
    if column not in (*columns, FAILURES):
        raise DataError(f"{unit.name}: the tables have no numeric column `{column}`{nearest(column, columns)}")
    table, picture = unit.output("table"), unit.output("heatmap")
    if table:
        _write_table(table.path, wells, columns)
    if picture:
        save_png(heatmap.draw(_only_plate(wells), values(wells, column), subject(column)), picture.path)


def subject(column: str) -> str:
    """What a heat map of a column shows, in words."""
    return f"{column}, {'sum' if is_summed(column) else 'mean'} over the well's sites"


def values(wells: Sequence[Well], column: str) -> dict[str, float]:
    """Well to its value, for the wells of one plate that have one."""
    found = {well.well: well.value(column) for well in wells}
    return {name: value for name, value in found.items() if value is not None}


def _only_plate(wells: Sequence[Well]) -> str:
    plates = list(dict.fromkeys(well.plate for well in wells))
    if len(plates) > 1:
        names = ", ".join(plates[:3])
        raise DataError(
            f"a heat map shows one plate, but the tables are of {len(plates)} ({names}); use `foreach: [plate]`"
        )
    return plates[0]


def nearest(column: str, columns: Sequence[str]) -> str:
    """The end of a sentence that names the columns most like one that is not there."""
    near = difflib.get_close_matches(column, columns, n=3, cutoff=0.4) or list(columns[:3])
    return f"; the nearest are {', '.join(near)}" if near else "; they have no numeric column at all"


def _write_table(path: Path, wells: Sequence[Well], columns: Sequence[str]) -> None:
    counts = [column for column in columns if column.startswith("Count_")]
    means = [column for column in columns if column not in counts]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["Metadata_Plate", "Metadata_Well", "Number_Sites", *counts, *(f"Mean_{name}" for name in counts), *means]
        )
        for well in wells:
            numbers = [well.value(name) for name in counts] + [well.mean(name) for name in counts + means]
            texts = ["" if value is None else f"{value:.10g}" for value in numbers]
            writer.writerow([well.plate, well.well, well.sites, *texts])
