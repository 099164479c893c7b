"""Splits the files that a step may use among its units."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from operator import attrgetter
from typing import Any

from platerunner.engine.planning.available import Available
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.files import Files, new_rows
from platerunner.spec.derived import bare_of
from platerunner.spec.file_patterns import TablePattern
from platerunner.spec.steps import Step
from platerunner.spec.unit_tables import RowValues
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.unit_keys import natural_key, unit_id

Key = tuple[str, ...]
_BY_KEY = attrgetter("key")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit, before anybody asks whether it has to run.

    :param unit: its id.
    :param values: its ``foreach`` wildcards.
    :param lacks: the first input without a file for it; None if all have one.
    :param because: why all files of an input are left out; None if they are not.
    """

    unit: str
    values: dict[str, Any]
    lacks: str | None
    because: str | None


class Groups:
    """The units of a step, and the files of each.

    An input with all ``foreach`` wildcards makes units, besides wildcards whose values the step gives; one that lacks
    some goes to every unit that agrees with it in the others.

    :param step: its ``foreach`` counts, with its own values as text.
    :param available: input name to files.
    :raises PlanningError: if no input has all ``foreach`` wildcards.
    """

    def __init__(self, step: Step, available: Mapping[str, Available]) -> None:
        self._foreach = step.foreach
        self._shares = {name: _Share(step.foreach, each) for name, each in available.items()}
        self._own = step.own
        self._rest = tuple(name for name in step.foreach if name not in step.own)
        self._makers = [share for share in self._shares.values() if set(self._rest) <= set(share.names)]
        if self._rest and not self._makers:
            wildcards = ", ".join(f"{{{name}}}" for name in self._rest)
            message = f"step {step.name}: no input has all of {wildcards}, so its units have no names"
            raise PlanningError(message, "steps", step.name, "foreach")

    def candidates(self) -> list[Candidate]:
        """The units, in natural order."""
        keys = self._keys()
        return sorted(map(self._candidate, keys), key=lambda each: natural_key(each.unit))

    def _keys(self) -> Iterable[Key]:
        """The values of each unit, in the order of ``foreach``."""
        if not self._own:
            made = dict.fromkeys(key for share in self._makers for key in share.units())
            return made if self._foreach else [()]
        made = dict.fromkeys(share.part(key, self._rest) for share in self._makers for key in share.units())
        columns = _going_together(self._own)
        names = (*self._rest, *(name for each in columns for name in each))
        places = [names.index(name) for name in self._foreach]
        rows = (list(zip(*(self._own[name] for name in each), strict=True)) for each in columns)
        together = (sum(each, ()) for each in product(made if self._rest else [()], *rows))
        return [tuple([values[place] for place in places]) for values in together]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Inputs whose files will make units, as many as a step before it will write."""
        return tuple(dict.fromkeys(share.ref for share in self._makers if share.unknown))

    def inputs(self, values: Mapping[str, Any]) -> dict[str, tuple[InputFile, ...]]:
        """The files of a unit: every declared input to files in the order of keys, perhaps none.

        :param values: its ``foreach`` wildcards.
        """
        texts = {name: str(values[name]) for name in self._foreach}
        return {name: share.files(texts) for name, share in self._shares.items()}

    def without(self, candidate: Candidate, name: str) -> bool:
        """Whether a unit has no file of an input."""
        return not self._shares[name].has({key: str(value) for key, value in candidate.values.items()})

    def _candidate(self, key: Key) -> Candidate:
        texts = dict(zip(self._foreach, key, strict=True))
        lacking = [name for name, share in self._shares.items() if not share.has(texts) and not share.dispensable]
        reasons = (self._shares[name].because(texts) for name in lacking)
        because = next((reason for reason in reasons if reason is not None), None)
        lacks = lacking[0] if lacking else None
        return Candidate(unit_id(texts, self._foreach), self._typed(texts), lacks, because)

    def _typed(self, texts: dict[str, str]) -> dict[str, Any]:
        """A unit's values as its first input has them: ``3`` instead of ``"3"`` for ``{site:int}``."""
        for share in self._shares.values():
            if share.has(texts):
                found = share.values(texts)
                return {name: found.get(name, text) for name, text in texts.items()}
        return dict(texts)


