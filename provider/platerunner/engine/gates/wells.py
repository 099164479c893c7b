"""The wells before a gate, and which of them a person means."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from platerunner_unit.contract.unit_keys import parse_unit_id
from platerunner_unit.contract.wells import position

NAMED = ("plate", "well")
"""The wildcards that tell a well from all others."""
Wells = Mapping[tuple[str, tuple[int, int]], dict[str, str]]
"""Plate, empty for none, and place of a well to what the dataset calls both."""


def wells_before(gate: str, upstream: Mapping[str, Sequence[str]], units_of: Callable[[str], Iterable[str]]) -> Wells:
    """The wells of the nearest step before a gate that has any.

    :param gate: its name.
    :param upstream: step or gate to those directly before it.
    :param units_of: ids of a step's units.
    """
    wanted = [gate]
    for name in wanted:
        if found := _wells(units_of(name)):
            return found
        wanted += [each for each in upstream.get(name, ()) if each not in wanted]
    return {}


def find_well(wells: Wells, plate: str, well: str) -> dict[str, str] | None:
    """A well as the dataset calls it, however its name is padded; None if there is none.

    :param plate: may be empty where there is one alone.
    """
    plates = {of for of, _ in wells}
    only = next(iter(plates)) if not plate and len(plates) == 1 else plate
    at = position(well)
    return wells.get((only, at)) if at is not None else None


def _wells(units: Iterable[str]) -> Wells:
    found: dict[tuple[str, tuple[int, int]], dict[str, str]] = {}
    for values in map(parse_unit_id, units):
        if (at := position(values.get("well", ""))) is not None:
            named = {name: values[name] for name in NAMED if name in values}
            found.setdefault((named.get("plate", ""), at), named)
    return found
