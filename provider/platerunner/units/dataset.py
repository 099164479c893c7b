"""The files of a dataset that count: listed, filtered, without the excluded, with those that should be there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import chain, islice, product
from typing import Any

from platerunner.spec.model import Exclusion, FileSet
from platerunner.units.available import Available, Excluded, parse_pattern
from platerunner.units.errors import NothingListed, PlanningError
from platerunner.units.files import Files
from platerunner.units.listing import SAMPLE, Listed, list_matching
from platerunner.units.names import Names
from platerunner_unit.manifest import InputFile
from platerunner_unit.patterns import Pattern, PatternError
from platerunner_unit.storage import NotFoundError, Storage

Only = Mapping[str, frozenset[str]]


def from_dataset(
    files: FileSet, storage: Storage, where: Mapping[str, Any], exclude: Iterable[Exclusion] = ()
) -> Available:
    """What there is of a file set.

    :param files: its pattern.
    :param storage: the data root.
    :param where: wildcard to value or values, without templates; empty means all.
    :param exclude: files to be left out.
    :raises NothingListed: if the root does not exist, no object matches, or none is asked for.
    :raises PlanningError: if a value of ``where`` or ``exclude`` is unfit for its wildcard's type.
    """
    names = Names(files.rename)
    written = {each.place: each for each in exclude}
    found, idle = _as_listed_there(files, storage, names.in_keys(where), tuple(map(names.excluded_keys, exclude)))
    notes = tuple(_idle_note(files.name, written[each.place]) for each in idle if each.place)
    return names.given(replace(found, notes=(*found.notes, *notes)))


def _as_listed_there(
    files: FileSet, storage: Storage, where: Mapping[str, Any], exclude: tuple[Exclusion, ...]
) -> tuple[Available, list[Exclusion]]:
    """As :func:`from_dataset`, by the values in the files' own names; and the exclusions that are of no file."""
    pattern = parse_pattern(files.pattern, f"dataset.{files.name}")
    only = _only(pattern, where)
    listed = _listed(storage, pattern, {} if files.complete else only, files.name)
    kept = listed.files.where(lambda values: _asked_for(values, only)) if only else listed.files
    if not kept:
        raise NothingListed(_nothing_asked_for(files.name, listed.files, only))
    reasons = _Reasons(pattern, exclude)
    usable, excluded = _without(kept, reasons)
    absent = _absent(listed.files, usable, excluded, pattern, files.complete, only)
    missed = [file for file in absent if reasons.of(file.values) is None]
    idle = list(_idle(pattern, exclude, only, [*listed.files, *absent]))
    found = Available(
        f"dataset.{files.name}",
        pattern,
        usable,
        len(listed.files),
        tuple(excluded),
        absent=tuple(missed),
        absent_from=tuple(name for name in pattern.wildcards if name not in files.complete),
        notes=_note(files.name, missed),
    )
    return found, idle


def _idle(pattern: Pattern, exclude: tuple[Exclusion, ...], only: Only, files: list[InputFile]) -> Iterator[Exclusion]:
    """The exclusions that no file agrees with, of those that this run's filters let count.

    :param files: all that match the pattern, and those that should be there.
    """
    there: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for each in exclude:
        names = tuple(sorted(each.where))
        if not set(names) <= set(pattern.wildcards):
            continue
        values = tuple(_as_listed(pattern, name, each.where[name], "exclude") for name in names)
        if names not in there:
            there[names] = {tuple([str(file.values[name]) for name in names]) for file in files}
        asked = all(name not in only or value in only[name] for name, value in zip(names, values, strict=True))
        if asked and values not in there[names]:
            yield each


def _idle_note(name: str, exclusion: Exclusion) -> str:
    what = " ".join(f"{wildcard} {value}" for wildcard, value in exclusion.where.items())
    return f"{exclusion.place} excludes {what}, which dataset.{name} does not have."


def _note(name: str, absent: list[InputFile]) -> tuple[str, ...]:
    if not absent:
        return ()
    keys = ", ".join(file.key for file in absent[:3]) + (", ..." if len(absent) > 3 else "")
    return (f"dataset.{name}: {len(absent)} of the files that `complete` asks for are not there: {keys}",)


