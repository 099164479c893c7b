"""A step repeated over the values of a ``matrix``: one step for each combination, called after its values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from platerunner.documents.source import Keys, Source

PLACEHOLDER = re.compile(r"(?<!\{)\{matrix\.([^{}]*)\}")


class Value(NamedTuple):
    """A value of a matrix, and how it is written."""

    value: Any
    text: str


Combination = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A step that is repeated.

    :param axes: name to its values.
    :param members: id of a step to the values, as text, that it stands for.
    :param outputs: output name to its pattern with placeholders.
    """

    axes: Mapping[str, tuple[str, ...]]
    members: Mapping[str, Mapping[str, str]]
    outputs: Mapping[str, str]

    def select(self, where: Mapping[str, str]) -> tuple[str, ...]:
        """The members that have some values."""
        return tuple(name for name, values in self.members.items() if where.items() <= values.items())

    def free(self, where: Mapping[str, str]) -> tuple[str, ...]:
        """The axes in which members with some values still differ."""
        return tuple(axis for axis in self.axes if axis not in where)

    def joint(self, output: str, where: Mapping[str, str]) -> str:
        """The pattern of the files of several members together: the free axes are wildcards of it."""
        return PLACEHOLDER.sub(lambda found: where.get(found[1], f"{{{found[1]}}}"), self.outputs[output])


def member_id(step: str, combination: Combination) -> str:
    """The id of a member: ``segment-threshold-0.2``, which Airflow takes as a task id."""
    parts = (f"{axis}-{value.text}" for axis, value in combination.items())
    return "-".join([step, *(re.sub(r"[^A-Za-z0-9_.-]+", "-", part) for part in parts)])


def expand(source: Source) -> dict[str, Matrix]:
    """Put a step for each combination in the place of each step with a matrix.

    :param source: a spec without unusable values, changed in place; the marks of the steps as written stay.
    :returns: the matrix of each step that had one.
    """
    steps: dict[str, Any] = {}
    matrices: dict[str, Matrix] = {}
    for name, data in source.data.get("steps", {}).items():
        axes = _axes(source, name, data)
        if not axes:
            steps[name] = data
            continue
        members = {member_id(name, each): each for each in _combinations(axes)}
        for member, combination in members.items():
            steps[member] = _member(source, name, member, data, combination)
        texts = {member: {axis: value.text for axis, value in each.items()} for member, each in members.items()}
        paths = {key: _path(output) for key, output in data.get("outputs", {}).items()}
        values = {axis: tuple(value.text for value in each) for axis, each in axes.items()}
        matrices[name] = Matrix(values, texts, paths)
    if "steps" in source.data:
        source.data["steps"] = steps
    return matrices


def _axes(source: Source, step: str, data: Mapping[str, Any]) -> dict[str, list[Value]]:
    found = {}
    for axis, values in (data.get("matrix") or {}).items():
        places = (("steps", step, "matrix", axis, index) for index in range(len(values)))
        found[axis] = [Value(value, _text(source, keys, value)) for keys, value in zip(places, values, strict=True)]
    return found


def _text(source: Source, keys: Keys, value: Any) -> str:
    text = source.mark(keys).text
    return str(value) if text is None else text


def _combinations(axes: Mapping[str, list[Value]]) -> Iterator[dict[str, Value]]:
    return (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def _path(output: Any) -> str:
    return output if isinstance(output, str) else output.get("path", "")


def _member(source: Source, step: str, member: str, data: Mapping[str, Any], combination: Combination) -> Any:
    own = {key: value for key, value in data.items() if key != "matrix"}
    result = _filled(source, own, ("steps", step), ("steps", member), combination)
    values = ", ".join(f"{axis}={value.text}" for axis, value in combination.items())
    return {**result, "title": f"{result.get('title') or step} [{values}]"}


def _filled(source: Source, value: Any, old: Keys, new: Keys, combination: Combination) -> Any:
    """A value with its placeholders filled in, and its marks taken over."""
    mark = source.marks.get(old)
    if mark is not None:
        source.marks[new] = mark
    if isinstance(value, dict):
        return {key: _filled(source, item, (*old, key), (*new, key), combination) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(source, item, (*old, i), (*new, i), combination) for i, item in enumerate(value)]
    if not isinstance(value, str) or not PLACEHOLDER.search(value):
        return value
    text = PLACEHOLDER.sub(lambda found: combination[found[1]].text, value)
    if mark is not None:
        source.marks[new] = mark._replace(filled=text)
    whole = PLACEHOLDER.fullmatch(value)
    return combination[whole[1]].value if whole else text
