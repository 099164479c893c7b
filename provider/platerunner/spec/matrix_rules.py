"""Matrices: values that can be parts of names, placeholders that are known, outputs that differ."""

import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys, Source
from platerunner.spec.matrix import PLACEHOLDER, Value, member_id
from platerunner.spec.templates import is_template

MAX_MEMBERS = 100
MAX_TEXT = 64
_USABLE = re.compile(r"[A-Za-z0-9_.+-]+")


def check_matrices(source: Source, doubtful: set[Keys]) -> set[Keys]:
    """Note what is wrong with the matrices of a spec, before its steps are repeated.

    :param doubtful: places at which something is wrong already.
    :returns: places of matrices that cannot be used, and of texts whose placeholders have no values.
    """
    bad: set[Keys] = set()
    if not source.may_say("matrix"):
        return bad  # to look for placeholders in every text takes a tenth of a spec's time
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
    place = keys if isinstance(output, str) else (*keys, "path")
    path = output if isinstance(output, str) else output.get("path", "")
    for axis, values in matrix.items():
        if len(values) > 1 and f"{{matrix.{axis}}}" not in path:
            message = f"all {len(values)} values of `{axis}` would write the same files"
            source.at_value(place, message, f"Put `{{matrix.{axis}}}` into the pattern.", "same-output")
        if re.search(rf"\{{{axis}[:}}]", path):
            message = f"`{{{axis}}}` is a wildcard of `outputs.{keys[3]}`, and `{axis}` a name of the matrix"
            source.at_key((*keys[:2], "matrix", axis), message, f"Rename `{axis}` in the matrix.", "same-name")
