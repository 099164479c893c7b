"""File sets that name a microscope, and those that name nothing."""

from collections.abc import Mapping
from typing import Any

from platerunner.documents.sentences import where
from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft
from platerunner.spec.microscopes import folder_problems, names

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
