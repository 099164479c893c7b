"""What must be there of a file set: all that there is of a wildcard, certain values, or what its group has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The values of a wildcard that must be there.

    :param values: as text; empty for those that there are.
    :param per: of those that there are, only what agrees in these wildcards counts; empty for all.
    """

    values: tuple[str, ...] = ()
    per: tuple[str, ...] = ()

    @property
    def is_reversed(self) -> bool:
        """Whether it was a range that ends before it begins."""
        return self.values == ("",)


def wanted_of(complete: Any) -> dict[str, Wanted]:
    """What `complete` says: wildcard to what must be there of it.

    :param complete: as in a spec: a list, or keys with values.
    """
    if not isinstance(complete, Mapping):
        return {name: Wanted() for name in complete or () if isinstance(name, str)}
    return {name: _wanted(said) for name, said in complete.items()}


def _wanted(said: Any) -> Wanted:
    if isinstance(said, list):
        return Wanted(tuple(said))
    numbers, _, group = said.partition("per ")
    if found := _RANGE.fullmatch(numbers.strip()):
        return Wanted(tuple(map(str, range(int(found[1]), int(found[2]) + 1))) or ("",))
    return Wanted((), tuple(re.split(", ?", group)) if group else ())
