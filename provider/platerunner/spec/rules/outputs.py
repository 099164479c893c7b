"""Outputs: names known beforehand, inside the workspace, each written by one unit, of wildcards that inputs supply."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from platerunner.documents.problems import suggest
from platerunner.documents.sentences import where
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, readable, texts
from platerunner.spec.forms import is_folder, path_keys, path_of
from platerunner.spec.meeting import likely_meet
from platerunner.spec.rules.patterns import braced, check_pattern
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.patterns import Pattern, PatternError

OWN_FOLDER = PREFIX
_LONG_KEYS = frozenset({"path", "folder", "from", "at_least"})


def check_outputs(draft: Draft) -> None:
    """Note patterns that cannot be read or would overwrite each other's files, and ranges that do not fit."""
    seen: dict[str, tuple[str, str]] = {}
    for step, data in draft.steps.items():
        for name, output in data.get("outputs", {}).items():
            keys: Keys = ("steps", step, "outputs", name)
            place = path_keys(keys, output)
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
    """A type in an output can only repeat the inputs' type: values come from there as they are."""
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
        if wildcard in _LONG_KEYS or not isinstance(declared, dict | list):
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
    """Note values that no file's name can have."""
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


class _Written(NamedTuple):
    """An output with its pattern, for people, and where it stands."""

    name: str
    pattern: Pattern
    keys: Keys


def check_folders(draft: Draft) -> None:
    """Note folders that are a path as well, or that others write into."""
    outputs = list(_outputs(draft))
    for keys, output in outputs:
        _check_output(draft, keys, output)
    for name, files in draft.data.get("dataset", {}).get("files", {}).items():
        if is_folder(files):
            _check_depth(draft, path_keys(("dataset", "files", name), files), path_of(files))
    _check_nested(draft, outputs)


def _outputs(draft: Draft) -> Iterator[tuple[Keys, Any]]:
    for step, data in draft.steps.items():
        for name, output in data.get("outputs", {}).items():
            yield ("steps", step, "outputs", name), output


def _check_output(draft: Draft, keys: Keys, output: Any) -> None:
    if not isinstance(output, dict):
        return
    if "path" in output and "folder" in output:
        message, remedy = "`path` and `folder` both say what is written", "Delete one of the two."
        draft.source.at_key((*keys, "folder"), message, remedy, "two-answers")
    elif "path" not in output and "folder" not in output and not draft.is_doubtful(*keys):
        remedy = "Add `path`: a key pattern; or `folder`: that of a folder that is one thing."
        draft.source.at_key(keys, f"{where(keys)} has no `path`", remedy, "missing-key")
    elif is_folder(output) and "at_least" in output:
        remedy = "Give the values of its wildcards, like `tile: {range: [1, 100]}`, or take `at_least` out."
        draft.source.at_key((*keys, "at_least"), "how many folders there are must be known", remedy, "unused-key")


def _check_depth(draft: Draft, keys: Keys, text: str) -> None:
    if "**" in text:
        message = f"`{text}` may be any folder, and those in it"
        remedy = "Write how deep the folders lie: `*/` for one that may have any name."
        draft.source.add(draft.source.inside(keys, text.index("**")), message, remedy, "bad-pattern")


def _check_nested(draft: Draft, outputs: list[tuple[Keys, Any]]) -> None:
    """Note outputs within another output's folder: stage-out deletes what its own tool did not write there."""
    patterns = ((keys, output, readable(path_of(output))) for keys, output in outputs)
    read = [(keys, output, pattern) for keys, output, pattern in patterns if pattern is not None]
    for keys, output, folder in read:
        for other_keys, other, pattern in read if is_folder(output) else ():
            inside = _beginning(pattern, folder.text.count("/"))
            if other_keys != keys and inside is not None and likely_meet(folder, inside):
                message = f"`{pattern.text}` lies in `{folder.text}`, a folder that is one thing"
                remedy = "Write it to another folder."
                draft.source.at_value(path_keys(other_keys, other), message, remedy, "same-output")


def _beginning(pattern: Pattern, depth: int) -> Pattern | None:
    """The folder of a pattern that lies as deep as another one; None if the pattern is no deeper than that."""
    parts = pattern.text.split("/")
    return readable("/".join(parts[: depth + 1])) if len(parts) > depth + 1 and "**" not in parts else None


def check_wildcards(draft: Draft) -> None:
    """Note wildcards of ``foreach`` and of outputs that no input supplies."""
    for step, data in draft.steps.items():
        supplied = draft.supplied(step)
        if supplied is None:
            continue
        for index, wildcard in texts(data.get("foreach")):
            if wildcard not in supplied:
                remedy = suggest(wildcard, supplied, "wildcards of the inputs")
                message = f"no input of `{step}` supplies `{{{wildcard}}}`"
                draft.source.at_value(("steps", step, "foreach", index), message, remedy, "unknown-wildcard")
        for name, output in data.get("outputs", {}).items():
            _check_supplied(draft, ("steps", step, "outputs", name), output, supplied)


def _check_supplied(draft: Draft, keys: Keys, output: object, supplied: set[str]) -> None:
    long_form = output if isinstance(output, dict) else {"path": output}
    pattern = readable(path_of(long_form))
    if pattern is None or draft.is_doubtful(*keys[:2], "foreach"):
        return
    declared = set(long_form) - _LONG_KEYS
    for wildcard in sorted(declared & supplied):
        message = f"the inputs supply `{{{wildcard}}}` already"
        draft.source.at_key((*keys, wildcard), message, "Delete its values here.", "unknown-wildcard")
    # A wildcard of `foreach` that nobody supplies is noted there.
    known = supplied | declared | {name for _, name in texts(draft.steps[str(keys[1])].get("foreach"))}
    for token in pattern.tokens if "at_least" not in long_form else ():
        if token.kind == "wildcard" and token.text not in known:
            place = path_keys(keys, output)
            nearest = suggest(token.text, known, "wildcards of the inputs")
            remedy = f"{nearest} Or give its values, its `range`, or `at_least`."
            message = f"no input supplies `{{{token.text}}}`"
            draft.source.add(draft.source.inside(place, token.column - 1), message, remedy, "unknown-wildcard")
