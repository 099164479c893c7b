"""The dataset: patterns, what must be complete, which files count."""

from collections.abc import Mapping
from typing import Any

from platerunner.documents.problems import nearest, suggest
from platerunner.documents.source import Keys
from platerunner.spec.derived import Formula, objection
from platerunner.spec.draft import Draft, bare_pattern, path_of, texts
from platerunner.spec.rules.apart import check_apart
from platerunner.spec.rules.completeness import check_complete
from platerunner.spec.rules.microscopes import check_microscope
from platerunner.spec.rules.patterns import check_pattern
from platerunner.spec.rules.tables import check_table
from platerunner.spec.templates import is_template
from platerunner_unit.contract.patterns import Pattern, PatternError


def check_dataset(draft: Draft) -> None:
    """Note patterns that cannot be read, and wildcards that no file set has."""
    dataset = draft.data.get("dataset", {})
    for name, value in dataset.get("files", {}).items():
        keys: Keys = ("dataset", "files", name)
        if isinstance(value, dict) and (check_microscope(draft, keys, value) or check_table(draft, keys, value)):
            pass  # its path follows from the microscope, or is a column
        elif path_of(value):
            place = keys if isinstance(value, str) else (*keys, "path")
            check_pattern(draft, place, path_of(value), globs=True)
            complete = frozenset(name for _, name in texts([] if isinstance(value, str) else value.get("complete")))
            if (pattern := draft.files[name]) is not None:
                check_apart(draft, place, pattern, complete)
        if isinstance(value, dict):
            check_complete(draft, name, value.get("complete", []))
            _check_rename(draft, name, value.get("rename", {}))
            _check_derive(draft, name, value)
    _check_filters(draft)


def _check_rename(draft: Draft, name: str, rename: Mapping[str, Mapping[str, str]]) -> None:
    pattern = draft.files[name]
    for wildcard, names in rename.items():
        keys: Keys = ("dataset", "files", name, "rename", wildcard)
        if pattern is not None and wildcard not in pattern.wildcards:
            remedy = suggest(wildcard, pattern.wildcards, "wildcards of its path")
            draft.source.at_key(keys, f"the path of `{name}` has no `{{{wildcard}}}`", remedy, "unknown-wildcard")
        first: dict[str, str] = {}
        for value, called in names.items():
            if called in first:
                message = f"`{first[called]}` and `{value}` would both be called `{called}`"
                draft.source.at_value((*keys, value), message, "Give one of them another name.", "same-name")
            first.setdefault(called, value)


def _check_derive(draft: Draft, name: str, files: Mapping[str, Any]) -> None:
    pattern = bare_pattern(files)
    for wildcard, text in files.get("derive", {}).items():
        keys: Keys = ("dataset", "files", name, "derive", wildcard)
        if pattern is not None and wildcard in pattern.wildcards:
            remedy = f"Give what is made another name, or take `{{{wildcard}}}` out of the path."
            draft.source.at_key(keys, f"the path of `{name}` has `{{{wildcard}}}` already", remedy, "same-name")
        try:
            formula = Formula(text)
        except PatternError as error:
            draft.source.add(draft.source.inside(keys, error.column - 1), error.message, _DERIVE, "bad-pattern")
            continue
        if pattern is not None:
            _check_formula(draft, keys, formula, pattern)


def _check_formula(draft: Draft, keys: Keys, formula: Formula, pattern: Pattern) -> None:
    for piece in (each for each in formula.pieces if each.name):
        at = draft.source.inside(keys, piece.column - 1)
        if piece.name not in pattern.wildcards:
            remedy = suggest(piece.name, pattern.wildcards, "wildcards of its path")
            draft.source.add(at, f"the path has no `{{{piece.name}}}` to make it of", remedy, "unknown-wildcard")
        elif message := objection(piece, pattern.types[piece.name]):
            said, _, remedy = message.rpartition(": write ")
            draft.source.add(at, said, f"Write {remedy}.", "wrong-type")


_DERIVE = 'Write wildcards of the path in braces, like `"{row:letter}{col:02}"`.'


def _check_filters(draft: Draft) -> None:
    if None in draft.files.values() or draft.is_doubtful("dataset", "files"):
        return
    known = {wildcard for pattern in draft.files.values() if pattern for wildcard in pattern.wildcards}
    dataset = draft.data.get("dataset", {})
    places: list[tuple[Keys, str]] = [(("dataset", "where", key), key) for key in dataset.get("where", {})]
    for index, item in enumerate(dataset.get("exclude", ())):
        places += [(("dataset", "exclude", index, key), key) for key in item or () if key != "because"]
    for keys, wildcard in places:
        if known and wildcard not in known:
            draft.source.at_key(keys, *_unknown(keys, wildcard, known), "unknown-wildcard")
        elif not draft.is_doubtful(*keys):
            _check_values(draft, keys, wildcard)


def _check_values(draft: Draft, keys: Keys, wildcard: str) -> None:
    """Values that no file set can have for a wildcard, because of its type."""
    value: Any = draft.data
    for key in keys:
        value = value[key]
    patterns = [pattern for pattern in draft.files.values() if pattern and wildcard in pattern.wildcards]
    for place, item in [((*keys, i), v) for i, v in enumerate(value)] if isinstance(value, list) else [(keys, value)]:
        if item in (None, "") or is_template(item):
            continue
        objections = [message for pattern in patterns if (message := _objection(pattern, wildcard, item))]
        if patterns and len(objections) == len(patterns):
            remedy = f"Write it as the type of `{{{wildcard}}}` in the files' pattern wants it."
            draft.source.at_value(place, f"`{{{wildcard}}}`: {objections[0]}", remedy, "wrong-type")


def _objection(pattern: Pattern, wildcard: str, value: object) -> str | None:
    try:
        pattern.convert(wildcard, value)
    except PatternError as error:
        return error.message
    return None


def _unknown(keys: Keys, wildcard: str, known: set[str]) -> tuple[str, str]:
    if "exclude" in keys and nearest(wildcard, ["because", *known]) == "because":
        return f"`{wildcard}` is no wildcard of the files", "Did you mean `because`?"
    return f"no file set has a wildcard `{{{wildcard}}}`", suggest(wildcard, known, "wildcards of the files")
