"""One of the parts of a pipeline that flow on their own, such as a plate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from platerunner.engine.planning.where import prefixes_of
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.unit_keys import parse_unit_id, unit_id

MOST_ABOVE = 4096
"""Folders at most that are looked into for a branch's keys, such as a plate's wells and sites. A LIST each costs more
than one of all keys while there are few plates, and is the same when there are hundreds."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A value of the wildcard that a pipeline is split by.

    :param value: as text.
    """

    wildcard: str
    value: str

    @classmethod
    def of(cls, key: str) -> Self:
        """From its :attr:`key`."""
        [(wildcard, value)] = parse_unit_id(key).items()
        return cls(wildcard, value)

    @property
    def key(self) -> str:
        """``plate=P1``: safe as a part of a key, whatever the plate is called."""
        return unit_id({self.wildcard: self.value}, (self.wildcard,))

    def units_of(self, foreach: Sequence[str]) -> str:
        """What the ids of a step's units in this branch begin with, ``*/`` for each part that comes before the branch.

        :param foreach: the step's.
        :returns: empty if the ids do not name the branch.
        """
        return f"{'*/' * foreach.index(self.wildcard)}{self.key}/" if self.wildcard in foreach else ""

    def beginnings(self, pattern: Pattern, folders: Callable[[str], Iterable[str]]) -> list[str]:
        """What its keys of a pattern begin with: up to the last place that names it, with a slash if one follows.

        :param pattern: of keys that we write.
        :param folders: looks up what lies directly in a folder, for keys with other names before the branch's.
        """
        if self.wildcard not in pattern.wildcards:
            return [pattern.literal_prefix]
        filled = pattern.partial({self.wildcard: self.value})
        return [self._up_to_value(prefix) for prefix in prefixes_of(pattern, filled, folders, MOST_ABOVE)]

    def _up_to_value(self, prefix: str) -> str:
        known, value, rest = prefix.rpartition(self.value)
        return f"{known}{value}/" if value and rest.startswith("/") else f"{known}{value}" or prefix

    def has(self, values: Mapping[str, Any]) -> bool:
        """Whether a file or a unit is the branch's; what has no such wildcard is every branch's.

        :param values: its wildcards.
        """
        return self.wildcard not in values or str(values[self.wildcard]) == self.value


def units_below(key: str, units: Iterable[str]) -> str:
    """What the ids of a branch's units begin with, as :meth:`Branch.units_of` says it.

    :param key: of the branch; empty for none.
    :param units: ids.
    :returns: empty if they do not all name the branch in the same place.
    """
    places = {parts.index(key) if key in (parts := unit.split("/")) else -1 for unit in units}
    place = places.pop() if len(places) == 1 else -1
    return f"{'*/' * place}{key}/" if place >= 0 else ""
