"""The files of a dataset that count: listed, filtered, without the excluded, with those that should be there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Any

from platerunner.engine.planning.available import Available, Excluded, pattern_of
from platerunner.engine.planning.errors import NothingListed, stands_at
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.listing import SAMPLE, Listed, list_folders, list_matching
from platerunner.engine.planning.raw_files.alike import alike_notes
from platerunner.engine.planning.raw_files.folders import folder_notes
from platerunner.engine.planning.raw_files.loaded_tables import LoadedTable, lost_note, lost_rows, without_rows
from platerunner.engine.planning.raw_files.missing import absent, absent_note, short_of
from platerunner.engine.planning.raw_files.selection import Names, Reasons, idle, idle_note, in_listing, without
from platerunner.engine.planning.raw_files.strays import Strays, left_over_note
from platerunner.engine.planning.raw_files.tables import load_table
from platerunner.engine.planning.where import Only, in_vain, in_words, is_asked_for, nowhere, only_asked
from platerunner.spec.dataset import Exclusion, FileSet
from platerunner.spec.derived import DerivingPattern, bare_of, deriving
from platerunner.spec.file_patterns import FolderPattern, with_planes
from platerunner_unit.contract.patterns import Pattern, PatternError
from platerunner_unit.contract.planes import combinations, named
from platerunner_unit.contract.storage import NotFoundError, Storage


def from_dataset(
    files: FileSet,
    storage: Storage,
    where: Mapping[str, Any],
    exclude: Iterable[Exclusion] = (),
    beside: Iterable[FileSet] = (),
    places: Mapping[str, str] | None = None,
    workspace: str = "",
) -> Available:
    """The files of a file set that are there.

    :param files: its pattern.
    :param storage: the data root.
    :param where: wildcard to value or values, without templates; empty means all.
    :param exclude: files to be left out.
    :param beside: the other file sets of the dataset, whose files are not left over.
    :param places: wildcard of ``where`` to where it is written, for people.
    :param workspace: what the workspace's keys begin with if it lies among the data; empty if not.
    :raises NothingListed: if the root does not exist, no object matches, or none is asked for.
    :raises PlanningError: if a value of ``where`` or ``exclude`` is unfit for its wildcard's type.
    """
    names = Names(files.rename)
    written = {each.place: each for each in exclude}
    asked, left_out = names.in_keys(where), tuple(map(names.excluded_keys, exclude))
    files = replace(files, wanted=names.wanted_keys(files.wanted))
    patterns = [_pattern_of(files, storage, asked), *map(pattern_of, beside)]
    strays = Strays(patterns, markers=storage.local is None, workspace=workspace)
    found, unused = _as_listed_there(files, patterns, storage, asked, left_out, places or {}, strays)
    notes = tuple(idle_note(files.name, written[each.place]) for each in unused if each.place)
    return names.given(replace(found, notes=(*found.notes, *notes)))


def _pattern_of(files: FileSet, storage: Storage, where: Mapping[str, Any]) -> Pattern:
    if files.table is None:
        return pattern_of(files)
    only = only_asked(pattern_of(files), where)
    with stands_at("dataset", "files", files.name, "table"):
        ref = f"dataset.{files.name}"
        table = load_table(ref, files.table, storage, only)
        pattern = deriving(table, files.derive)
        table.check_made(ref, pattern)
        return with_planes(pattern, files.planes)


def _as_listed_there(
    files: FileSet,
    patterns: Sequence[Pattern],
    storage: Storage,
    where: Mapping[str, Any],
    exclude: tuple[Exclusion, ...],
    places: Mapping[str, str],
    strays: Strays,
) -> tuple[Available, list[Exclusion]]:
    """As :func:`from_dataset`, by the values in the files' own names; and the exclusions that match no file."""
    pattern, table = patterns[0], bare_of(patterns[0])
    only = only_asked(pattern, where)
    listed = _planes_apart(files, _listed(storage, pattern, only, files.name, strays))
    kept = listed.files.where(lambda values: is_asked_for(values, only)) if only else listed.files
    if not kept:
        raise NothingListed(_nothing_asked_for(files.name, listed.files, only), *_asking(only, listed.files))
    reasons = Reasons(in_listing(pattern, exclude))
    usable, excluded = without(kept, reasons)
    missing = absent(listed.files, usable, excluded, pattern, files.complete, only, files.wanted)
    lost = lost_rows(pattern, listed.files, only) if files.table else []
    missing = without_rows(missing, lost, pattern) if lost else missing
    lacking = [file for file in missing if reasons.of(file.values) is None]
    gone = [row for row in lost if reasons.of(row.file.values) is None]
    unused = list(idle(pattern, exclude, only, listed.files, [*missing, *(row.file for row in lost)]))
    found = Available(
        f"dataset.{files.name}",
        pattern,
        usable,
        len(listed.files),
        tuple(excluded),
        absent=(*lacking, *(row.file for row in gone)),
        # Without `complete`, each file that a table names has to be there for every unit that reads it.
        absent_from=short_of(pattern, files.complete) if files.complete or files.table is None else (),
        notes=(
            *_in_vain(files.name, in_vain(pattern, only, kept), places),
            *_left_over(patterns, storage, listed),
            *listed.notes,
            *alike_notes(files.name, usable, pattern),
            *absent_note(files.name, lacking),
            *(lost_note(files, gone) if gone else ()),
            *(table.unlisted_note(f"dataset.{files.name}", only) if isinstance(table, LoadedTable) else ()),
            *_all_excluded(files.name, usable, excluded, exclude),
        ),
        nowhere=nowhere(only, kept),
        renamed=tuple(sorted({*files.derive, *named(files.planes)} if files.table is None else pattern.wildcards)),
    )
    return found, unused


