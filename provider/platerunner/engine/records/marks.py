"""Wells that people marked as bad at a gate, and took back: the steps after the gate leave them out."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from platerunner.engine.records.codec import Kind, decode, encode
from platerunner_unit.contract.keys import marks_key
from platerunner_unit.contract.storage import NotFoundError, Storage, StorageError

MARKS = Kind("a record of wells marked as bad")
TRIES = 5
"""Times that the record is written again while others write it, too."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's remark on a well.

    :param where: wildcard to value, such as plate and well.
    :param by: user name.
    :param at: ISO 8601, UTC.
    :param bad: False if an earlier mark is taken back.
    """

    where: Mapping[str, str]
    because: str
    by: str
    at: str
    bad: bool = True

    @property
    def well(self) -> str:
        """Its name for people, such as ``P2 B03``."""
        return " ".join(self.where.values())


def load_marks(workspace: Storage, gate: str) -> list[Mark]:
    """The wells that are marked as bad now, each once.

    :raises platerunner.engine.records.codec.RecordError: if the record cannot be read.
    """
    return _standing(_read(workspace, gate)[0])


def add_marks(workspace: Storage, gate: str, marks: Iterable[Mark]) -> list[Mark]:
    """Add to what was said at a gate; the wells that are marked as bad then.

    :param marks: those that say nothing new are left out.
    :raises platerunner.engine.records.codec.RecordError: if the record cannot be read.
    :raises platerunner_unit.contract.storage.StorageError: if others write it all the time.
    """
    added = list(marks)
    for _ in range(TRIES):
        before, etag = _read(workspace, gate)
        after = before + [mark for mark in added if _says_more(mark, before)]
        content = encode(MARKS, {"gate": gate, "marks": [asdict(mark) for mark in after]}, indent=1)
        if after == before or workspace.put_if(marks_key(gate), content, etag) is not None:
            return _standing(after)
    place = workspace.url_of(marks_key(gate))
    raise StorageError(f"{place} is being written by others all the time; try again")


def _read(workspace: Storage, gate: str) -> tuple[list[Mark], str | None]:
    key = marks_key(gate)
    try:
        content, etag = workspace.get_tagged(key)
    except NotFoundError:
        return [], None
    _, raw = decode(MARKS, content, workspace.url_of(key))
    return [Mark(**each) for each in raw["marks"]], etag


def _standing(marks: Iterable[Mark]) -> list[Mark]:
    last = {tuple(sorted(mark.where.items())): mark for mark in marks}
    return [mark for mark in last.values() if mark.bad]


def _says_more(mark: Mark, before: Iterable[Mark]) -> bool:
    known = next((each for each in _standing(before) if each.where == mark.where), None)
    return known is not None if not mark.bad else known is None or known.because != mark.because
