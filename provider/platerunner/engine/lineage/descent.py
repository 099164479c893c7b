"""The other way round: what was made of a file, and of what was made of that."""

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from platerunner.engine.lineage.model import WORKSPACE
from platerunner.engine.lineage.search import OutcomeSearch, Place
from platerunner_unit.contract.outcome import OutputRecord


@dataclass(frozen=True, slots=True)
class Descendant:
    """An attempt that read a file, or something that was made of it.

    :param word: as the name of its outcome has it: a category, ``forgotten`` or ``overwritten``.
    :param after: how many attempts lie between: 1 for one that read the file itself.
    :param outputs: what it wrote; nothing if it failed.
    """

    step: str
    unit: str
    word: str
    run_id: str
    digest: str | None
    after: int
    outputs: tuple[OutputRecord, ...]


@dataclass(slots=True)
class _Readers:
    """Which attempts read and wrote what: of each file a number, so that a million attempts fit into memory.

    :param read: files that attempts read.
    :param by: index of the attempt that read the file at the same place of ``read``.
    """

    places: list[Place] = field(default_factory=list)
    read: array[int] = field(default_factory=lambda: array("Q"))
    by: array[int] = field(default_factory=lambda: array("L"))
    written: list[array[int]] = field(default_factory=list)

    def of(self, files: set[int]) -> set[int]:
        """Attempts that read one of these files."""
        return {attempt for file, attempt in zip(self.read, self.by, strict=True) if file in files}


def made_of(search: OutcomeSearch, root: str, key: str) -> Iterator[Descendant]:
    """All that was made of a file, the nearest first. Reads every outcome once.

    :param root: of the file: ``data`` or ``workspace``.
    """
    known = _all_readers(search)
    after, now, seen = 1, {_number(root, key)}, set[int]()
    while now:
        attempts = sorted(known.of(now) - seen)
        seen.update(attempts)
        for each in attempts:
            if (found := _descendant(search, known.places[each], after)) is not None:
                yield found
        after, now = after + 1, {number for each in attempts for number in known.written[each]}


def _all_readers(search: OutcomeSearch) -> _Readers:
    known = _Readers()
    for place, outcome in search.everything():
        for files in (outcome.ingredients.get("inputs") or {}).values():
            for file in files:
                known.read.append(_number(file[0], file[1]))
                known.by.append(len(known.places))
        known.places.append(place)
        known.written.append(array("Q", [_number(WORKSPACE, output.key) for output in outcome.outputs]))
    return known


def _descendant(search: OutcomeSearch, place: Place, after: int) -> Descendant | None:
    step, unit, kept = place
    outcome = search.read(place)
    if outcome is None:
        return None
    return Descendant(step, unit, kept.word, outcome.run_id, outcome.digest, after, outcome.outputs)


def _number(root: str, key: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{root}\0{key}".encode(), digest_size=8).digest())
