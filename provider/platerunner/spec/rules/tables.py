"""Tables that list files: what can be said of them without reading them."""

from typing import Any

from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft
from platerunner.spec.tables import ENDINGS, TablePattern
from platerunner_unit.contract.patterns import PatternError

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
        remedy = "Save it as comma-separated values (`.csv`) or tab-separated (`.tsv`), perhaps with gzip (`.gz`)."
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
