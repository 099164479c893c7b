"""Every nth value of a wildcard, for steps that look at a part of what there is."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from platerunner.units.available import Available
from platerunner_unit.unit_ids import natural_key


def sampled(available: Available, every: Mapping[str, int]) -> Available:
    """The files that have every nth of the values that there are anywhere, the first included.

    :param available: what there is of an input.
    :param every: wildcard to n; those that the files do not have change nothing.
    """
    for name in [name for name in every if name in available.pattern.wildcards]:
        available = _sampled(available, name, every[name])
    return available


def _sampled(available: Available, name: str, nth: int) -> Available:
    # What is left out counts, too: else leaving a site out would choose other sites everywhere.
    others = chain((file.values for file in available.absent), (each.values for each in available.excluded))
    everything = available.files.distinct(name) | {values[name] for values in others if name in values}
    ordered = sorted(set(map(str, everything)), key=natural_key)
    kept = frozenset(ordered[::nth])

    def keeps(values: Mapping[str, Any]) -> bool:
        return name not in values or str(values[name]) in kept

    return replace(
        available,
        files=available.files.where(keeps),
        absent=tuple(file for file in available.absent if keeps(file.values)),
        excluded=tuple(each for each in available.excluded if keeps(each.values)),
    )
