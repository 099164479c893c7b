"""Lists a storage and matches a pattern: one LIST per folder that can matter, streamed, a million keys at a time."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice, product, takewhile
from typing import Any

from platerunner_unit.manifest import InputFile
from platerunner_unit.patterns import Pattern, PatternError
from platerunner_unit.storage import Storage, StoredObject

THREADS = 16
SAMPLE = 2000
"""Names that did not match, kept to suggest the nearest ones."""


@dataclass
class Listed:
    """What a LIST brought.

    :param files: objects that match.
    :param others: names of some objects that do not.
    """

    files: list[InputFile] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


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


def list_matching(storage: Storage, root: str, pattern: Pattern, only: Mapping[str, frozenset[str]]) -> Listed:
    """All objects that match a pattern.

    :param storage: to be listed.
    :param root: what :attr:`InputFile.root` says.
    :param pattern: of their keys.
    :param only: wildcard to the values (as text) that matter; folders of other values need not be listed.
    :raises platerunner_unit.storage.NotFoundError: if the bucket does not exist.
    """
    spans = _spans(storage, pattern, _prefixes(pattern, only))
    if len(spans) == 1:
        return _match(spans[0].objects(storage), root, pattern)
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(lambda span: _match(span.objects(storage), root, pattern), spans))
    return Listed(
        files=list(chain.from_iterable(part.files for part in parts)),
        others=list(islice(chain.from_iterable(part.others for part in parts), SAMPLE)),
    )


def list_keys(storage: Storage, patterns: Iterable[Pattern]) -> set[str]:
    """All keys in the folders of some patterns; no folder is listed twice."""
    folders = _outermost(pattern.literal_prefix[: pattern.literal_prefix.rfind("/") + 1] for pattern in patterns)
    return {found.key for folder in folders for found in storage.list(folder)}


def _match(objects: Iterator[StoredObject], root: str, pattern: Pattern) -> Listed:
    listed = Listed()
    shared: dict[Any, Any] = {}  # one string object per value, not one per key
    for found in objects:
        values = pattern.match(found.key)
        if values is None:
            if len(listed.others) < SAMPLE:
                listed.others.append(found.key)
            continue
        for name, value in values.items():
            values[name] = shared.setdefault(value, value)
        listed.files.append(InputFile(found.key, root, found.size, found.etag, values))
    return listed


def _prefixes(pattern: Pattern, only: Mapping[str, frozenset[str]]) -> list[str]:
    """The folders to list: that of the pattern's literal prefix, or one for each value that matters."""
    named = [name for name in pattern.wildcards if only.get(name) and pattern.types[name] in _ONE_SPELLING]
    combinations = _combinations(only, named)
    prefixes = (_prefix(pattern, dict(zip(named, values, strict=False))) for values in combinations)
    return _outermost(prefix[: prefix.rfind("/") + 1] for prefix in prefixes if prefix is not None)


# A value of these types is written in one way only, so that it can be looked for by name.
_ONE_SPELLING = frozenset({"text", "digits", "alpha", "word"})


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


def _prefix(pattern: Pattern, values: Mapping[str, Any]) -> str | None:
    try:
        return pattern.partial(values).literal_prefix
    except PatternError:
        return None  # such a value no key can have


def _spans(storage: Storage, pattern: Pattern, prefixes: list[str]) -> list[Span]:
    """What to list at the same time.

    S3 lists 1,000 keys per answer and one answer after the other, so that only several LISTs at once are fast; but a
    LIST for each of 100,000 folders would be slower than one for all. So the folders are found first, as deep as it
    takes to find enough, and then cut into as many spans as there are threads. A local folder is walked faster at once.
    """
    if storage.local is not None or any(token.text.startswith("**") for token in pattern.tokens):
        return [Span(prefix) for prefix in prefixes]
    spans = [Span(prefix) for prefix in prefixes]
    while 0 < len(spans) < THREADS and spans[0].prefix.count("/") < pattern.text.count("/"):
        # Keys that match have as many slashes as the pattern, so that no object at this level is one of them.
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
