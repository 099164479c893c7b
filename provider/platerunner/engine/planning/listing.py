"""Lists a storage and matches a pattern: one LIST per folder that can matter, streamed, a million keys at a time."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import batched, chain, islice, product, takewhile
from threading import Lock
from typing import Any

from platerunner.engine.planning.files import Files, FileTable, new_rows
from platerunner.engine.planning.raw_files.strays import Strays
from platerunner.engine.planning.where import prefixes_of
from platerunner_unit.contract.folders import FolderListing
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern, PatternError
from platerunner_unit.contract.patterns.wildcard_types import type_of
from platerunner_unit.contract.storage import Storage, StoredObject

THREADS = 16
SAMPLE = 2000
"""Names that did not match, looked at to suggest the nearest ones."""
BATCH = 1000
"""Objects that are looked at before the table is locked to take them in."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a LIST brought.

    :param files: objects that match, in the order of the listing.
    :param others: names of some objects that match no pattern.
    :param left_over: how many objects match none.
    :param notes: what a person should know of them, as sentences.
    """

    files: Files
    others: Sequence[str] = ()
    left_over: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoldersListed:
    """Folders that a LIST brought.

    :param listed: those that nobody is writing.
    :param holds: the path of each, and of those that somebody writes, to what it holds.
    """

    listed: Listed
    holds: Mapping[str, FolderListing]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a storage, to be listed in one go.

    :param prefix: of its keys.
    :param after: its keys come after this one; empty for the beginning.
    :param end: they come before this one; None for the end.
    """

    prefix: str
    after: str = ""
    end: str | None = None

    def objects(self, storage: Storage) -> Iterator[StoredObject]:
        """The objects of this part."""
        found = storage.list(self.prefix, self.after)
        end = self.end
        return found if end is None else takewhile(lambda each: each.key < end, found)

    @property
    def narrow(self) -> bool:
        """Whether it holds a part of a folder's keys."""
        return bool(self.after)


def list_matching(
    storage: Storage,
    root: str,
    pattern: Pattern,
    only: Mapping[str, frozenset[str]],
    strays: Strays | None = None,
    *,
    below: Iterable[str] | None = None,
    folders: Iterable[str] | None = None,
) -> Listed:
    """All objects that match a pattern.

    :param storage: to be listed.
    :param root: what :attr:`InputFile.root` says.
    :param pattern: of their keys.
    :param only: wildcard to the values (as text) that matter; folders of other values need not be listed.
    :param below: what keys that matter begin with, as on S3 a branch's do; None to look by the pattern and ``only``.
    :param folders: to look in; None for those that the pattern begins with.
    :param strays: finds what is not data and what other patterns match; None to keep everything.
    :raises platerunner_unit.contract.storage.NotFoundError: if the bucket does not exist.
    """
    table, lock = FileTable(root), Lock()
    if folders is not None:
        spans = [Span(folder) for folder in _outermost(folders)]
    elif below is not None:
        spans = _below(storage, [pattern], below)
    else:
        spans = _spans(storage, [pattern], _where_to_look(storage, pattern, only))
    parts = _each_span(storage, spans, lambda objects: _match(objects, pattern, strays, table, lock))
    rows = new_rows()
    for part, _, _ in parts:
        rows.extend(part)
    others = list(islice(chain.from_iterable(names for _, names, _ in parts), SAMPLE))
    return Listed(Files(table, rows), others, sum(count for _, _, count in parts))


def list_folders(storage: Storage, root: str, pattern: Pattern, only: Mapping[str, frozenset[str]]) -> FoldersListed:
    """All folders whose path matches a pattern, each as one thing with a hash of what it holds.

    :param storage: to be listed.
    :param root: what :attr:`InputFile.root` says.
    :param pattern: of the folders, whose keys end with a slash.
    :param only: as for :func:`list_matching`.
    :raises platerunner_unit.contract.storage.NotFoundError: if the bucket does not exist.
    """
    spans = _spans(storage, [pattern], _where_to_look(storage, pattern, only))
    depth = pattern.text.count("/") + 1
    found: dict[str, FolderListing] = {}
    for part in _each_span(storage, spans, lambda objects: _by_folder(objects, depth)):
        for folder, listing in part.items():
            found.setdefault(folder, FolderListing()).merge(listing)
    matched = {folder: values for folder in sorted(found) if (values := pattern.match(f"{folder}/")) is not None}
    whole = [
        InputFile(f"{folder}/", root, found[folder].size, found[folder].etag, values)
        for folder, values in matched.items()
        if found[folder].is_finished
    ]
    others = [f"{folder}/" for folder in found if folder not in matched][:SAMPLE]
    return FoldersListed(Listed(Files.of(whole, root), others), {folder: found[folder] for folder in matched})


