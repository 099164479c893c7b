"""Outputs: names that are known beforehand, inside the workspace, and each written by one unit only."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, path_of, readable, texts
from platerunner.spec.meeting import likely_meet
from platerunner.spec.rules.patterns import braced, check_pattern
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.patterns import Pattern, PatternError

OWN_FOLDER = PREFIX


def check_outputs(draft: Draft) -> None:
    """Note patterns that cannot be read or would overwrite each other's files, and ranges that do not fit."""
    seen: dict[str, tuple[str, str]] = {}
    for step, data in draft.steps.items():
        for name, output in data.get("outputs", {}).items():
            keys: Keys = ("steps", step, "outputs", name)
            place = keys if isinstance(output, str) else (*keys, "path")
            if not path_of(output):
                continue
            check_pattern(draft, place, path_of(output), globs=False)
            pattern = readable(path_of(output))
            if pattern is not None:
                _check_pattern(draft, place, pattern, data)
                _check_types(draft, place, pattern, data)
                _check_unique(draft, place, pattern, (step, name), seen)
                if isinstance(output, dict):
                    _check_long_form(draft, keys, pattern, output, data)


def _check_pattern(draft: Draft, keys: Keys, pattern: Pattern, data: Data) -> None:
    if pattern.text.split("/")[0] in {OWN_FOLDER, "gates"}:
        folder = pattern.text.split("/")[0]
        message = f"`{folder}/` in the workspace belongs to Platerunner"
        draft.source.at_value(keys, message, "Write to another folder.", "reserved-name")
    lacking = [name for _, name in texts(data.get("foreach")) if name not in pattern.wildcards]
    if lacking:
        message = f"several units would write the same file: `{pattern.text}` lacks {braced(lacking)} of `foreach`"
        remedy = f"Add {braced(lacking)} to the pattern, or take it out of `foreach`."
        draft.source.at_value(keys, message, remedy, "same-output")


def _check_types(draft: Draft, keys: Keys, pattern: Pattern, data: Data) -> None:
    """A type in an output can only repeat what the inputs say: values come from there as they are."""
    inputs = [draft.referred(reference) for reference in data.get("inputs", {}).values() if isinstance(reference, str)]
    for wildcard, type_ in pattern.types.items():
        given = {known.types[wildcard] for known in inputs if known is not None and wildcard in known.types}
        if type_ != "text" and given and type_ not in given:
            message = (
                f"`{{{wildcard}:{type_}}}` does not take every value: `{{{wildcard}}}` of the inputs is {_any(given)}"
            )
            remedy = f"Write `{{{wildcard}}}`: types belong into the patterns of `dataset.files`."
            draft.source.at_value(keys, message, remedy, "wrong-type")


def _any(types: set[str]) -> str:
    return " or ".join(f"`{type_}`" for type_ in sorted(types))


def _check_unique(
    draft: Draft, keys: Keys, pattern: Pattern, own: tuple[str, str], seen: dict[str, tuple[str, str]]
) -> None:
    untyped = re.sub(r"\{(\w+)(?::\w+)?\}", r"{\1}", pattern.text)
    if untyped in seen:
        step, name = seen[untyped]
        message = f"`{own[0]}.{own[1]}` and `{step}.{name}` write the same files"
        draft.source.at_value(keys, message, "Give one of them another folder or name.", "same-output")
    seen.setdefault(untyped, own)


def _check_long_form(draft: Draft, keys: Keys, pattern: Pattern, output: Data, data: Data) -> None:
    least = output.get("at_least")
    if (
        isinstance(least, int)
        and least > 1
        and not set(pattern.wildcards) - {name for _, name in texts(data.get("foreach"))}
    ):
        message = f"a unit writes one file of `{pattern.text}`, so that there are never {least}"
        remedy = "Put a wildcard for the file's name into `path`, such as `{tile}`, or take `at_least` out."
        draft.source.at_value((*keys, "at_least"), message, remedy, "out-of-range")
    if "from" in output:
        _check_from(draft, (*keys, "from"), pattern, output, data)
    for wildcard, declared in output.items():
        if wildcard in {"path", "from", "at_least"} or not isinstance(declared, dict | list):
            continue
        if wildcard not in pattern.wildcards:
            message = f"`{pattern.text}` has no `{{{wildcard}}}`"
            draft.source.at_key((*keys, wildcard), message, f"Add `{{{wildcard}}}` to `path`.", "unknown-wildcard")
        if isinstance(declared, list):
            _check_named(draft, (*keys, wildcard), pattern, declared)
            continue
        numbers = declared.get("range", ())
        if len(numbers) == 2 and None not in numbers and numbers[0] > numbers[1]:
            message = f"the range of `{wildcard}` ends before it begins"
            remedy = f"Write `[{numbers[1]}, {numbers[0]}]`."
            draft.source.at_value((*keys, wildcard, "range"), message, remedy, "out-of-range")