def _planes_apart(files: FileSet, listed: Listed) -> Listed:
    """Each file once for each of its planes that has a name."""
    if not named(files.planes):
        return listed
    values = list(combinations(files.planes))
    apart = (replace(file, values={**file.values, **each}) for file in listed.files for each in values)
    return replace(listed, files=Files.of(apart, listed.files.table.root))


def _all_excluded(
    name: str, usable: Files, excluded: Sequence[Excluded], exclude: Sequence[Exclusion]
) -> Iterator[str]:
    if excluded and not usable:
        reasons = ", ".join(dict.fromkeys(each.because for each in excluded))
        place = f" ({exclude[0].place})" if exclude[0].place else ""
        yield f"dataset.{name}: `exclude`{place} leaves out all {len(excluded)} files: {reasons}. Nothing runs."


def _in_vain(name: str, asked: Iterable[str], places: Mapping[str, str]) -> Iterator[str]:
    """Notes on what is asked for and missing; each begins with the name of a wildcard."""
    for each in asked:
        place = places.get(each.partition(" ")[0])
        yield f"dataset.{name}: `where`{f' ({place})' if place else ''} asks for {each}: there is no such file"


def _left_over(patterns: Sequence[Pattern], storage: Storage, listed: Listed) -> Iterator[str]:
    if listed.left_over:
        yield left_over_note(listed.left_over, listed.others, patterns, storage.url)


def _listed(storage: Storage, pattern: Pattern, only: Only, name: str, strays: Strays) -> Listed:
    if storage.local is not None and not storage.local.is_dir():
        what = "is no folder" if storage.local.exists() else "does not exist"
        message = f"the data root {storage.url} {what}; give the folder or s3:// URL of the images"
        raise NothingListed(message, "dataset", "root")
    try:
        table = bare_of(pattern)
        if isinstance(table, FolderPattern):
            found = list_folders(storage, "data", pattern, only)
            notes = tuple(folder_notes(name, found.holds))
            return replace(_some(storage, pattern, only, name, found.listed), notes=notes)
        folders = _folders(table, only, name) if isinstance(table, LoadedTable) else None
        listed = list_matching(storage, "data", pattern, only, strays, folders=folders)
    except NotFoundError as error:
        message = f"the data root {storage.url} does not exist: there is no such bucket"
        raise NothingListed(message, "dataset", "root") from error
    if not listed.files and isinstance(table, LoadedTable):
        others = (found.key for found in islice(storage.list(), SAMPLE))
        said = f"dataset.{name}: {table.none_there(storage.url, others)}"
        raise NothingListed(said, "dataset", "files", name, "table")
    return _some(storage, pattern, only, name, listed)


