"""A step repeated over the values of a ``matrix``, one step for each combination."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, NamedTuple

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys, Source
from platerunner.spec.forms import path_keys, path_of
from platerunner.spec.templates import is_template

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
        paths = {key: path_of(output) for key, output in data.get("outputs", {}).items()}
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


MAX_MEMBERS = 100
MAX_TEXT = 64
_USABLE = re.compile(r"[A-Za-z0-9_.+-]+")


def check_matrices(source: Source, doubtful: set[Keys]) -> set[Keys]:
    """Note what is wrong with the matrices of a spec, before its steps are repeated.

    :param doubtful: places at which something is wrong already.
    :returns: places of matrices that cannot be used, and of texts whose placeholders have no values.
    """
    bad: set[Keys] = set()
    for name, data in source.data.get("steps", {}).items():
        keys: Keys = ("steps", name)
        matrix = data.get("matrix") or {}
        wrong = any(place[:3] == (*keys, "matrix") for place in doubtful)
        if wrong or _is_wrong(source, keys, matrix):
            bad |= {(*keys, "matrix"), *(place for place, _ in _placeholders(keys, data))}
            continue
        bad |= set(_check_placeholders(source, keys, data, list(matrix)))
        for key, output in data.get("outputs", {}).items() if matrix else ():
            _check_output(source, (*keys, "outputs", key), output, matrix)
    return bad


def _is_wrong(source: Source, keys: Keys, matrix: Mapping[str, list[Any]]) -> bool:
    before = len(source.problems)
    members = prod(len(values) for values in matrix.values())
    if members > MAX_MEMBERS:
        message = f"this matrix makes {members:,} steps of one"
        remedy = f"{MAX_MEMBERS} is the limit: fan units out with `foreach`, or split the pipeline."
        source.at_key((*keys, "matrix"), message, remedy, "out-of-range")
    for axis, values in matrix.items():
        _check_values(source, (*keys, "matrix", axis), values)
    return len(source.problems) > before


def _check_values(source: Source, keys: Keys, values: list[Any]) -> None:
    first: dict[str, str] = {}
    for index, value in enumerate(values):
        place = (*keys, index)
        text = source.mark(place).text or ""
        if is_template(text):
            continue  # templates have a rule of their own
        if not _USABLE.fullmatch(text) or text.strip(".") == "" or len(text) > MAX_TEXT:
            remedy = f"Letters, digits and `_ . + -` can stand in names of steps and files; at most {MAX_TEXT} of them."
            source.at_value(place, f"`{text[:40]}` cannot be a part of a name", remedy, "bad-name")
            continue
        name = member_id(str(keys[1]), {str(keys[3]): Value(value, text)})
        if name in first:
            message = f"`{first[name]}` and `{text}` would both make the step `{name}`"
            source.at_value(place, message, "Write one of them another way.", "same-name")
        first.setdefault(name, text)


def _check_placeholders(source: Source, keys: Keys, data: Any, axes: list[str]) -> Iterator[Keys]:
    for place, found in _placeholders(keys, data):
        if found[1] not in axes:
            remedy = suggest(found[1], axes, "names of the matrix") if axes else "Add `matrix:` to the step."
            source.add(source.inside(place, found.start()), f"no matrix has `{found[1]}`", remedy, "unknown-name")
            yield place


def _placeholders(keys: Keys, value: Any) -> Iterator[tuple[Keys, re.Match[str]]]:
    """Every placeholder of a step, with the place of the text that it is in."""
    waiting: list[tuple[Keys, Any]] = [(keys, value)]
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, str):
            if "{matrix." in item:
                yield from ((place, found) for found in PLACEHOLDER.finditer(item))
        elif isinstance(item, dict):
            waiting += (((*place, key), inner) for key, inner in item.items())
        elif isinstance(item, list):
            waiting += (((*place, index), inner) for index, inner in enumerate(item))


def _check_output(source: Source, keys: Keys, output: Any, matrix: Mapping[str, list[Any]]) -> None:
    place, path = path_keys(keys, output), path_of(output)
    for axis, values in matrix.items():
        if len(values) > 1 and f"{{matrix.{axis}}}" not in path:
            message = f"all {len(values)} values of `{axis}` would write the same files"
            source.at_value(place, message, f"Put `{{matrix.{axis}}}` into the pattern.", "same-output")
        if re.search(rf"\{{{axis}[:}}]", path):
            message = f"`{{{axis}}}` is a wildcard of `outputs.{keys[3]}`, and `{axis}` a name of the matrix"
            source.at_key((*keys[:2], "matrix", axis), message, f"Rename `{axis}` in the matrix.", "same-name")
