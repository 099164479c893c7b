"""File sets whose names follow from a table that lists them, or from the microscope that named them."""

from collections.abc import Mapping
from typing import Any

from platerunner.documents.sentences import where
from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft
from platerunner.spec.file_patterns import TablePattern
from platerunner.spec.forms import ENDINGS, path_of
from platerunner_unit.contract.patterns import PatternError

_OF_TABLES = ("columns", "rows", "prefix")


def check_list(draft: Draft, keys: Keys, files: Mapping[str, Any]) -> bool:
    """Note what is wrong with a file set's table or its microscope.

    :param keys: of the file set.
    :returns: whether it has one of them.
    """
    return _check_microscope(draft, keys, files) or _check_table(draft, keys, files)


def _check_table(draft: Draft, keys: Keys, files: Mapping[str, Any]) -> bool:
    """Whether a file set has a table; what is wrong with it is noted."""
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


def _check_microscope(draft: Draft, keys: Keys, files: Mapping[str, Any]) -> bool:
    """Whether a file set names a microscope; what is wrong with that is noted."""
    if "microscope" not in files:
        if "folder" in files and ("path" in files or "table" in files):
            message, remedy = "`folder` and `path` both say what the files are called", "Delete one of the two."
            draft.source.at_key((*keys, "folder"), message, remedy, "two-answers")
        for key in (each for each in _OF_MICROSCOPES if each in files and each != "folder"):
            message = f"`{key}` says something of a microscope's files, and there is no `microscope`"
            remedy = f"Add `microscope: opera-phenix`, or delete `{key}`."
            draft.source.at_key((*keys, key), message, remedy, "missing-key")
        if not path_of(files) and not draft.is_doubtful(*keys):
            remedy = "Add `path`: a path pattern; or `microscope`: the instrument that named the files."
            remedy = "Add `path`: the column of the files' names." if "table" in files else remedy
            draft.source.at_key(keys, f"{where(keys)} has no `path`", remedy, "missing-key")
        return False
    for key in (each for each in ("path", "table") if (*keys, each) in draft.source.marks):
        message = f"`{key}` and `microscope` both say what the files are called"
        draft.source.at_key((*keys, key), message, "Delete one of the two.", "two-answers")
    from platerunner.spec import microscopes  # which few specs name

    _check_folders(draft, keys, files)
    preset = microscopes.names()[files["microscope"]]
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
    from platerunner.spec.microscopes import folder_problems

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