def _only(pattern: Pattern, where: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Wildcard to the values asked for, as text in the form in which keys give them."""
    only = {}
    for name, asked in where.items():
        values = list(asked) if isinstance(asked, (list, tuple, set, frozenset)) else [asked]
        texts = frozenset(_as_listed(pattern, name, value, "where") for value in values if value not in (None, ""))
        if name in pattern.wildcards and texts:
            only[name] = texts
    return only


def _as_listed(pattern: Pattern, name: str, value: Any, key: str) -> str:
    if name not in pattern.wildcards:
        return str(value)
    try:
        return str(pattern.convert(name, value))
    except PatternError as error:
        raise PlanningError(f"dataset `{key}`: {{{name}}}: {error.message}") from error


def _listed(storage: Storage, pattern: Pattern, only: Only, name: str) -> Listed:
    if storage.local is not None and not storage.local.is_dir():
        raise NothingListed(f"the data root {storage.url} does not exist; give the folder or s3:// URL of the images")
    try:
        listed = list_matching(storage, "data", pattern, only)
    except NotFoundError as error:
        raise NothingListed(f"the data root {storage.url} does not exist: {error}") from error
    if not listed.files:
        others = listed.others or [found.key for found in islice(storage.list(), SAMPLE)]
        raise NothingListed(_nothing_matched(name, pattern, storage.url, others, only))
    return listed


def _nothing_matched(name: str, pattern: Pattern, root: str, others: Sequence[str], only: Only) -> str:
    sentence = f"dataset.{name}: nothing under {root} matches `{pattern.text}`{_with(only)}"
    if not others:
        return f"{sentence}; there is no file at all"
    nearest = get_close_matches(pattern.text, sorted(others), n=3, cutoff=0.0)
    return f"{sentence}; the nearest names are {', '.join(f'`{key}`' for key in nearest)}"


def _nothing_asked_for(name: str, files: Files, only: Only) -> str:
    sentence = f"dataset.{name}: {len(files)} files match the pattern, but none{_with(only)}"
    for wildcard, asked in only.items():
        there = sorted(map(str, files.distinct(wildcard)))
        if not asked.intersection(there):
            more = ", ..." if len(there) > 12 else ""
            return f"{sentence}; {{{wildcard}}} has the values {', '.join(there[:12])}{more}"
    return sentence


def _with(only: Only) -> str:
    parts = [f"{name} in [{', '.join(sorted(values)[:6])}]" for name, values in only.items()]
    return f" with {' and '.join(parts)}" if parts else ""


def _asked_for(values: Mapping[str, Any], only: Only) -> bool:
    return all(str(values[name]) in asked for name, asked in only.items())


def _without(files: Files, reasons: "_Reasons") -> tuple[Files, list[Excluded]]:
    """The files that count, and those that are left out."""
    if not reasons:
        return files, []
    left_out = ((values, reasons.of(values)) for values in files.values())
    excluded = [Excluded(values, because) for values, because in left_out if because is not None]
    return files.where(lambda values: reasons.of(values) is None), excluded


class _Reasons:
    """Looks exclusions up by their values, so that a thousand cost as much as one."""

    def __init__(self, pattern: Pattern, exclude: tuple[Exclusion, ...]) -> None:
        self._by_names: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
        for each in exclude:
            names = tuple(sorted(each.where))
            if set(names) <= set(pattern.wildcards):
                values = tuple(_as_listed(pattern, name, each.where[name], "exclude") for name in names)
                self._by_names.setdefault(names, {}).setdefault(values, each.because)

    def __bool__(self) -> bool:
        return bool(self._by_names)

    def of(self, values: Mapping[str, Any]) -> str | None:
        """Why a file is left out; None if it is not."""
        for names, reasons in self._by_names.items():
            because = reasons.get(tuple([str(values[name]) for name in names]))
            if because is not None:
                return because
        return None


def _absent(
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
    # What there is of each wildcard anywhere, also outside `where`, is what there should be everywhere.
    ranges = [sorted(listed.distinct(name), key=str) for name in complete]
    wanted = [row for row in product(*ranges) if _asked_for_row(complete, row, only)]
    others = tuple(name for name in pattern.wildcards if name not in complete)
    counts = Counter(tuple([values[name] for name in others]) for values in _there(usable, excluded))
    short = {group for group, count in counts.items() if count < len(wanted)}
    if not short:
        return []
    missing = _missing(_there(usable, excluded), short, others, complete, wanted, pattern)
    return sorted(missing, key=lambda file: file.key)


def _there(usable: Files, excluded: list[Excluded]) -> Iterator[Mapping[str, Any]]:
    return chain(usable.values(), (each.values for each in excluded))


def _asked_for_row(names: tuple[str, ...], row: tuple[Any, ...], only: Only) -> bool:
    return all(name not in only or str(value) in only[name] for name, value in zip(names, row, strict=True))


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