def _check_named(draft: Draft, keys: Keys, pattern: Pattern, values: list[str]) -> None:
    """Values that no file's name can have."""
    wildcard = str(keys[-1])
    for index, value in texts(values if wildcard in pattern.wildcards else ()):
        try:
            pattern.convert(wildcard, value)
        except PatternError as error:
            remedy = "Write a name that may stand in a file's name."
            draft.source.at_value((*keys, index), f"`{{{wildcard}}}`: {error.message}", remedy, "wrong-type")


def _check_from(draft: Draft, keys: Keys, pattern: Pattern, output: Data, data: Data) -> None:
    text = output["from"]
    check_pattern(draft, keys, text, globs="at_least" in output)
    source = readable(text)
    if source is None:
        return
    unknown = [name for name in source.wildcards if name not in pattern.wildcards]
    per_unit = {name for _, name in texts(data.get("foreach"))}
    lost = [name for name in pattern.wildcards if name not in {*source.wildcards, *per_unit}]
    if unknown:
        remedy = "Both must have the same wildcards, besides those of `foreach`."
        draft.source.at_value(keys, f"`path` has no {braced(unknown)}, but `from` has", remedy, "unknown-wildcard")
    if lost:
        message = f"several files would come from one: `from` lacks {braced(lost)} of `path`"
        draft.source.at_value(keys, message, f"Add {braced(lost)} to `from`.", "same-output")


class Named(NamedTuple):
    """A pattern with its name, for people, and where it stands."""

    name: str
    pattern: Pattern
    keys: Keys


def check_meeting(draft: Draft) -> None:
    """Warn of outputs that would be one file for some values, and note file sets that are one and the same.

    Asked at commit alone, of a spec that is right: all pairs of outputs take longer than the other rules together.
    """
    known = _types(draft)
    for one, other in combinations(_outputs(draft, known), 2):
        if _names(one) != _names(other) and likely_meet(one.pattern, other.pattern):
            message = f"`{other.name}` and `{one.name}` (`{one.pattern}`) may write the same file"
            remedy = "Give one of them another folder or name, or the wildcard a type, such as `{well:well96}`."
            draft.source.warn(draft.source.mark(other.keys).value, message, remedy, "may-meet")
    for one, other in combinations(_file_sets(draft), 2):
        if one.pattern == other.pattern and _definition(draft, one) == _definition(draft, other):
            message, remedy = f"`{other.name}` and `{one.name}` are the same files", "Delete one, and use the other."
            draft.source.at_key(other.keys, message, remedy, "same-files")


def _names(each: Named) -> list[str]:
    """What the pattern is made of; two that are made of the same are an error of their own."""
    return [token.text for token in each.pattern.tokens]


def _outputs(draft: Draft, known: Mapping[str, str]) -> Iterator[Named]:
    for step, outputs in draft.outputs.items():
        for name, pattern in outputs.items():
            if pattern is not None:
                types = {each: known.get(each, "text") for each in pattern.wildcards}
                keys = ("steps", step, "outputs", name)
                typed = pattern if types == pattern.types else Pattern(pattern.tokens, types)
                yield Named(f"{step}.{name}", typed, keys)


def _types(draft: Draft) -> dict[str, str]:
    """Wildcard to the type that its values have in every file set."""
    found: dict[str, set[str]] = {}
    for pattern in draft.files.values():
        for name, type_ in (pattern.types if pattern else {}).items():
            found.setdefault(name, set()).add(type_)
    return {name: types.pop() for name, types in found.items() if len(types) == 1}


def _file_sets(draft: Draft) -> Iterator[Named]:
    for name, pattern in draft.files.items():
        if pattern is not None:
            yield Named(f"dataset.{name}", pattern, ("dataset", "files", name))


def _definition(draft: Draft, files: Named) -> object:
    value = draft.data["dataset"]["files"][files.keys[-1]]
    return {"path": value} if isinstance(value, str) else value
