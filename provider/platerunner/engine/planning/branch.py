"""One of the parts of a pipeline that flow on their own, such as a plate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.unit_ids import parse_unit_id, unit_id


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
        """What the ids of a step's units in this branch begin with; empty if they do not begin with the branch.

        :param foreach: the step's.
        """
        return f"{self.key}/" if foreach[:1] == (self.wildcard,) else ""

    def beginning(self, pattern: Pattern) -> str:
        """What its keys of a pattern begin with: up to the last place that names it, with a slash if one follows.

        :param pattern: of keys that we write.
        """
        if self.wildcard in pattern.wildcards:
            prefix = pattern.partial({self.wildcard: self.value}).literal_prefix
            known, value, rest = prefix.rpartition(self.value)
            return f"{known}{value}/" if value and rest.startswith("/") else f"{known}{value}" or prefix
        return pattern.literal_prefix

    def has(self, values: Mapping[str, Any]) -> bool:
        """Whether a file or a unit is the branch's; what has no such wildcard is every branch's.

        :param values: its wildcards.
        """
        return self.wildcard not in values or str(values[self.wildcard]) == self.value
