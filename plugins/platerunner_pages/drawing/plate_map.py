"""Where a unit is drawn: its well on its plate, its site in a grid, or its place in a list."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from platerunner_unit.contract.unit_keys import natural_key, parse_unit_id
from platerunner_unit.contract.wells import layout, position

PLATE, WELL, SITE = "plate", "well", "site"
NAMED = 40
"""Units of a list that are drawn one below the other, each with its name."""


@dataclass(frozen=True, slots=True)
class PlateMap:
    """One picture.

    :param name: of the plate; empty if the units name none.
    :param kind: ``wells``, ``sites`` or ``list``.
    :param split: cells of a well per side, for units smaller than a well.
    :param cells: number of the unit, row, column, place within the well.
    """

    name: str
    kind: str
    rows: int
    columns: int
    split: int
    cells: tuple[tuple[int, int, int, int], ...]


def plate_maps(units: Sequence[str]) -> list[PlateMap]:
    """All units of a step as pictures, one for each plate, in natural order of the plates.

    :param units: their ids.
    """
    values = [parse_unit_id(unit) for unit in units]
    plates: dict[str, list[int]] = defaultdict(list)
    if all(set(each) == {PLATE} for each in values):
        return [_listed("", units, range(len(units)))] if units else []
    for number, each in enumerate(values):
        plates[each.get(PLATE, "")].append(number)
    return [_map(name, units, values, plates[name]) for name in sorted(plates, key=natural_key)]


def label(unit: str) -> str:
    """What a person calls a unit: ``P1, A01, site 3``."""
    words = (value if name in (PLATE, WELL) else f"{name} {value}" for name, value in parse_unit_id(unit).items())
    return ", ".join(words) or "the only unit"


def _map(name: str, units: Sequence[str], values: Sequence[dict[str, str]], numbers: list[int]) -> PlateMap:
    wells = [values[number].get(WELL) for number in numbers]
    plate = layout(well for well in wells if well) if all(wells) else None
    if plate is None:
        sites = all(SITE in values[number] for number in numbers)
        listed = _listed(name, units, numbers)
        rows, columns = _square(len(numbers))
        return PlateMap(name, "sites", rows, columns, 1, _filled(units, numbers, columns)) if sites else listed
    inside: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, well in zip(numbers, wells, strict=True):
        place = position(str(well))
        assert place is not None
        inside[place].append(number)
    split = math.ceil(math.sqrt(max(map(len, inside.values()))))
    cells = tuple(
        (number, row, column, index)
        for (row, column), members in inside.items()
        for index, number in enumerate(sorted(members, key=lambda each: natural_key(units[each])))
    )
    return PlateMap(name, "wells", plate.rows, plate.columns, split, cells)


def _listed(name: str, units: Sequence[str], numbers: Sequence[int]) -> PlateMap:
    size = (len(numbers), 1) if len(numbers) <= NAMED else _square(len(numbers))
    return PlateMap(name, "list", *size, 1, _filled(units, numbers, size[1]))


def _square(count: int) -> tuple[int, int]:
    """Rows and columns that hold so many, about as wide as high."""
    columns = max(1, math.ceil(math.sqrt(count * 1.5)))
    return max(1, math.ceil(count / columns)), columns


def _filled(units: Sequence[str], numbers: Iterable[int], columns: int) -> tuple[tuple[int, int, int, int], ...]:
    order = sorted(numbers, key=lambda each: natural_key(units[each]))
    return tuple((number, *divmod(index, columns), 0) for index, number in enumerate(order))