def _folders(table: LoadedTable, only: Only, name: str) -> set[str]:
    """The folders of what is asked for.

    :raises NothingListed: if no row is.
    """
    folders = table.folders(only)
    if not folders:
        said = f"dataset.{name}: {table.name} has no row{in_words(only)}"
        for wildcard, asked in only.items():
            values = table.distinct(wildcard)
            if values and not asked.intersection(values):
                raise NothingListed(f"{said}; {_has_values(wildcard, sorted(values))}", "dataset", "where", wildcard)
        raise NothingListed(said, "dataset", "where", next(iter(only)))
    return folders


def _some(storage: Storage, pattern: Pattern, only: Only, name: str, listed: Listed) -> Listed:
    """What was listed, if that is anything."""
    if not listed.files:
        others = listed.others or [found.key for found in islice(storage.list(), SAMPLE)]
        place = _missed(pattern, others, only) or ("dataset", "files", name, "path")
        raise NothingListed(_nothing_matched(name, pattern, storage.url, others, only), *place)
    return listed


def _nothing_matched(name: str, pattern: Pattern, root: str, others: Sequence[str], only: Only) -> str:
    sentence = f"dataset.{name}: nothing under {root} matches `{pattern.text}`{in_words(only)}"
    if not others:
        return f"{sentence}; there is no file at all"
    if missed := _missed(pattern, others, only):
        return f"{sentence}; {_has_values(missed[-1], sorted(_values(pattern, others, missed[-1])))}"
    if unmade := _unmade(pattern, others):
        return f"{sentence}; {unmade}"
    nearest = get_close_matches(pattern.text, sorted(others), n=3, cutoff=0.0)
    return f"{sentence}; the nearest names are {', '.join(f'`{key}`' for key in nearest)}"


def _missed(pattern: Pattern, others: Sequence[str], only: Only) -> tuple[str, ...]:
    """Where the spec asks for values that none of the files has; empty if that is not what is wrong."""
    for wildcard, asked in only.items():
        found = _values(pattern, others, wildcard)
        if found and not asked.intersection(found):
            return "dataset", "where", wildcard
    return ()


def _unmade(pattern: Pattern, keys: Sequence[str]) -> str | None:
    """Why a key does not match whose name does: a wildcard that is made of others cannot be made of its values."""
    if not isinstance(pattern, DerivingPattern):
        return None
    for key in keys:
        if (values := pattern.bare.match(key)) is not None:
            try:
                pattern.completed(values)
            except PatternError as error:
                return f"the name `{key}` matches, but `derive` makes nothing of it: {error.message}"
    return None


def _values(pattern: Pattern, keys: Sequence[str], wildcard: str) -> set[str]:
    return {str(values[wildcard]) for values in map(pattern.match, keys) if values is not None}


def _asking(only: Only, there: Files) -> tuple[str, ...]:
    """Where the spec asks for what is not there."""
    missed = (name for name, asked in only.items() if not asked.intersection(map(str, there.distinct(name))))
    return "dataset", "where", next(missed, "")


def _nothing_asked_for(name: str, files: Files, only: Only) -> str:
    sentence = f"dataset.{name}: {len(files)} files match the pattern, but none{in_words(only)}"
    for wildcard, asked in only.items():
        there = sorted(map(str, files.distinct(wildcard)))
        if not asked.intersection(there):
            return f"{sentence}; {_has_values(wildcard, there)}"
    return sentence


def _has_values(wildcard: str, there: Sequence[str]) -> str:
    return f"{{{wildcard}}} has the values {', '.join(there[:12])}{', ...' if len(there) > 12 else ''}"
