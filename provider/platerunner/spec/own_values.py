"""Wildcards of ``foreach`` of which the spec itself says the values."""

from collections.abc import Mapping
from typing import Any

OF_INPUTS = "inputs"


def part_own_values(steps: Mapping[str, Any]) -> None:
    """Let every ``foreach`` be a list of wildcards, with their values, as far as the spec says them, in ``own``.

    :param steps: by name; changed in place.
    """
    for step in steps.values():
        values = step.get("foreach") if isinstance(step, dict) else None
        if isinstance(values, dict):
            step["foreach"] = list(values)
            step["own"] = {name: each for name, each in values.items() if each != OF_INPUTS}
