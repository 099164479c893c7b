"""One of the parts of a pipeline that flow on their own, such as a plate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

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

    def has(self, values: Mapping[str, Any]) -> bool:
        """Whether a file or a unit is the branch's; what has no such wildcard is every branch's.

        :param values: its wildcards.
        """
        return self.wildcard not in values or str(values[self.wildcard]) == self.value
