"""The files that `complete` asks for and that are not there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, product
from types import MappingProxyType
from typing import Any

from platerunner.engine.planning.available import Excluded
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.where import Only, is_asked_for
from platerunner.spec.forms import Wanted
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern

_ALL: Mapping[str, Wanted] = MappingProxyType({})


def absent(
    listed: Files,
    usable: Files,
    excluded: list[Excluded],
    pattern: Pattern,
    complete: tuple[str, ...],
    only: Only,
    wanted: Mapping[str, Wanted] = _ALL,
) -> list[InputFile]:
    """The files that ``complete`` asks for and nobody has, without size and ETag.

    :param wanted: the wildcards of ``complete`` of which only some values count, written as in keys.
    """
    if not complete:
        return []
    others = short_of(pattern, complete)
    rows = WantedRows(listed, pattern, complete, only, wanted, others)
    counts = Counter(tuple([values[name] for name in others]) for values in _there(usable, excluded))
    # Where values are named there may be others, too, so the number of files proves nothing.
    short = {group for group, count in counts.items() if rows.are_named or count < len(rows.of(group))}
    if not short:
        return []
    missing = _missing(_there(usable, excluded), short, others, rows, pattern, only)
    return sorted(missing, key=lambda file: file.key)


def short_of(pattern: Pattern, complete: Iterable[str]) -> tuple[str, ...]:
    """The wildcards of what is incomplete without a file; derived wildcards follow from these."""
    asked = {source for name in complete for source in pattern.sources.get(name, (name,))}
    return tuple(name for name in pattern.wildcards if name not in asked and name not in pattern.sources)


class WantedRows:
    """Combinations of values that should be there of each group of files.

    A value of a wildcard that any listed file has, or any file of its own group, or that `where` names, should be
    everywhere. Derived wildcards go with those that they are made of: every well, not every row with every column.

    :param complete: wildcards whose every combination should be there.
    :param wanted: of these, what not all values count of.
    :param others: wildcards that tell groups apart.
    """

    def __init__(
        self,
        listed: Files,
        pattern: Pattern,
        complete: tuple[str, ...],
        only: Only,
        wanted: Mapping[str, Wanted],
        others: tuple[str, ...],
    ) -> None:
        self._listed, self._pattern, self._only, self._wanted, self._others = listed, pattern, only, wanted, others
        made = [name for name in complete if name in pattern.sources]
        within = dict.fromkeys(source for name in made for source in pattern.sources[name])
        plain = [name for name in complete if name not in pattern.sources and name not in within]
        # Wildcards that depend on a group come after those that may be one.
        self._plain = sorted(plain, key=lambda name: len(self._per(name)))
        joint = tuple(dict.fromkeys((*within, *made)))
        self._together = (
            sorted({tuple([values[name] for name in joint]) for values in listed.values()}, key=str) if joint else [()]
        )
        self.names = (*self._plain, *joint)
        self.are_named = any(wanted[name].values for name in plain if name in wanted)
        self._asked = dict.fromkeys(each for name in plain for each in self._per(name) if each in others)
        self._choices = {name: self._choices_of(name) for name in plain}
        self._known: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}

    def of(self, group: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The combinations of a group.

        :param group: its values of the other wildcards.
        """
        values = dict(zip(self._others, group, strict=True))
        key = tuple([values[name] for name in self._asked])
        if key not in self._known:
            rows: list[dict[str, Any]] = [{name: values[name] for name in self._asked}]
            for name in self._plain:
                rows = [{**row, name: value} for row in rows for value in self._values(name, row)]
            whole = ((*(row[name] for name in self._plain), *more) for row, more in product(rows, self._together))
            self._known[key] = [
                row for row in whole if is_asked_for(dict(zip(self.names, row, strict=True)), self._only)
            ]
        return self._known[key]

    def _per(self, name: str) -> tuple[str, ...]:
        return self._wanted[name].per if name in self._wanted else ()

    def _values(self, name: str, row: Mapping[str, Any]) -> list[Any]:
        return self._choices[name].get(tuple([row[each] for each in self._per(name)]), [])

    def _choices_of(self, name: str) -> dict[tuple[Any, ...], list[Any]]:
        """The values of a wildcard that should be there, by those of its group."""
        if name in self._wanted and self._wanted[name].values:
            return {(): [self._pattern.convert(name, value) for value in self._wanted[name].values]}
        per = self._per(name)
        if not per:
            named = {self._pattern.convert(name, value) for value in self._only.get(name, ())}
            return {(): sorted(self._listed.distinct(name) | named, key=str)}
        found: dict[tuple[Any, ...], set[Any]] = {}
        for values in self._listed.values():
            found.setdefault(tuple([values[each] for each in per]), set()).add(values[name])
        return {group: sorted(values, key=str) for group, values in found.items()}


def _there(usable: Files, excluded: list[Excluded]) -> Iterator[Mapping[str, Any]]:
    return chain(usable.values(), (each.values for each in excluded))


def _missing(
    there: Iterable[Mapping[str, Any]],
    short: set[tuple[Any, ...]],
    others: tuple[str, ...],
    wanted: WantedRows,
    pattern: Pattern,
    only: Only,
) -> Iterator[InputFile]:
    complete = wanted.names
    seen: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {group: set() for group in short}
    for values in there:
        group = tuple([values[name] for name in others])
        if group in seen:
            seen[group].add(tuple([values[name] for name in complete]))
    for group, rows in seen.items():
        for row in wanted.of(group):
            if row not in rows:
                values = dict(pattern.completed(dict(zip((*others, *complete), (*group, *row), strict=True))))
                if is_asked_for(values, only):  # derived values are known only now
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
