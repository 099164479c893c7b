"""The files that a microscope's own index lists: an XML file in the folder of each plate."""

from collections.abc import Iterator, Mapping
from typing import Any

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.listing import fold_keys
from platerunner.engine.planning.raw_files.table_rows import Image, Rows
from platerunner.engine.planning.raw_files.xml_records import BadXmlError, read_records
from platerunner.engine.planning.where import Only, is_asked_for
from platerunner.spec.dataset import Table
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage

Values = Mapping[str, Any]
_IMAGES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")


def index_rows(ref: str, table: Table, storage: Storage, only: Only) -> tuple[Rows, dict[str, Values]]:
    """The files that all indexes under a root list, and the folders of images without one, with their wildcards.

    :param ref: of the file set, for people.
    :param table: with the pattern of the indexes, and the element that is a record.
    :param only: what is asked for: indexes of other plates are not read, unless there are no others.
    :raises PlanningError: if there is no index, or one cannot be read, or lists something unusable; with the line.
    """
    pattern = Pattern.parse(table.name)
    above = list(pattern.wildcards)
    fields = list(dict.fromkeys([*table.columns.values(), *table.rows]))
    own = [name for name in fields if name not in above]
    header = [*above, *own, table.path]
    columns = {name: header.index(name) for name in fields}
    check = Rows(table, header, [Image(len(header) - 1, None, ())], columns, storage, {})
    indexes, without = _look_for(pattern, storage)
    indexes = {key: told for key, told in indexes.items() if is_asked_for(told, only)} or indexes
    for key, told in indexes.items():
        folder, values = key[: key.rfind("/") + 1], [str(told[name]) for name in above]
        what = f"{ref}: {key}"
        records = list(_records(what, storage.get(key), table.record))
        for line, record in records:
            name = record.get(table.path, "")
            check.take(line, [*values, *(record.get(field, "") for field in own), name and folder + name])
        check.refuse(what)
        if not records:  # a plate would be left out silently
            message = f"{what} lists no images that are a `{table.record}`, as an index of another export or microscope"
            raise PlanningError(f"{message}. Export the measurement again, move it away, or leave out `index: true`.")
    if not check.files:
        message = f"{ref}: no index under {storage.url} matches `{table.name}`"
        raise PlanningError(f"{message}. Leave out `index: true`; then the files' names tell what they are.")
    return check, without


def _look_for(pattern: Pattern, storage: Storage) -> tuple[dict[str, Values], dict[str, Values]]:
    """The indexes, and the folders that have images and should have an index, each with its wildcards."""

    def look(keys: Iterator[str]) -> tuple[dict[str, Values], set[str]]:
        indexes: dict[str, Values] = {}
        folders: set[str] = set()
        for key in keys:
            if (values := pattern.match(key)) is not None:
                indexes[key] = values
            elif key.lower().endswith(_IMAGES):
                folders.add(key[: key.rfind("/") + 1])
        return indexes, folders

    parts = fold_keys(storage, [pattern], look)
    found = {key: values for indexes, _ in parts for key, values in sorted(indexes.items())}
    with_index = {key[: key.rfind("/") + 1] for key in found}
    above = Pattern.parse(f"{pattern.text[: pattern.text.rfind('/') + 1]}*")
    others = sorted({folder for _, folders in parts for folder in folders} - with_index)
    told: dict[str, Values] = {}
    for folder in others:
        if folder and (values := above.match(f"{folder}x")) is not None:
            told[folder] = values
    return found, told


def _records(what: str, content: bytes, record: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        yield from read_records(content, record)
    except BadXmlError as error:
        raise PlanningError(f"{what}: {error}. Export the measurement again, or leave out `index: true`.") from None