def _going_together(own: Mapping[str, Any]) -> list[list[str]]:
    """Wildcards whose values come row by row, of one table; each other one alone."""
    found: dict[Any, list[str]] = {}
    for name, values in own.items():
        found.setdefault(values.table if isinstance(values, RowValues) else (name,), []).append(name)
    return list(found.values())


def _knows(names: tuple[str, ...], available: Available) -> bool:
    """Whether a unit is all that is incomplete without a file, so that it cannot go on without it.

    Of a table, some columns follow from others, such as a compound from its well.

    :param names: the wildcards of an input that tell its units apart.
    """
    sources = available.pattern.sources
    known = {*names, *(source for name in names for source in sources.get(name, ()))}
    unknown = tuple(name for name in available.absent_from if name not in known)
    if not unknown or not available.absent or not isinstance(bare_of(available.pattern), TablePattern):
        return not unknown
    everything = available.files.plus(available.absent)
    return len(set(everything.texts(names))) == len(set(everything.texts((*names, *unknown))))


class _Share:
    """The files of one input, by the values of those ``foreach`` wildcards that it has."""

    def __init__(self, foreach: tuple[str, ...], available: Available) -> None:
        self.ref = available.ref
        self.names = tuple(name for name in foreach if name in available.pattern.wildcards)
        everything = available.files.plus(available.absent if _knows(self.names, available) else ())
        self._table = everything.table
        self._rows = self._grouped(everything)
        self._because = self._reasons(available)
        self._last: tuple[Key, tuple[InputFile, ...]] | None = None
        self.dispensable = available.dispensable and not self.names

    def units(self) -> Iterator[Key]:
        """Values of units that have files, or had some that are left out."""
        yield from self._rows
        yield from self._because

    def part(self, key: Key, names: Sequence[str]) -> Key:
        """Some of a unit's values.

        :param key: all that this input has.
        """
        return tuple([key[self.names.index(name)] for name in names])

    def has(self, values: Mapping[str, str]) -> bool:
        """Whether there is a file of a unit."""
        return self._of(values) in self._rows

    def values(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The wildcards of a file of a unit that has any."""
        return self._table.values(self._rows[self._of(values)][0])

    def files(self, values: Mapping[str, str]) -> tuple[InputFile, ...]:
        """The files of a unit, in the order of keys."""
        key = self._of(values)
        if self._last is None or self._last[0] != key:  # units that share files come one after the other
            self._last = key, tuple(sorted(map(self._table.file, self._rows.get(key, ())), key=_BY_KEY))
        return self._last[1]

    def because(self, values: Mapping[str, str]) -> str | None:
        """Why a unit's files are left out."""
        return self._because.get(self._of(values))

    def _grouped(self, files: Files) -> "dict[Key, array[int]]":
        groups: defaultdict[Any, array[int]] = defaultdict(new_rows)
        for row, key in zip(files.rows, files.texts(self.names), strict=True):
            groups[key].append(row)
        # A file whose name is not known yet lacks values, so that nobody knows whose it will be.
        self.unknown = any(None in key for key in groups)
        return {key: rows for key, rows in groups.items() if None not in key}

    def _reasons(self, available: Available) -> dict[Key, str]:
        """Values of units to the reason for which files of theirs are left out, of several always the same."""
        reasons: dict[Key, str] = {}
        for each in available.excluded:
            if all(name in each.values for name in self.names):
                key = tuple([str(each.values[name]) for name in self.names])
                reasons[key] = min(each.because, reasons.get(key, each.because))
        return reasons

    def _of(self, values: Mapping[str, str]) -> Key:
        return tuple([values[name] for name in self.names])