def _by_folder(objects: Iterator[StoredObject], depth: int) -> dict[str, FolderListing]:
    """What lies in each folder of some depth; what lies above is in none."""
    found: dict[str, FolderListing] = {}
    for each in objects:
        parts = each.key.split("/", depth)
        if len(parts) > depth and not each.key.endswith("/"):
            folder = each.key[: len(each.key) - len(parts[depth]) - 1]
            if folder not in found:
                found[folder] = FolderListing()
            found[folder].add(parts[depth], each.size, each.etag)
    return found


def existing_folders(storage: Storage, pattern: Pattern) -> set[str]:
    """The folders whose path matches a pattern without ``*``, found level by level: what they hold is not listed.

    :param storage: to be looked into.
    :param pattern: of the folders.
    """
    found = [""]
    for name in map(Pattern.parse, pattern.text.split("/")):
        if not name.wildcards:
            found = [f"{above}{name.literal_prefix}/" for above in found]
            continue
        with ThreadPoolExecutor(THREADS) as pool:
            below = list(pool.map(lambda above: storage.folders(above)[0], found))
        found = [each for folders in below for each in folders if name.match(each.rstrip("/").rpartition("/")[2])]
    if found and not Pattern.parse(pattern.text.rpartition("/")[2]).wildcards:
        found = [each for each in found if any(storage.folders(each))]
    return {each.rstrip("/") for each in found}


def fold_keys[T](
    storage: Storage,
    patterns: Iterable[Pattern],
    fold: Callable[[Iterator[str]], T],
    *,
    below: Iterable[str] | None = None,
) -> list[T]:
    """Look at every key that may match one of some patterns, in several threads; no folder is listed twice.

    :param fold: makes something of a part of the keys.
    :param below: what keys that matter begin with; None to look by the patterns.
    :returns: what it made of each part.
    """
    wanted = list(patterns)
    if below is not None:
        spans = _below(storage, wanted, below)
    else:
        prefixes = _outermost(_folder(pattern.literal_prefix) for pattern in wanted)
        spans = _spans(storage, wanted, [Span(prefix) for prefix in prefixes])
    return _each_span(storage, spans, lambda objects: fold(found.key for found in objects))


def _below(storage: Storage, patterns: Sequence[Pattern], beginnings: Iterable[str]) -> list[Span]:
    """What to list for keys that begin so: on S3 few others, whether a slash comes next or not."""
    prefixes = _outermost(beginnings)
    if storage.local is not None:
        return [Span(folder) for folder in _outermost(map(_folder, prefixes))]
    return _spans(storage, patterns, [_beginning_with(prefix) for prefix in prefixes])


def _folder(prefix: str) -> str:
    return prefix[: prefix.rfind("/") + 1]


def _each_span[T](storage: Storage, spans: Sequence[Span], look: Callable[[Iterator[StoredObject]], T]) -> list[T]:
    if len(spans) == 1:
        return [look(spans[0].objects(storage))]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda span: look(span.objects(storage)), spans))


def _match(
    objects: Iterator[StoredObject], pattern: Pattern, strays: Strays | None, table: FileTable, lock: Lock
) -> tuple["array[int]", list[str], int]:
    """Put what matches into a table; its rows there, some names that match nothing, and how many these are."""
    rows, others, count = new_rows(), list[str](), 0
    for batch in batched(objects, BATCH):
        matches = [(found, pattern.match(found.key)) for found in batch]
        files = [
            (found.key, found.size, found.etag, values)
            for found, values in matches
            if values is not None and (strays is None or strays.is_data(found))
        ]
        if len(files) < len(matches):
            unmatched = [found for found, values in matches if values is None]
            left_over = [each.key for each in unmatched if strays is None or strays.is_left_over(each)]
            others += left_over[: SAMPLE - len(others)]
            count += len(left_over)
        if files:
            with lock:
                rows.extend(table.add(*zip(*files, strict=True)))
    return rows, others, count


