"""Every nth value of a wildcard, for steps that look at a part of what there is."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from platerunner.engine.planning.available import Available
from platerunner_unit.contract.unit_ids import natural_key


def sampled(available: Available, every: Mapping[str, int], within: str | None = None) -> Available:
    """The files that have every nth of the values that there are anywhere, the first included.

    :param available: what there is of an input.
    :param every: wildcard to n; those that the files do not have change nothing.
    :param within: the wildcard whose every value is sampled for itself, as its branch does.
    """
    for name in [name for name in every if name in available.pattern.wildcards]:
        available = _sampled(available, name, every[name], within)
    return available


def _sampled(available: Available, name: str, nth: int, within: str | None) -> Available:

    def own(values: Mapping[str, Any]) -> str | None:
        return str(values[within]) if within is not None and within in values else None

    # What is left out counts, too: else leaving a site out would choose other sites everywhere.
    others = chain((file.values for file in available.absent), (each.values for each in available.excluded))
    there: dict[str | None, set[str]] = defaultdict(set)
    for value, key in zip(available.files.texts([name]), available.files.texts([within or ""]), strict=True):
        there[key[0]].update(text for text in value if text is not None)
    for values in others:
        if name in values:
            there[own(values)].add(str(values[name]))
    kept = {key: frozenset(sorted(found, key=natural_key)[::nth]) for key, found in there.items()}

    def keeps(values: Mapping[str, Any]) -> bool:
        return name not in values or str(values[name]) in kept[own(values)]

    return replace(
        available,
        files=available.files.where(keeps),
        absent=tuple(file for file in available.absent if keeps(file.values)),
        excluded=tuple(each for each in available.excluded if keeps(each.values)),
    )
