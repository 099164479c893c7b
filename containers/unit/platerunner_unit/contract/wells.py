"""Well names, and the order in which people read a plate."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Optional

from platerunner_unit.contract.unit_keys import natural_key

_WELL = re.compile(r"([A-Za-z]{1,2})0*([1-9][0-9]{0,2})")
_QUARTER = re.compile(r"(.+)\.([ABab])([12])")


@dataclass(frozen=True)
class Layout:
    """The rows and columns of a plate.

    :param rows: lettered A, B, ... Z, AA, ...
    :param columns: numbered from 1.
    """

    rows: int
    columns: int


# ANSI SLAS 4-2004 (R2012): 96, 384 and 1536 wells in rows and columns of 2 : 3.
LAYOUTS = (Layout(8, 12), Layout(16, 24), Layout(32, 48))


def position(well: str) -> Optional[tuple[int, int]]:
    """Row and column of a well from 0, e.g. ``B03`` is (1, 2) and ``AF48`` is (31, 47); None for other names.

    A plate of 1536 wells is also one of 384 wells of four each: ``P24.b2`` is (31, 47), too.
    """
    if quarter := _QUARTER.fullmatch(well):
        whole = position(quarter[1]) if "." not in quarter[1] else None
        return (2 * whole[0] + (quarter[2] in "Bb"), 2 * whole[1] + int(quarter[3]) - 1) if whole else None
    match = _WELL.fullmatch(well)
    if not match:
        return None
    row = 0
    for letter in match[1].upper():
        row = row * 26 + ord(letter) - ord("A") + 1
    return row - 1, int(match[2]) - 1


def row_name(row: int) -> str:
    """Letters of a row, counted from 0."""
    return chr(ord("A") + row) if row < 26 else row_name(row // 26 - 1) + row_name(row % 26)


def layout(wells: Iterable[str]) -> Optional[Layout]:
    """The smallest plate of 96, 384 or 1536 wells that holds all; None if a name is not a well of any."""
    places = [position(well) for well in wells]
    for plate in LAYOUTS:
        if all(place and place[0] < plate.rows and place[1] < plate.columns for place in places):
            return plate
    return None


def plate_order(well: str) -> tuple[tuple[int, int], tuple[Any, ...]]:
    """Sort key: row by row as a plate is read, then names that are not wells."""
    return position(well) or (1 << 30, 0), natural_key(well)
