"""The dataset: patterns, tables that list files, microscopes, which files count."""

from collections.abc import Mapping
from typing import Any

from platerunner.documents.problems import nearest, suggest
from platerunner.documents.sentences import where
from platerunner.documents.source import Keys
from platerunner.spec.dataset import ENDINGS, TablePattern
from platerunner.spec.derived import Formula, objection
from platerunner.spec.draft import Draft, bare_pattern, path_of, texts
from platerunner.spec.microscopes import folder_problems, names
from platerunner.spec.rules.completeness import check_complete
from platerunner.spec.rules.patterns import check_apart, check_pattern
from platerunner.spec.templates import is_template
from platerunner_unit.contract.patterns import Pattern, PatternError

_OF_TABLES = ("columns", "rows", "prefix")


def check_table(draft: Draft, keys: Keys, files: dict[str, Any]) -> bool:
    """Note what is wrong with a file set's table.

    :param keys: of the file set.
    :returns: whether it has one.
    """
    if "table" not in files:
        for key in (each for each in _OF_TABLES if each in files):
            remedy = f"Add `table: load_data.csv`, or delete `{key}`."
            draft.source.at_key(
                (*keys, key), f"`{key}` says something of a table, and there is none", remedy, "missing-key"
            )
        return False
    if not files["table"].endswith(ENDINGS):
        message = f"`{files['table']}` is no table that can be read"
        texts = "comma-separated values (`.csv`) or tab-separated (`.tsv`), perhaps with gzip (`.gz`)"
        remedy = f"Save it as {texts}, or as `.parquet`."
        draft.source.at_value((*keys, "table"), message, remedy, "bad-pattern")
    if files["table"].startswith("/") or ".." in files["table"].split("/") or "://" in files["table"]:
        message = f"`{files['table']}` lies neither beside the spec nor under the root"
        remedy = "Write its path from the spec's folder, or from the dataset's root."
        draft.source.at_value((*keys, "table"), message, remedy, "foreign-file")
    try:
        TablePattern(files["table"], files.get("path", "x"), files.get("columns", {}))
    except PatternError as error:
        remedy = "Write the column of the files' names, like `path` or `FileName_Orig{channel}`."
        draft.source.add(draft.source.inside((*keys, "path"), error.column - 1), error.message, remedy, "bad-pattern")
    return True


_OF_MICROSCOPES = ("root", "folder", "wells", "index")


def check_microscope(draft: Draft, keys: Keys, files: Mapping[str, Any]) -> bool:
    """Note what is wrong with a file set's microscope.

    :param keys: of the file set.
    :returns: whether it has one.
    """
    if "microscope" not in files:
        for key in (each for each in _OF_MICROSCOPES if each in files):
            message = f"`{key}` says something of a microscope's files, and there is no `microscope`"
            remedy = f"Add `microscope: opera-phenix`, or delete `{key}`."
            draft.source.at_key((*keys, key), message, remedy, "missing-key")
        if "path" not in files and not draft.is_doubtful(*keys):
            remedy = "Add `path`: a path pattern; or `microscope`: the instrument that named the files."
            remedy = "Add `path`: the column of the files' names." if "table" in files else remedy
            draft.source.at_key(keys, f"{where(keys)} has no `path`", remedy, "missing-key")
        return False
    for key in (each for each in ("path", "table") if (*keys, each) in draft.source.marks):
        message = f"`{key}` and `microscope` both say what the files are called"
        draft.source.at_key((*keys, key), message, "Delete one of the two.", "two-answers")
    _check_folders(draft, keys, files)
    preset = names()[files["microscope"]]
    if files.get("index") and preset.index is None:
        message = f"no index of `{files['microscope']}` can be read"
        draft.source.at_key(
            (*keys, "index"), message, "Delete `index`: the files' names tell what they are.", "unused-key"
        )
    if "wells" in files and not preset.numbers_wells:
        message = f"the names of `{files['microscope']}` say which well it is, whatever the plate"
        draft.source.at_key((*keys, "wells"), message, "Delete `wells`.", "unused-key")
    return True


def _check_folders(draft: Draft, keys: Keys, files: Mapping[str, Any]) -> None:
    for key in (each for each in ("root", "folder") if files.get(each)):
        text = files[key]
        if "://" in text or text.startswith("/"):
            remedy = "Write folders below the dataset's `root`, or change that one."
            draft.source.at_value(
                (*keys, key), f"`{text}` is no folder under the dataset's root", remedy, "foreign-file"
            )
            continue
        for error in folder_problems(text):
            at = draft.source.inside((*keys, key), error.column - 1)
            remedy = "Write folders with wildcards, like `{batch}/images`."
            draft.source.add(at, f"`{text}`: {error.message}", remedy, "bad-pattern")
            return


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
