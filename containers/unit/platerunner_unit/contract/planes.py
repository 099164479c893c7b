"""Files with several planes, as a spec names them: channels, z, t and series, by value, or all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Optional

AXES = ("channel", "z", "t", "series")
Planes = Mapping[str, Optional[tuple[str, ...]]]
"""Axis to its values, in the order in which the file has them; None for all that it has. The first axis that is named
runs fastest in files without metadata of their axes."""


def as_kept(planes: Mapping[str, Planes]) -> dict[str, list[list[object]]]:
    """The planes of inputs as plain data. The order of axes matters, and is kept.

    :param planes: input name to its planes.
    """
    return {
        name: [[axis, None if values is None else list(values)] for axis, values in axes.items()]
        for name, axes in planes.items()
    }


def named(planes: Planes) -> dict[str, tuple[str, ...]]:
    """The axes whose values are named: these are wildcards."""
    return {axis: values for axis, values in planes.items() if values is not None}


def combinations(planes: Planes) -> Iterator[dict[str, str]]:
    """The values of each plane; where an axis is taken as a whole, of each group of planes."""
    axes = named(planes)
    return (dict(zip(axes, values)) for values in product(*axes.values()))  # noqa: B905  (Python 3.9)
