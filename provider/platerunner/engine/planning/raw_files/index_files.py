"""The files that a microscope's own index lists: an XML file in the folder of each plate."""

from collections.abc import Iterator

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.listing import list_matching
from platerunner.engine.planning.raw_files.table_rows import Image, Row, Rows
from platerunner.engine.planning.raw_files.xml_records import BadXmlError, read_records
from platerunner.spec.dataset import Table
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage


def index_rows(ref: str, table: Table, storage: Storage) -> dict[str, Row]:
    """The files that all indexes under a root list, by their keys.

    :param ref: of the file set, for people.
    :param table: with the pattern of the indexes, and the element that is a record.
    :raises PlanningError: if there is no index, or one cannot be read, or lists something unusable; with the line.
    """
    pattern = Pattern.parse(table.name)
    above = list(pattern.wildcards)
    fields = list(dict.fromkeys([*table.columns.values(), *table.rows]))
    own = [name for name in fields if name not in above]
    header = [*above, *own, table.path]
    columns = {name: header.index(name) for name in fields}
    check = Rows(table, header, [Image(len(header) - 1, None, ())], columns, storage)
    for file in list_matching(storage, "data", pattern, {}).files:
        folder, values = file.key[: file.key.rfind("/") + 1], [str(file.values[name]) for name in above]
        what = f"{ref}: {file.key}"
        records = list(_records(what, storage.get(file.key), table.record))
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
    return check.files


def _records(what: str, content: bytes, record: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        yield from read_records(content, record)
    except BadXmlError as error:
        raise PlanningError(f"{what}: {error}. Export the measurement again, or leave out `index: true`.") from None
