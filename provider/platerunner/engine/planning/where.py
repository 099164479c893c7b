"""Which values of its wildcards a dataset is asked for, and where keys that have them begin."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from itertools import product
from math import prod
from typing import Any

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.files import Files
from platerunner_unit.contract.patterns import Pattern, PatternError
from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.words import and_more

Only = Mapping[str, frozenset[str]]
"""Wildcard to the values asked for, as text; a wildcard that is not there is asked for as it comes."""
_SHOWN = 6
_COMBINED = 100_000
"""Combinations of the values asked for that are looked for one by one."""


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
        raise PlanningError(f"dataset `{key}`: {{{name}}}: {error.message}", "dataset", key, name) from error


def is_asked_for(values: Mapping[str, Any], only: Only) -> bool:
    """Whether a file is asked for, by its wildcards; those that it lacks do not count."""
    return all(str(values[name]) in asked for name, asked in only.items() if name in values)


def in_words(only: Only) -> str:
    """`` with plate in [P1, P2]``; empty if all is asked for."""
    parts = [f"{name} in [{', '.join(sorted(values)[:6])}]" for name, values in only.items()]
    return f" with {' and '.join(parts)}" if parts else ""


def nowhere(only: Only, files: Files) -> dict[str, set[str]]:
    """Wildcard to the values that are asked for and that no file has.

    :param files: all that are asked for.
    """
    missing = {name: set(asked) - {str(value) for value in files.distinct(name)} for name, asked in only.items()}
    return {name: values for name, values in missing.items() if values}


def in_vain(pattern: Pattern, only: Only, files: Files) -> Iterator[str]:
    """What is asked for and has no file, as clauses: values that occur nowhere, then combinations.

    :param files: all that are asked for.
    """
    missing = nowhere(only, files)
    for name, lost in missing.items():
        yield f"{name} {_listed(lost)}"
    left = {
        name: sorted(only[name] - missing.get(name, set()), key=natural_key)
        for name in pattern.wildcards
        if name in only
    }
    if len(left) < 2 or prod(map(len, left.values())) > _COMBINED:
        return
    combined = set(files.texts(list(left)))
    groups: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for *head, last in (each for each in product(*left.values()) if each not in combined):
        groups[tuple(head)].add(last)
    *names, tail = left
    for values, lacking in groups.items():
        place = " ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
        yield f"{tail} {_listed(lacking)} of {place}"


def _listed(values: Set[str]) -> str:
    shown = sorted(values, key=natural_key)
    return ", ".join(shown[:_SHOWN]) + and_more(len(shown) - _SHOWN)


MOST = 64
"""Folders above at most; with more of them, one LIST of all keys takes no longer."""


def prefixes_of(
    pattern: Pattern, filled: Pattern, folders: Callable[[str], Iterable[str]], most: int = MOST
) -> list[str]:
    """What the keys of a pattern with some wildcards filled in begin with; together they lose none.

    :param pattern: with all its wildcards.
    :param filled: the same with those that matter filled in.
    :param folders: looks up what lies directly in a folder.
    :param most: limit of folders above; with more, one prefix for all values is returned.
    """
    prefix, leads = filled.literal_prefix, _leads(filled)
    differ = (level for level, (one, other) in enumerate(zip(_leads(pattern), leads, strict=False)) if one != other)
    free, own = prefix.count("/"), next(differ, 0)
    found = [prefix[: prefix.rfind("/") + 1]]
    for _ in range(free, own):
        found = [below for folder in found for below in folders(folder)]
        if len(found) > most:
            return [prefix]
    return [f"{folder}{leads[own]}" for folder in found] if own > free else [prefix]


def _leads(pattern: Pattern) -> list[str]:
    """What each name on a key's way begins with, with the slash after it if all of it is known.

    It ends at a part that may be several names, or none.
    """
    leads, known = [""], True
    for token in pattern.tokens:
        if token.kind == "optional" or token.text.startswith("**"):
            break
        if token.kind != "literal":
            known = False
            continue
        names = token.text.split("/")
        for number, name in enumerate(names):
            slash = "/" if number < len(names) - 1 else ""
            leads[-1] += f"{name}{slash}" if known else ""
            if slash:
                leads.append("")
                known = True
    return leads
