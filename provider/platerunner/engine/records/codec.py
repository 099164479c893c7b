"""How records are stored: JSON with the number of its format, which is checked before anything else is read.

Format 1 of some kinds says no number: versions that knew no numbers would take it for an entry. So a record without one
is of format 1; format 2 and later always say theirs.
"""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from platerunner.engine.planning.errors import PlanningError
from platerunner_unit.contract.storage import Storage


class RecordError(PlanningError):
    """A record cannot be read; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record.

    :param name: what people call one, with its article: ``the plan of a step``.
    :param format: what this version writes, and the newest that it reads; it reads all before.
    :param numbered: whether format 1 says its number.
    :param remedy: what to do about one that is damaged.
    """

    name: str
    format: int = 1
    numbered: bool = True
    remedy: str = "restore it from a backup or an older version of the object"


def encode(kind: Kind, content: Any, *, indent: int | None = None, sort: bool = False) -> bytes:
    """The stored form.

    :param content: plain JSON; of a kind that says its number a mapping, without it.
    :param sort: whether keys are sorted.
    """
    said = {"format": kind.format, **content} if kind.numbered or kind.format > 1 else content
    separators = (",", ":") if indent is None else None
    return json.dumps(said, indent=indent, separators=separators, sort_keys=sort).encode()


def decode(kind: Kind, data: bytes, place: str) -> tuple[int, Any]:
    """The format and the content of a record, without its number.

    :param place: where it is, for the message.
    :raises RecordError: if it is not JSON, or a newer version of Platerunner wrote it.
    """
    try:
        content = json.loads(data)
    except ValueError as error:
        raise RecordError(f"{place} cannot be read ({error}): {kind.remedy}") from error
    number = content.pop("format", 1) if isinstance(content, dict) else 1
    if not isinstance(number, int) or number > kind.format:
        raise RecordError(
            f"{place} is {kind.name} of format {number}, and this version reads formats up to {kind.format}: "
            "upgrade airflow-provider-platerunner here to the version that wrote it"
        )
    return number, content


def read(kind: Kind, workspace: Storage, key: str) -> tuple[int, Any]:
    """Read a record in a workspace.

    :raises platerunner_unit.contract.storage.NotFoundError: if there is none.
    """
    return decode(kind, workspace.get(key), workspace.url_of(key))


THREADS = 16


def read_at_once[T, U](read: Callable[[T], U], places: Iterable[T]) -> list[U]:
    """What is read in several places, in their order.

    :param read: reads one; called in several threads at a time.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(read, places))