def _where_to_look(storage: Storage, pattern: Pattern, only: Mapping[str, frozenset[str]]) -> list[Span]:
    """The folder of the pattern's literal prefix, or what lies below it of each value that matters, however deep.

    On S3 that is a part of a folder if a value is followed by more than a slash, as in ``{plate}__*/``. A local folder
    is read as a whole, whatever is looked for in it.
    """
    named = [name for name in pattern.wildcards if only.get(name) and not type_of(pattern.types[name]).spells]
    filled = (_filled(pattern, dict(zip(named, values, strict=False))) for values in _combinations(only, named))
    folders = folders_of(storage)
    prefixes = _outermost(
        prefix for each in filled if each is not None for prefix in prefixes_of(pattern, each, folders)
    )
    if storage.local is not None or not named or len(prefixes) > THREADS:
        return [Span(folder) for folder in _outermost(map(_folder, prefixes))]
    return [_beginning_with(prefix) for prefix in prefixes]


def folders_of(storage: Storage) -> Callable[[str], tuple[str, ...]]:
    """What looks up the folders in a folder, once each."""
    return cache(lambda folder: storage.folders(folder)[0])


def _beginning_with(prefix: str) -> Span:
    """The keys that begin with a text, which need not end at a slash, and few others."""
    folder, name = prefix[: prefix.rfind("/") + 1], prefix[prefix.rfind("/") + 1 :]
    if not name or not name[-1].isascii() or name[:-1] in _NO_NAMES:
        return Span(folder)
    return Span(folder, prefix[:-1], prefix[:-1] + chr(ord(prefix[-1]) + 1))


_NO_NAMES = (".", "..")
"""What no key can have between slashes, so that no LIST can begin after it."""


def _outermost(prefixes: Iterable[str]) -> list[str]:
    """Prefixes without those that lie within others."""
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept


def _combinations(only: Mapping[str, frozenset[str]], named: list[str], limit: int = 256) -> Iterator[tuple[str, ...]]:
    """Combinations of the values of the first wildcards, of as many wildcards as the limit allows."""
    count, usable = 1, list[list[str]]()
    for name in named:
        count *= len(only[name])
        if count > limit:
            break
        usable.append(sorted(only[name]))
    return product(*usable)


def _filled(pattern: Pattern, values: Mapping[str, Any]) -> Pattern | None:
    try:
        return pattern.partial(values)
    except PatternError:
        return None  # such a value no key can have


def _spans(storage: Storage, patterns: Sequence[Pattern], spans: list[Span]) -> list[Span]:
    """What to list at the same time.

    S3 lists 1,000 keys per answer and one answer after the other, so that only several LISTs at once are fast; but a
    LIST for each of 100,000 folders would be slower than one for all. So the folders are found first, as deep as it
    takes to find enough, and then cut into as many spans as there are threads. A local folder is walked faster at once.
    """
    if (
        storage.local is not None
        or any(span.narrow for span in spans)
        or any(t.text.startswith("**") for pattern in patterns for t in pattern.tokens)
    ):
        return spans
    # Keys that match have as many slashes as their pattern, so that no object above this level is one of them.
    depth = min((pattern.text.count("/") for pattern in patterns), default=0)
    while 0 < len(spans) < THREADS and all(span.prefix.count("/") < depth for span in spans):
        below = [(span, sorted(storage.folders(span.prefix)[0])) for span in spans]
        if not any(folders for _, folders in below):
            break
        if sum(len(folders) for _, folders in below) > THREADS:
            return [part for span, folders in below for part in _cut(span, folders, THREADS // len(spans))]
        spans = [Span(folder) for _, folders in below for folder in folders]
    return spans


def _cut(span: Span, folders: list[str], parts: int) -> list[Span]:
    """A span in parts that have about as many folders each."""
    size = -(-len(folders) // parts) or 1
    starts = folders[::size]
    ends = [*starts[1:], None]
    return [Span(span.prefix, start, end) for start, end in zip(starts, ends, strict=False)]
