"""The image sets that a pipeline's own rules made of a unit's files, as CellProfiler wrote them down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional
from urllib.parse import quote

from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.words import and_more

Staged = Mapping[Path, InputFile]
_NAMED = 5


@dataclass(frozen=True)
class ImageSet:
    """One image set.

    :param files: image or object name to the file that it is read from.
    :param metadata: what the pipeline's rules found out about it.
    """

    number: int
    files: Mapping[str, str]
    metadata: Mapping[str, str]

    @property
    def label(self) -> str:
        """Its name for people, e.g. ``Plate P1, Well A02``; the files where there is no metadata."""
        known = [f"{key} {value}" for key, value in self.metadata.items() if key not in _OF_CELLPROFILER]
        return ", ".join(known or sorted({Path(file).name for file in self.files.values()}))


# Keys that every image has: where it stands in its file, and where the file is.
_OF_CELLPROFILER = {"FileLocation", "Frame", "Series", "C", "T", "Z"}


def file_list(files: Staged) -> str:
    """What ``--file-list`` reads: CellProfiler strips its lines, so that names with blanks need the form of URLs."""
    return "".join(f"file:{quote(str(path))}\n" for path in sorted(files))


def read(path: Path) -> Optional[tuple[ImageSet, ...]]:
    """What CellProfiler wrote down; None if it did not come that far.

    :param path: of the module ``ListImageSets``.
    """
    try:
        raw: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return tuple(ImageSet(each["number"], each["files"], each["metadata"]) for each in raw)


def unmatched(files: Staged) -> str:
    """What to say if not one image set was made.

    :param files: what CellProfiler was given.
    """
    count = f"{len(files)} file{'' if len(files) == 1 else 's'} that it was given"
    keys = _listed([files[path].key for path in sorted(files)])
    return f"The pipeline's own rules made no image set of the {count}: {keys}."


def remarks(sets: tuple[ImageSet, ...], files: Staged) -> Iterator[str]:
    """What somebody should know who expected the spec to decide, as sentences.

    :param sets: all of the run.
    :param files: what CellProfiler was given.
    """
    if not sets:
        return
    made = f"{len(sets)} image set{'' if len(sets) == 1 else 's'} of {len(files)} files"
    yield f"The pipeline's own Images, Metadata, NamesAndTypes and Groups made {made}; the spec had no say in it."
    used = {file for each in sets for file in each.files.values()}
    unused = [path for path in sorted(files) if str(path) not in used]
    if unused:
        yield f"In no image set: {_listed([files[path].key for path in unused])}."
    channels = _channels(sets, files)
    odd = [(each.number, mixed) for each in sets if (mixed := _mixed(each, files, channels))]
    if odd:
        names = "; ".join(f"{number} ({mixed})" for number, mixed in odd[:_NAMED])
        more = f"; and {len(odd) - _NAMED} more" if len(odd) > _NAMED else ""
        yield f"Image sets of files that do not belong together by the spec: {names}{more}."


def _listed(keys: list[str]) -> str:
    more = and_more(len(keys) - _NAMED)
    return ", ".join(keys[:_NAMED]) + more


def _channels(sets: tuple[ImageSet, ...], files: Staged) -> frozenset[str]:
    """Wildcards that have one value for each image name, as a channel has: files of one set differ in these rightly."""
    seen: dict[str, dict[str, set[str]]] = {}
    for each in sets:
        for name, file in each.files.items():
            for wildcard, value in _values(file, files).items():
                seen.setdefault(wildcard, {}).setdefault(name, set()).add(value)
    return frozenset(w for w, names in seen.items() if all(len(values) == 1 for values in names.values()))


def _mixed(one: ImageSet, files: Staged, channels: frozenset[str]) -> str:
    """The wildcards in which files of a set differ, e.g. ``site 1 and 2``; empty if they do not."""
    found: dict[str, set[str]] = {}
    for file in one.files.values():
        for wildcard, value in _values(file, files).items():
            found.setdefault(wildcard, set()).add(value)
    differ = {wildcard: values for wildcard, values in found.items() if len(values) > 1 and wildcard not in channels}
    return ", ".join(f"{wildcard} {' and '.join(sorted(values)[:3])}" for wildcard, values in sorted(differ.items()))


def _values(file: str, files: Staged) -> dict[str, str]:
    staged = files.get(Path(file))
    return {wildcard: str(value) for wildcard, value in staged.values.items()} if staged else {}
