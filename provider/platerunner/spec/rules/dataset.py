"""The dataset: patterns of its files, what must be there of them, which files count, how archived ones come back."""

from collections.abc import Mapping
from typing import Any

from platerunner.catalog.quantities import QuantityError, duration
from platerunner.documents.problems import nearest, suggest
from platerunner.documents.source import Keys
from platerunner.spec.derived import Formula, objection
from platerunner.spec.draft import Draft, bare_pattern, texts
from platerunner.spec.forms import Wanted, is_folder, path_keys, path_of, planes_of, wanted_of
from platerunner.spec.rules.file_lists import check_list
from platerunner.spec.rules.patterns import check_apart, check_pattern
from platerunner.spec.templates import is_template
from platerunner_unit.contract.patterns import Pattern, PatternError
from platerunner_unit.contract.planes import AXES

_PLAIN_KEYS = frozenset({"path", "complete", "rename", "derive"})


def check_dataset(draft: Draft) -> None:
    """Note patterns that cannot be read, and wildcards that no file set has."""
    dataset = draft.data.get("dataset", {})
    for name, value in dataset.get("files", {}).items():
        keys: Keys = ("dataset", "files", name)
        if not _is_plain(value) and check_list(draft, keys, value):
            pass  # its path follows from the microscope, or is a column
        elif path_of(value):
            place = path_keys(keys, value)
            check_pattern(draft, place, path_of(value), globs=True)
            complete = frozenset(name for _, name in texts([] if isinstance(value, str) else value.get("complete")))
            if (pattern := draft.files[name]) is not None:
                check_apart(draft, place, pattern, complete)
        if isinstance(value, dict):
            _check_complete(draft, name, value.get("complete", []))
            _check_rename(draft, name, value.get("rename", {}))
            _check_derive(draft, name, value)
    _check_filters(draft)


def _is_plain(files: Any) -> bool:
    """Whether a file set is a pattern, and does not mention a table or a microscope."""
    return isinstance(files, str) or ("path" in files and files.keys() <= _PLAIN_KEYS)


def _check_complete(draft: Draft, name: str, complete: Any) -> None:
    """Note wildcards that the names do not have, and values that they cannot have.

    :param name: of the file set.
    :param complete: as it says it.
    """
    pattern = draft.files[name]
    if pattern is None:
        return
    keys: Keys = ("dataset", "files", name, "complete")
    if not isinstance(complete, dict):
        for index, wildcard in texts(complete):
            if wildcard not in pattern.wildcards:
                _no_wildcard(draft, (*keys, index), name, wildcard, pattern)
        return
    renamed = draft.data["dataset"]["files"][name].get("rename", {})
    for wildcard, wanted in wanted_of(complete).items():
        if wildcard not in pattern.wildcards:
            _no_wildcard(draft, (*keys, wildcard), name, wildcard, pattern)
        elif wildcard in pattern.sources and wanted != Wanted():
            message = f"`{{{wildcard}}}` is made of others, so that its values name no file"
            remedy = f"Write `{wildcard}: all`, or the values of what it is made of."
            draft.source.at_value((*keys, wildcard), message, remedy, "wrong-type")
        else:
            _check_wanted(draft, (*keys, wildcard), wanted, pattern, set(renamed.get(wildcard, {}).values()))


def _no_wildcard(draft: Draft, keys: Keys, name: str, wildcard: str, pattern: Pattern) -> None:
    remedy = suggest(wildcard, pattern.wildcards, "wildcards of its path")
    note = draft.source.at_key if isinstance(keys[-1], str) else draft.source.at_value
    note(keys, f"the path of `{name}` has no `{{{wildcard}}}`", remedy, "unknown-wildcard")


def _check_wanted(draft: Draft, keys: Keys, wanted: Wanted, pattern: Pattern, names: set[str]) -> None:
    wildcard = str(keys[-1])
    if wanted.is_reversed:
        draft.source.at_value(
            keys, "the range ends before it begins", "Write the smaller number first.", "out-of-range"
        )
        return
    for value in (each for each in wanted.values if each not in names):
        try:
            pattern.convert(wildcard, value)
        except PatternError as error:
            remedy = f"Write it as the type of `{{{wildcard}}}` in the files' pattern wants it."
            draft.source.at_value(keys, f"`{{{wildcard}}}`: {error.message}", remedy, "wrong-type")
            return
    plain = [each for each in pattern.wildcards if each not in pattern.sources and each != wildcard]
    for group in (each for each in wanted.per if each not in plain):
        message = f"`{{{group}}}` is no other wildcard of the path"
        draft.source.at_value(keys, message, suggest(group, plain, "wildcards of its path"), "unknown-wildcard")


def _check_rename(draft: Draft, name: str, rename: Mapping[str, Mapping[str, str]]) -> None:
    pattern = draft.files[name]
    for wildcard, called_by in rename.items():
        keys: Keys = ("dataset", "files", name, "rename", wildcard)
        if pattern is not None and wildcard not in pattern.wildcards:
            remedy = suggest(wildcard, pattern.wildcards, "wildcards of its path")
            draft.source.at_key(keys, f"the path of `{name}` has no `{{{wildcard}}}`", remedy, "unknown-wildcard")
        first: dict[str, str] = {}
        for value, called in called_by.items():
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
    if any(pattern is None for pattern in draft.files.values()) or draft.is_doubtful("dataset", "files"):
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


LEAST = {"bulk": "12 h", "standard": "5 h"}
"""The longest time that S3 takes from Glacier Flexible Retrieval.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
"""


def check_restore(draft: Draft) -> None:
    """Note a timeout that is over before anything can be there."""
    restore = (draft.data.get("dataset") or {}).get("restore")
    if not isinstance(restore, dict) or draft.is_doubtful("dataset", "restore"):
        return
    tier, keys = restore.get("tier", "bulk"), ("dataset", "restore", "timeout")
    try:
        short = "timeout" in restore and tier in LEAST and duration(restore["timeout"]) < duration(LEAST[tier])
    except QuantityError:
        return  # the check of quantities reports it
    if short:
        message = f"the timeout is over before `tier: {tier}` has to bring anything back, which may take {LEAST[tier]}"
        remedy = f"Write at least `{LEAST[tier]}` (`3 d` for Deep Archive), or a faster tier."
        draft.source.at_value(keys, message, remedy, "short-timeout")


def check_planes(draft: Draft) -> None:
    """Note planes of folders, axes that the names have already, and empty ranges."""
    for name, files in draft.data.get("dataset", {}).get("files", {}).items():
        if isinstance(files, dict) and "planes" in files:
            _check_planes(draft, ("dataset", "files", name), files)


def _check_planes(draft: Draft, keys: Keys, files: dict[str, Any]) -> None:
    if is_folder(files):
        message = "a folder is handed to its tool as it is, with all its planes"
        draft.source.at_key((*keys, "planes"), message, "Delete `planes`.", "unused-key")
        return
    pattern = bare_pattern(files)
    known = {*(pattern.wildcards if pattern else ()), *files.get("derive", {})}
    for axis, values in planes_of(files).items():
        place = (*keys, "planes", axis)
        if axis not in AXES:
            draft.source.at_key(place, f"files have no axis `{axis}`", suggest(axis, AXES, "axes"), "unknown-key")
        if axis in known:
            message = f"the files' names have `{{{axis}}}`, so that it is none of their planes"
            draft.source.at_key(place, message, f"Delete `{axis}` here, or rename the wildcard.", "same-name")
        if values == ():
            draft.source.at_value(place, "the range ends before it begins", "Write it like `1..5`.", "out-of-range")
