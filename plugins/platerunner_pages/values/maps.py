"""Values on plates: where each well is drawn, its number, and the unit that it belongs to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from platerunner_pages.values.profiles import profiles_of
from platerunner_pages.values.spread import hints, spread_of
from platerunner_pages.values.wells import Place
from platerunner_unit.contract.unit_keys import natural_key, parse_unit_id
from platerunner_unit.contract.wells import layout, position

DIGITS = 6
"""How many digits of a number are sent: a screen shows fewer."""
Cell = tuple[int, int, int, int]


def drawn(
    values: Mapping[Place, float | None],
    units: Sequence[str],
    plate: str = "",
    expected: Sequence[str] = (),
    counts: Mapping[Place, int] | None = None,
    roles: Mapping[Place, str] | None = None,
) -> dict[str, Any]:
    """Everything that a page draws of the values of wells.

    :param units: ids of the step's; a well of theirs without a value is drawn as missing.
    :param plate: the only one that is drawn; empty for all.
    :param expected: ids of other units, whose wells are drawn as missing, too, on plates that have any number.
    :param counts: of how many numbers each value was made.
    :param roles: of wells that are controls.
    """
    own = {place: unit for place, unit in _units_by_place(units).items() if plate in ("", place[0])}
    plates = {of for of, _ in values}
    others = [place for place in _units_by_place(expected) if place[0] in plates]
    wells = _known({**dict.fromkeys([*own, *others], None), **values})
    spread = spread_of([value for value in wells.values() if value is not None])
    places = list(wells)
    return {
        "maps": [
            {**_map(of, places, numbers), **_told(of, [places[each] for each in numbers], wells, roles or {})}
            for of, numbers in _by_plate(places).items()
        ],
        "profiles": profiles_of((well, value) for (_, well), value in wells.items()),
        "wells": [f"{plate}/{well}" if plate else well for plate, well in places],
        "values": [_rounded(wells[place]) for place in places],
        "counts": [(counts or {}).get(place, 0) for place in places],
        "units": [_unit_of(own, place) for place in places],
        "spread": asdict(spread) if spread else None,
    }


def _known(wells: Mapping[Place, float | None]) -> dict[Place, float | None]:
    """Without names that are no wells; a well that is written in two ways, such as B3 and B03, is one."""
    found: dict[tuple[str, tuple[int, int]], tuple[Place, float | None]] = {}
    for place, value in wells.items():
        if (at := position(place[1])) is not None:
            before = found.get((place[0], at))
            if before is None or before[1] is None:
                found[place[0], at] = (place if before is None else before[0], value)
    return dict(found.values())


def _map(plate: str, places: Sequence[Place], numbers: Sequence[int]) -> dict[str, Any]:
    whole = layout(places[number][1] for number in numbers)
    cells = [(number, *at, 0) for number in numbers if (at := position(places[number][1])) is not None]
    size = (whole.rows, whole.columns) if whole else _size(cells)
    return {"name": plate, "kind": "wells", "rows": size[0], "columns": size[1], "split": 1, "cells": cells}


def _size(cells: Sequence[Cell]) -> tuple[int, int]:
    """Rows and columns of a plate that is larger than any that is sold."""
    return max(cell[1] for cell in cells) + 1, max(cell[2] for cell in cells) + 1


def _by_plate(places: Sequence[Place]) -> dict[str, list[int]]:
    plates: dict[str, list[int]] = defaultdict(list)
    for number, (plate, _) in enumerate(places):
        plates[plate].append(number)
    return {plate: plates[plate] for plate in sorted(plates, key=natural_key)}


def _units_by_place(units: Sequence[str]) -> dict[Place, int]:
    """Plate and well to the first unit of them; of a plate's own unit, the well is empty."""
    found: dict[Place, int] = {}
    for number, unit in enumerate(units):
        values = parse_unit_id(unit)
        found.setdefault((values.get("plate", ""), values.get("well", "")), number)
    return found


def _unit_of(own: Mapping[Place, int], place: Place) -> int | None:
    return own.get(place, own.get((place[0], "")))


def _told(
    plate: str, places: Sequence[Place], wells: Mapping[Place, float | None], roles: Mapping[Place, str]
) -> dict[str, Any]:
    """What stands beside a plate."""
    values = {well: value for of, well in places if (value := wells[of, well]) is not None}
    own = {well: roles[plate, well] for well in values if (plate, well) in roles}
    return {"hints": hints(values, own), "profiles": profiles_of(values.items())}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")
