"""Named queries: a file of SQL each, whose first lines say in YAML what it tells and which parameters it takes.

Parameters stand as `:name` in the SQL and become literals of their type, in a form that DuckDB and Athena read alike.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.periods import DAY_FORM, day_meant

Kind = Literal["text", "integer", "number", "date"]
_PLACE = re.compile(r":([a-z_]+)\b")
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a query is asked with.

    :param what: for people.
    :param default: None if it has to be given.
    """

    name: str
    type: Kind
    what: str
    default: Any = None

    def literal(self, value: Any) -> str:
        """A value as SQL text.

        :raises LedgerError: if it is not of the type.
        """
        text = str(value)
        try:
            return _LITERALS[self.type](text)
        except (ValueError, OverflowError):
            raise LedgerError(f"-P {self.name}={text}: write {_FORMS[self.type]}") from None


@dataclass(frozen=True, slots=True)
class Query:
    """A named query.

    :param sql: with `:name` for parameters.
    """

    name: str
    title: str
    sql: str
    parameters: tuple[Parameter, ...] = ()

    def filled(self, given: Mapping[str, Any]) -> str:
        """The SQL with literals in place of its parameters.

        :raises LedgerError: if one is unknown, lacking, or not of its type.
        """
        known = {each.name: each for each in self.parameters}
        for name in given:
            if name not in known:
                raise LedgerError(f"{self.name} has no parameter {name}; it takes {', '.join(known) or 'none'}")
        lacking = [each for each in self.parameters if each.name not in given and each.default is None]
        if lacking:
            raise LedgerError(f"{self.name} needs {lacking[0].name}: -P {lacking[0].name}=... {lacking[0].what}")
        values = {name: each.literal(given.get(name, each.default)) for name, each in known.items()}
        return _PLACE.sub(lambda match: values[match[1]], self.sql)


def _text(text: str) -> str:
    if any(ord(char) < 32 for char in text):
        raise ValueError(text)
    return "'" + text.replace("'", "''") + "'"


def _integer(text: str) -> str:
    number = int(text)
    if abs(number) > LARGEST:
        raise ValueError(text)
    return str(number)


def _number(text: str) -> str:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return f"CAST({number!r} AS DOUBLE)"


def _date(text: str) -> str:
    return f"DATE '{day_meant(text).isoformat()}'"


_LITERALS = {"text": _text, "integer": _integer, "number": _number, "date": _date}
_FORMS = {
    "text": "a text without line breaks",
    "integer": "a whole number, like 20",
    "number": "a number, like 0.5",
    "date": DAY_FORM,
}


@cache
def all_queries() -> Mapping[str, Query]:
    """The queries that come with this version, by name."""
    folder = files(__package__) / "queries"
    found = (each for each in folder.iterdir() if each.name.endswith(".sql"))
    return {query.name: query for query in sorted(map(_read, found), key=lambda query: query.name)}


def find_query(name: str) -> Query:
    """A query by its name.

    :raises LedgerError: if there is none.
    """
    known = all_queries()
    if name not in known:
        raise LedgerError(f"there is no query {name}; there is {', '.join(known)}")
    return known[name]


def view_sql(name: str) -> str:
    """What a view selects; Terraform makes the same in Athena.

    :param name: one of :data:`VIEWS`.
    """
    return (files(__package__) / "views" / f"{name}.sql").read_text()


VIEWS: Sequence[str] = ("runs", "plates", "projects")


def _read(file: Any) -> Query:
    lines = file.read_text().splitlines()
    head = "\n".join(line.removeprefix("-- ") for line in lines if line.startswith("--"))
    told = yaml.safe_load(head)
    parameters = tuple(Parameter(name, **about) for name, about in (told.get("params") or {}).items())
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    return Query(file.name.removesuffix(".sql"), told["title"], sql, parameters)
