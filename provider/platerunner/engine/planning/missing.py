"""The files that `complete` asks for and that are not there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, product
from typing import Any

from platerunner.engine.planning.available import Excluded
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.where import Only, is_asked_for
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern


def absent(
    listed: Files,
    usable: Files,
    excluded: list[Excluded],
    pattern: Pattern,
    complete: tuple[str, ...],
    only: Only,
) -> list[InputFile]:
    """The files that ``complete`` asks for and nobody has, without size and ETag."""
    if not complete:
        return []
    # What there is of each wildcard in any file that was listed, and what `where` names, should be everywhere.
    ranges = [sorted(listed.distinct(name) | _named(pattern, name, only), key=str) for name in complete]
    wanted = [row for row in product(*ranges) if is_asked_for(dict(zip(complete, row, strict=True)), only)]
    others = tuple(name for name in pattern.wildcards if name not in complete)
    counts = Counter(tuple([values[name] for name in others]) for values in _there(usable, excluded))
    short = {group for group, count in counts.items() if count < len(wanted)}
    if not short:
        return []
    missing = _missing(_there(usable, excluded), short, others, complete, wanted, pattern)
    return sorted(missing, key=lambda file: file.key)


def _named(pattern: Pattern, name: str, only: Only) -> set[Any]:
    return {pattern.convert(name, value) for value in only.get(name, ())}


def _there(usable: Files, excluded: list[Excluded]) -> Iterator[Mapping[str, Any]]:
    return chain(usable.values(), (each.values for each in excluded))


def _missing(
    there: Iterable[Mapping[str, Any]],
    short: set[tuple[Any, ...]],
    others: tuple[str, ...],
    complete: tuple[str, ...],
    wanted: list[tuple[Any, ...]],
    pattern: Pattern,
) -> Iterator[InputFile]:
    seen: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {group: set() for group in short}
    for values in there:
        group = tuple([values[name] for name in others])
        if group in seen:
            seen[group].add(tuple([values[name] for name in complete]))
    for group, rows in seen.items():
        for row in wanted:
            if row not in rows:
                values = {**dict(zip(others, group, strict=True)), **dict(zip(complete, row, strict=True))}
                yield InputFile(_name_of(pattern, values), "data", values=values)


def _name_of(pattern: Pattern, values: Mapping[str, Any]) -> str:
    """The key that a file would have; with its `*` if the pattern leaves that open."""
    return pattern.partial(values).text if pattern.has_glob else pattern.format(values)


def absent_note(name: str, files: list[InputFile]) -> tuple[str, ...]:
    """Says which files are not there; nothing if none is missing.

    :param name: of the file set.
    """
    if not files:
        return ()
    keys = ", ".join(file.key for file in files[:3]) + (", ..." if len(files) > 3 else "")
    return (f"dataset.{name}: {len(files)} of the files that `complete` asks for are not there: {keys}",)
