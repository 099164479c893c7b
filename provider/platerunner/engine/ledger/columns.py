"""The columns of the ledger's tables, as `columns.yaml` and `file_systems.yaml` have them, and what a row is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from platerunner.engine.planning.errors import PlanningError

Row = Mapping[str, Any]
"""Name of a column to its value: text, a number, a mapping of texts for tags; times are ISO 8601 in UTC; None."""
Type = Literal["text", "number", "integer", "time", "tags"]


_KINDS: Mapping[Type, type | tuple[type, ...]] = {
    "text": str, "time": str, "number": (int, float), "integer": (int, float), "tags": dict,
}  # fmt: skip


class LedgerError(PlanningError):
    """The ledger, or a file of it, cannot be read; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    :param since: version of the ledger that brought it.
    :param what: what it means, for people.
    """

    name: str
    type: Type
    since: int
    what: str

    def check(self, value: Any) -> None:
        """See that a value is one of this column, or null.

        :raises ValueError: if it is not.
        """
        if value is None:
            return
        if not isinstance(value, _KINDS[self.type]) or (self.type == "time" and _no_time(value)):
            raise ValueError(f"the {self.name} {value!r} is no {self.type}")


@dataclass(frozen=True, slots=True)
class Table:
    """All columns, and the version of the ledger that has them."""

    version: int
    columns: tuple[Column, ...]

    def fit(self, row: Row) -> dict[str, Any]:
        """A row of any version that is no newer, with all columns of this one."""
        return {column.name: row.get(column.name) for column in self.columns}

    def check(self, row: Row) -> None:
        """See that what a row has is of the columns' types.

        :raises ValueError: naming the first column whose value is not.
        """
        for column in self.columns:
            column.check(row.get(column.name))


def _no_time(text: Any) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return True
    return False


@cache
def table(file: str = "columns.yaml") -> Table:
    """A table of this version.

    :param file: that says its columns: those of attempts, or ``file_systems.yaml``.
    """
    content = yaml.safe_load((files(__package__) / file).read_text())
    return Table(content["version"], tuple(Column(**each) for each in content["columns"]))


def check_version(version: Any, place: str, known: int | None = None) -> None:
    """Refuse what a newer version of Platerunner wrote.

    :param version: as a file of the ledger says it.
    :param place: where that is, for the message.
    :param known: the version of the table that it is of; None for attempts.
    :raises LedgerError: naming both versions.
    """
    known = table().version if known is None else known
    if not isinstance(version, int) or version > known:
        raise LedgerError(
            f"{place} is of version {version} of the ledger, and this version reads versions up to {known}: "
            "upgrade airflow-provider-platerunner here to the version that wrote it"
        )


def damaged(place: str, error: Exception) -> str:
    """What a person reads about a file that cannot be read.

    :param place: where it is.
    """
    return (
        f"{place} cannot be read ({error}): restore an older version of the object, or move it out of the ledger, "
        "which then lacks its rows"
    )
