"""Which files of a dataset count, and under which names.

None that the spec excludes, and every nth where a step samples; a wildcard's values may go by other names, such as dyes
for the channels of a microscope.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from platerunner.engine.planning.available import Available, Excluded
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.where import Only, as_listed, is_asked_for
from platerunner.spec.dataset import Exclusion
from platerunner.spec.forms import Wanted
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.unit_keys import natural_key


def in_listing(pattern: Pattern, exclude: Iterable[Exclusion]) -> Iterator[Exclusion]:
    """The exclusions that a pattern has the wildcards of, by the values that its keys give.

    :raises PlanningError: if a value is unfit for its wildcard's type.
    """
    for each in exclude:
        if each.where.keys() <= set(pattern.wildcards):
            where = {name: as_listed(pattern, name, value, "exclude") for name, value in each.where.items()}
            yield replace(each, where=where)


class Reasons:
    """Looks exclusions up by their values, so that a thousand cost as much as one.

    :param exclude: by the values that the files have.
    """

    def __init__(self, exclude: Iterable[Exclusion]) -> None:
        self._by_names: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
        for each in exclude:
            names = tuple(sorted(each.where))
            values = tuple([each.where[name] for name in names])
            self._by_names.setdefault(names, {}).setdefault(values, each.because)

    def __bool__(self) -> bool:
        return bool(self._by_names)

    def of(self, values: Mapping[str, Any]) -> str | None:
        """Why a file is left out; None if it is not."""
        for names, reasons in self._by_names.items():
            because = reasons.get(tuple([str(values.get(name, "")) for name in names]))
            if because is not None:
                return because
        return None


def without(files: Files, reasons: Reasons) -> tuple[Files, list[Excluded]]:
    """The files that count, and those that are left out."""
    if not reasons:
        return files, []
    left_out = ((values, reasons.of(values)) for values in files.values())
    excluded = [Excluded(values, because) for values, because in left_out if because is not None]
    return files.where(lambda values: reasons.of(values) is None), excluded


def idle(
    pattern: Pattern, exclude: tuple[Exclusion, ...], only: Only, files: Files, missing: Sequence[InputFile]
) -> Iterator[Exclusion]:
    """The exclusions that no file agrees with, of those that this run's filters let count.

    :param files: all that match the pattern; looked at by columns, since there may be a million.
    :param missing: those that should be there.
    """
    there: dict[tuple[str, ...], set[tuple[str | None, ...]]] = {}
    for each in in_listing(pattern, exclude):
        names = tuple(sorted(each.where))
        values = tuple(each.where[name] for name in names)
        if names not in there:
            there[names] = set(files.texts(names))
            there[names] |= {tuple([str(file.values[name]) for name in names]) for file in missing}
        if is_asked_for(dict(zip(names, values, strict=True)), only) and values not in there[names]:
            yield each


def idle_note(name: str, exclusion: Exclusion) -> str:
    """Says of an exclusion that it matches no file.

    :param name: of the file set.
    """
    what = " ".join(f"{wildcard} {value}" for wildcard, value in exclusion.where.items())
    glob = any("*" in str(value) for value in exclusion.where.values())
    remedy = " `*` stands for itself there: write a line for each value." if glob else ""
    return f"{exclusion.place} excludes {what}, which dataset.{name} does not have.{remedy}"


def sampled(available: Available, every: Mapping[str, int], within: str | None = None) -> Available:
    """The files that have every nth of all values, the first included.

    :param available: the files of an input.
    :param every: wildcard to n; those that the files do not have change nothing.
    :param within: the wildcard whose every value is sampled for itself, as its branch does.
    """
    for name in [name for name in every if name in available.pattern.wildcards]:
        available = _sampled(available, name, every[name], within)
    return available


def _sampled(available: Available, name: str, nth: int, within: str | None) -> Available:

    def own(values: Mapping[str, Any]) -> str | None:
        return str(values[within]) if within is not None and within in values else None

    # Excluded files count, too: otherwise leaving a site out would choose other sites everywhere.
    others = chain((file.values for file in available.absent), (each.values for each in available.excluded))
    there: dict[str | None, set[str]] = defaultdict(set)
    for value, key in zip(available.files.texts([name]), available.files.texts([within or ""]), strict=True):
        there[key[0]].update(text for text in value if text is not None)
    for values in others:
        if name in values:
            there[own(values)].add(str(values[name]))
    kept = {key: frozenset(sorted(found, key=natural_key)[::nth]) for key, found in there.items()}

    def keeps(values: Mapping[str, Any]) -> bool:
        return name not in values or str(values[name]) in kept[own(values)]

    return replace(
        available,
        files=available.files.where(keeps),
        absent=tuple(file for file in available.absent if keeps(file.values)),
        excluded=tuple(each for each in available.excluded if keeps(each.values)),
    )


class Names:
    """The ``rename`` of a file set, in both directions.

    :param rename: wildcard to value in the file's name to the name that replaces it.
    """

    def __init__(self, rename: Mapping[str, Mapping[str, str]]) -> None:
        self._given = rename
        self._in_keys = {
            wildcard: {called: value for value, called in names.items()} for wildcard, names in rename.items()
        }

    def in_keys(self, where: Mapping[str, Any]) -> dict[str, Any]:
        """Filters by names as filters by the values in keys."""
        return {wildcard: self._values(wildcard, asked) for wildcard, asked in where.items()}

    def excluded_keys(self, exclusion: Exclusion) -> Exclusion:
        """An exclusion by names as one by the values in keys."""
        return replace(exclusion, where=self.in_keys(exclusion.where))

    def wanted_keys(self, wanted: Mapping[str, Wanted]) -> dict[str, Wanted]:
        """What must be there, by names, as by the values in keys."""
        return {name: replace(each, values=tuple(self._values(name, each.values))) for name, each in wanted.items()}

    def given(self, found: Available) -> Available:
        """The files under the names that they go by."""
        if not self._given:
            return found
        return replace(
            found,
            files=found.files.renamed(self._given),
            absent=tuple(map(self._file, found.absent)),
            excluded=tuple(replace(each, values=self._named(each.values)) for each in found.excluded),
            renamed=tuple(sorted({*found.renamed, *self._given})),
        )

    def _values(self, wildcard: str, asked: Any) -> Any:
        known = self._in_keys.get(wildcard, {})
        if isinstance(asked, (list, tuple, set, frozenset)):
            return [known.get(str(value), value) for value in asked]
        return known.get(str(asked), asked)

    def _file(self, file: InputFile) -> InputFile:
        return replace(file, values=self._named(file.values))

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        names = ((wildcard, names.get(str(values[wildcard]))) for wildcard, names in self._given.items())
        return {**values, **{wildcard: called for wildcard, called in names if called is not None}}
