"""Which values of its wildcards a dataset is asked for: what `where` says, in the form in which keys give it."""

from collections.abc import Mapping
from typing import Any

from platerunner.engine.planning.errors import PlanningError
from platerunner_unit.contract.patterns import Pattern, PatternError

Only = Mapping[str, frozenset[str]]
"""Wildcard to the values asked for, as text; a wildcard that is not there is asked for as it comes."""


def only_asked(pattern: Pattern, where: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """What a ``where`` asks for.

    :param where: wildcard to value or values, without templates; empty means all.
    :raises PlanningError: if a value is unfit for its wildcard's type.
    """
    only = {}
    for name, asked in where.items():
        values = list(asked) if isinstance(asked, (list, tuple, set, frozenset)) else [asked]
        texts = frozenset(as_listed(pattern, name, value, "where") for value in values if value not in (None, ""))
        if name in pattern.wildcards and texts:
            only[name] = texts
    return only


def as_listed(pattern: Pattern, name: str, value: Any, key: str) -> str:
    """A value as keys give it.

    :param key: where in the spec it is written, for people.
    :raises PlanningError: if it is unfit for the wildcard's type.
    """
    if name not in pattern.wildcards:
        return str(value)
    try:
        return str(pattern.convert(name, value))
    except PatternError as error:
        raise PlanningError(f"dataset `{key}`: {{{name}}}: {error.message}") from error


def is_asked_for(values: Mapping[str, Any], only: Only) -> bool:
    """Whether a file is asked for, by its wildcards; those that it lacks do not count."""
    return all(str(values[name]) in asked for name, asked in only.items() if name in values)


def in_words(only: Only) -> str:
    """`` with plate in [P1, P2]``; empty if all is asked for."""
    parts = [f"{name} in [{', '.join(sorted(values)[:6])}]" for name, values in only.items()]
    return f" with {' and '.join(parts)}" if parts else ""
