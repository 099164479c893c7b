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
    names, wanted = _wanted(listed, pattern, complete, only)
    others = short_of(pattern, complete)
    counts = Counter(tuple([values[name] for name in others]) for values in _there(usable, excluded))
    short = {group for group, count in counts.items() if count < len(wanted)}
    if not short:
        return []
    missing = _missing(_there(usable, excluded), short, others, names, wanted, pattern, only)
    return sorted(missing, key=lambda file: file.key)


def short_of(pattern: Pattern, complete: Iterable[str]) -> tuple[str, ...]:
    """The wildcards of what is incomplete where a file is missing; what is made of others is known by these."""
    asked = {source for name in complete for source in pattern.sources.get(name, (name,))}
    return tuple(name for name in pattern.wildcards if name not in asked and name not in pattern.sources)


def _wanted(
    listed: Files, pattern: Pattern, complete: tuple[str, ...], only: Only
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The wildcards of which every combination should be everywhere, and the combinations.

    What there is of each in any file that was listed, and what `where` names, should be everywhere. What is made of
    others goes with these: every well, not every row with every column.
    """
    made = [name for name in complete if name in pattern.sources]
    within = dict.fromkeys(source for name in made for source in pattern.sources[name])
    plain = [name for name in complete if name not in pattern.sources and name not in within]
    ranges: list[list[Any]] = [sorted(listed.distinct(name) | _named(pattern, name, only), key=str) for name in plain]
    rows: Iterable[tuple[Any, ...]] = product(*ranges)
    joint = tuple(dict.fromkeys((*within, *made)))
    if joint:
        together = sorted({tuple([values[name] for name in joint]) for values in listed.values()}, key=str)
        rows = ((*row, *more) for row, more in product(rows, together))
    names = (*plain, *joint)
    return names, [row for row in rows if is_asked_for(dict(zip(names, row, strict=True)), only)]


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
    only: Only,
) -> Iterator[InputFile]:
    seen: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {group: set() for group in short}
    for values in there:
        group = tuple([values[name] for name in others])
        if group in seen:
            seen[group].add(tuple([values[name] for name in complete]))
    for group, rows in seen.items():
        for row in wanted:
            if row not in rows:
                values = dict(pattern.completed(dict(zip((*others, *complete), (*group, *row), strict=True))))
                if is_asked_for(values, only):  # of what is made of others it was not known before
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
