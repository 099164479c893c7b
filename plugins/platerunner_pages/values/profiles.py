"""Medians of rows and columns: a pipette that is clogged, and edges that dry out, show there first."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from platerunner_unit.contract.wells import position


def profiles_of(wells: Iterable[tuple[str, float | None]]) -> dict[str, Any]:
    """The median of each row and of each column that has numbers: row or column, counted from 0, to it.

    :param wells: names with numbers, of one plate or of many; a name that is no well counts for nothing.
    """
    rows: dict[int, list[float]] = defaultdict(list)
    columns: dict[int, list[float]] = defaultdict(list)
    for well, value in wells:
        if value is not None and (place := position(well)) is not None:
            rows[place[0]].append(value)
            columns[place[1]].append(value)
    return {"rows": _medians(rows), "columns": _medians(columns)}


def _medians(lines: dict[int, list[float]]) -> dict[int, float]:
    return {at: float(f"{statistics.median(lines[at]):.6g}") for at in sorted(lines)}
