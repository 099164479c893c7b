"""Numbers by well: a column of a table's files, read once for as long as the files stay the same."""

import math
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from platerunner_pages.known.step_records import READERS
from platerunner_pages.values.problems import ValuesError
from platerunner_pages.values.rows import columns_of, read_columns
from platerunner_pages.values.tables import TableFile
from platerunner_unit.contract.storage import Storage

Place = tuple[str, str]
"""Plate and well; the plate is empty where nothing names it."""
KEPT = 64 * 1024**2
"""Bytes of numbers that the server keeps, of all users and steps together."""
NUMBERS = 4_000_000
"""Numbers that one map may be made of."""
PLATES = ("metadata_plate", "plate", "image_metadata_plate", "assay_plate_barcode", "metadata_assay_plate_barcode")
WELLS = ("metadata_well", "well", "image_metadata_well", "well_position", "metadata_well_position", "well_id")
ROLES = ("metadata_control_type", "control_type", "image_metadata_control_type")
"""Columns, in small letters, that name plate, well, and which control a well is."""


@dataclass(slots=True)
class ByWell:
    """Numbers of a column.

    :param numbers: by well, as many as the table has rows of it.
    :param roles: well to what the table says it is, such as ``poscon``.
    """

    numbers: dict[Place, "array[float]"] = field(default_factory=dict)
    roles: dict[Place, str] = field(default_factory=dict)

    def add(self, place: Place, number: float | None, role: str) -> None:
        """Note a row; a number that is missing or none still makes the well known."""
        found = self.numbers.setdefault(place, array("d"))
        if number is not None and math.isfinite(number):
            found.append(number)
        if role:
            self.roles[place] = role

    @property
    def count(self) -> int:
        """How many numbers there are, and wells without any."""
        return sum(max(1, len(each)) for each in self.numbers.values())


class Kept:
    """What was read, by the content of the files that it was read of; the oldest goes where it grows too large."""

    def __init__(self, most: int = KEPT) -> None:
        self._most, self._used = most, 0
        self._kept: OrderedDict[tuple[str, ...], ByWell] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, ...]) -> ByWell | None:
        """What is kept under a key."""
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: tuple[str, ...], found: ByWell) -> None:
        """Keep it, unless it is larger than all may be."""
        with self._lock:
            if key in self._kept or _bytes(found) > self._most:
                return
            self._kept[key] = found
            self._used += _bytes(found)
            while self._used > self._most:
                _, gone = self._kept.popitem(last=False)
                self._used -= _bytes(gone)


_kept = Kept()


def by_well(workspace: Storage, files: Sequence[TableFile], column: str, plate: str = "") -> ByWell:
    """A column by well.

    :param plate: the only one that is wanted; empty for all.
    :raises ValuesError: if it cannot be read, or is too much for a page.
    """
    found = ByWell()
    for part in READERS.map(lambda file: _of_file(workspace, file, column), files):
        for place, numbers in part.numbers.items():
            if plate in ("", place[0]):
                found.numbers.setdefault(place, array("d")).extend(numbers)
        found.roles.update(part.roles)
        if found.count > NUMBERS:
            raise ValuesError(f"`{column}` has more than {NUMBERS:,} numbers: choose one plate.")
    return found


def _of_file(workspace: Storage, file: TableFile, column: str) -> ByWell:
    key = (workspace.url, file.key, file.etag, str(file.size), column)
    if (found := _kept.get(key)) is None:
        found = _read(workspace, file, column)
        _kept.put(key, found)
    return found


def _read(workspace: Storage, file: TableFile, column: str) -> ByWell:
    names, numeric = columns_of(workspace, file.key, file.size)
    if column not in numeric:
        raise ValuesError(f"{file.key} has no column of numbers that is called `{column}`.")
    places = {name: _named(names, known) for name, known in (("plate", PLATES), ("well", WELLS))}
    role = _named(names, ROLES)
    if "well" not in file.values and places["well"] is None:
        raise ValuesError(f"{file.key} names no wells: it has no column `Metadata_Well` or `Well`.")
    columns = [each for each in (*places.values(), role) if each is not None]
    found, seen = ByWell(), 0
    for numbers, *texts in read_columns(workspace, file.key, file.size, column, columns):
        beside = dict(zip(columns, texts, strict=True))
        plate, well = (_places(file, name, places[name], beside, len(numbers)) for name in ("plate", "well"))
        roles = beside[role] if role is not None else [""] * len(numbers)
        for place, number, said in zip(zip(plate, well, strict=True), numbers, roles, strict=True):
            found.add(place, number, said)
        if (seen := seen + len(numbers)) > NUMBERS:
            raise ValuesError(f"{file.key} has more than {NUMBERS:,} rows: too many for a page.")
    return found


def _places(
    file: TableFile, name: str, column: str | None, beside: Mapping[str, Sequence[str]], count: int
) -> Sequence[str]:
    """The plates or wells of some rows: what the file's own name says counts before its columns."""
    if name in file.values or column is None:
        return [str(file.values.get(name, ""))] * count
    return [text or "" for text in beside[column]]


def _named(names: Iterable[str], known: Sequence[str]) -> str | None:
    lower = {name.strip().lower(): name for name in names}
    return next((lower[name] for name in known if name in lower), None)


def _bytes(found: ByWell) -> int:
    return 8 * found.count + 200 * len(found.numbers)
