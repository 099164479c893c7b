"""The files of a dataset that count: listed, filtered, without the excluded, with those that should be there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Any

from platerunner.engine.planning.available import Available, parse_pattern
from platerunner.engine.planning.errors import NothingListed
from platerunner.engine.planning.exclusions import Reasons, idle, idle_note, without
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.listing import SAMPLE, Listed, list_matching
from platerunner.engine.planning.missing import absent, absent_note
from platerunner.engine.planning.names import Names
from platerunner.engine.planning.strays import Strays, left_over_note
from platerunner.engine.planning.where import Only, in_vain, in_words, is_asked_for, nowhere, only_asked
from platerunner.spec.dataset import Exclusion, FileSet
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import NotFoundError, Storage


def from_dataset(
    files: FileSet,
    storage: Storage,
    where: Mapping[str, Any],
    exclude: Iterable[Exclusion] = (),
    beside: Iterable[FileSet] = (),
) -> Available:
    """What there is of a file set.

    :param files: its pattern.
    :param storage: the data root.
    :param where: wildcard to value or values, without templates; empty means all.
    :param exclude: files to be left out.
    :param beside: the other file sets of the dataset, whose files are not left over.
    :raises NothingListed: if the root does not exist, no object matches, or none is asked for.
    :raises PlanningError: if a value of ``where`` or ``exclude`` is unfit for its wildcard's type.
    """
    names = Names(files.rename)
    written = {each.place: each for each in exclude}
    patterns = [parse_pattern(each.pattern, f"dataset.{each.name}") for each in (files, *beside)]
    asked, left_out = names.in_keys(where), tuple(map(names.excluded_keys, exclude))
    found, unused = _as_listed_there(files, patterns, storage, asked, left_out)
    notes = tuple(idle_note(files.name, written[each.place]) for each in unused if each.place)
    return names.given(replace(found, notes=(*found.notes, *notes)))


def _as_listed_there(
    files: FileSet,
    patterns: Sequence[Pattern],
    storage: Storage,
    where: Mapping[str, Any],
    exclude: tuple[Exclusion, ...],
) -> tuple[Available, list[Exclusion]]:
    """As :func:`from_dataset`, by the values in the files' own names; and the exclusions that are of no file."""
    pattern = patterns[0]
    only = only_asked(pattern, where)
    listed = _listed(storage, patterns, only, files.name)
    kept = listed.files.where(lambda values: is_asked_for(values, only)) if only else listed.files
    if not kept:
        raise NothingListed(_nothing_asked_for(files.name, listed.files, only))
    reasons = Reasons(pattern, exclude)
    usable, excluded = without(kept, reasons)
    missing = absent(listed.files, usable, excluded, pattern, files.complete, only)
    missed = [file for file in missing if reasons.of(file.values) is None]
    unused = list(idle(pattern, exclude, only, listed.files, missing))
    found = Available(
        f"dataset.{files.name}",
        pattern,
        usable,
        len(listed.files),
        tuple(excluded),
        absent=tuple(missed),
        absent_from=tuple(name for name in pattern.wildcards if name not in files.complete),
        notes=(
            *_notes(files.name, patterns, storage, listed, in_vain(pattern, only, kept)),
            *absent_note(files.name, missed),
        ),
        nowhere=nowhere(only, kept),
    )
    return found, unused


def _notes(
    name: str, patterns: Sequence[Pattern], storage: Storage, listed: Listed, missing: Iterable[str]
) -> Iterator[str]:
    for each in missing:
        yield f"dataset.{name}: `where` asks for {each}: there is no such file"
    if listed.left_over:
        yield left_over_note(listed.left_over, listed.others, patterns, storage.url)


def _listed(storage: Storage, patterns: Sequence[Pattern], only: Only, name: str) -> Listed:
    pattern, strays = patterns[0], Strays(patterns, markers=storage.local is None)
    if storage.local is not None and not storage.local.is_dir():
        raise NothingListed(f"the data root {storage.url} does not exist; give the folder or s3:// URL of the images")
    try:
        listed = list_matching(storage, "data", pattern, only, strays)
    except NotFoundError as error:
        raise NothingListed(f"the data root {storage.url} does not exist: {error}") from error
    if not listed.files:
        others = listed.others or [found.key for found in islice(storage.list(), SAMPLE)]
        raise NothingListed(_nothing_matched(name, pattern, storage.url, others, only))
    return listed


def _nothing_matched(name: str, pattern: Pattern, root: str, others: Sequence[str], only: Only) -> str:
    sentence = f"dataset.{name}: nothing under {root} matches `{pattern.text}`{in_words(only)}"
    if not others:
        return f"{sentence}; there is no file at all"
    there = [values for values in map(pattern.match, others) if values is not None]
    for wildcard, asked in only.items():
        found = sorted({str(values[wildcard]) for values in there})
        if found and not asked.intersection(found):
            return f"{sentence}; {_has_values(wildcard, found)}"
    nearest = get_close_matches(pattern.text, sorted(others), n=3, cutoff=0.0)
    return f"{sentence}; the nearest names are {', '.join(f'`{key}`' for key in nearest)}"


def _nothing_asked_for(name: str, files: Files, only: Only) -> str:
    sentence = f"dataset.{name}: {len(files)} files match the pattern, but none{in_words(only)}"
    for wildcard, asked in only.items():
        there = sorted(map(str, files.distinct(wildcard)))
        if not asked.intersection(there):
            return f"{sentence}; {_has_values(wildcard, there)}"
    return sentence


def _has_values(wildcard: str, there: Sequence[str]) -> str:
    return f"{{{wildcard}}} has the values {', '.join(there[:12])}{', ...' if len(there) > 12 else ''}"
