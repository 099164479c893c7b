"""A table's files once it is read: their values, those that are asked for, those that nobody has."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice
from types import MappingProxyType
from typing import Any, NamedTuple

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.raw_files.table_rows import SHOWN, Rows, in_single_quotes
from platerunner.engine.planning.where import Only, is_asked_for
from platerunner.spec.dataset import FileSet, Table
from platerunner.spec.derived import bare_of
from platerunner.spec.file_patterns import TablePattern
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern, PatternError, Value
from platerunner_unit.contract.words import and_more

_NONE: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
MANY = 1000
"""Folders up to which each has a LIST of its own."""
_SIBLINGS, _FEW = 4, 250  # a LIST brings 1,000 files at once
_TRIED = 1000
"""Files of a table whose names are looked for elsewhere when none is there."""


class LoadedTable(TablePattern):
    """A table's files by their keys.

    :param table: as the spec says it.
    :param rows: of the table, all of them taken.
    :param unlisted: folders with images that no index of a microscope lists, each with its wildcards.
    """

    def __init__(self, table: Table, rows: Rows, unlisted: Mapping[str, Mapping[str, Any]] = _NONE) -> None:
        super().__init__(table.name, table.path, table.columns)
        self._numbers, self._values, self._lines = rows.files, rows.values, rows.lines
        self._has_prefix = bool(table.prefix)
        self._unlisted = unlisted

    def match(self, key: str) -> dict[str, Value] | None:
        """The values of a file that the table names."""
        number = self._numbers.get(key)
        return None if number is None else dict(zip(self.wildcards, self._values[number], strict=True))

    def __len__(self) -> int:
        return len(self._numbers)

    def shared(self, other: "LoadedTable") -> list[str]:
        """The files that another table names, too."""
        return [key for key in self._numbers if other.has(key)]

    def has(self, key: str) -> bool:
        """Whether it names a file."""
        return key in self._numbers

    def none_there(self, root: str, others: Iterable[str]) -> str:
        """Says that no file is there, as a sentence.

        :param others: keys of some that are there.
        """
        key = next(iter(self._numbers))
        said = f"none of the {len(self):,} files that {self.name} names is under {root}, such as `{key}`"
        said = f"{said} (line {self._lines[0]})"
        old, new, there = self._namesake(others)
        if not there:
            return f"{said}; say in `prefix` what names begin with there, or give another root"
        if self._has_prefix:
            return f"{said}; `{there}` is there: change `prefix`"
        return f"{said}; `{there}` is there: write `prefix: {{{in_single_quotes(old)}: {in_single_quotes(new)}}}`"

    def _namesake(self, others: Iterable[str]) -> tuple[str, str, str]:
        """Of a file that is there under another folder: what the table's begins with, what it does, and its key."""
        named: dict[str, list[str]] = {}
        for key in islice(self._numbers, _TRIED):
            named.setdefault(key.rpartition("/")[2], []).append(key)
        pairs = (
            (*_differing(key, there), there) for there in others for key in named.get(there.rpartition("/")[2], ())
        )
        return min(pairs, key=lambda pair: len(pair[0]), default=("", "", ""))

    def distinct(self, name: str) -> set[str]:
        """The values that a wildcard has in any row; none if it is no column."""
        places = [place for place, wildcard in enumerate(self.wildcards) if wildcard == name]
        return {told[place] for place in places for told in self._values}

    def unlisted_note(self, ref: str, only: Only) -> Iterator[str]:
        """Says which folders of images have no index.

        :param ref: of the file set, for people.
        """
        folders = [folder for folder, values in self._unlisted.items() if is_asked_for(values, only)]
        if folders:
            shown = ", ".join(f"`{folder}`" for folder in folders[:SHOWN]) + and_more(len(folders) - SHOWN)
            index = self.name.rpartition("/")[2]
            remedy = "Export the measurement again, or leave out `index: true`"
            yield f"{ref}: images without an index `{index}` beside them are left out: {shown}. {remedy}."

    def folders(self, only: Only) -> set[str]:
        """The folders of the files that are asked for, or those above where there are very many with few files each."""
        keys = (key for key, _, _ in self.asked_for(only)) if only else self._numbers
        files = Counter(key[: key.rfind("/") + 1] for key in keys)
        while len(files) > MANY and len(above := _above(files)) < len(files):
            files = above
        return set(files)

    def asked_for(self, only: Only) -> Iterator[tuple[str, dict[str, Any], int]]:
        """Key, values and line of the files that are asked for."""
        for key, told, line in zip(self._numbers, self._values, self._lines, strict=True):
            values = dict(zip(self.wildcards, told, strict=True))
            if is_asked_for(values, only):
                yield key, values, line

    def check_made(self, ref: str, pattern: Pattern) -> None:
        """Refuse rows of which a derived wildcard cannot be made.

        :param ref: of the file set, for people.
        :param pattern: with what is derived of this table's wildcards.
        :raises PlanningError: with their lines.
        """
        used = {name for names in pattern.sources.values() for name in names}
        places = [place for place, name in enumerate(self.wildcards) if name in used]
        first: dict[tuple[str, ...], int] = {}
        for number, told in enumerate(self._values):
            first.setdefault(tuple([told[place] for place in places]), number)
        problems = []
        for number in first.values():
            try:
                pattern.completed(dict(zip(self.wildcards, self._values[number], strict=True)))
            except PatternError as error:
                problems.append(f"line {self._lines[number]}: `derive` makes nothing of it: {error.message}")
        if problems:
            shown = "; ".join(problems[:SHOWN]) + and_more(len(problems) - SHOWN)
            raise PlanningError(f"{ref}: {self.name}: {shown}. Fix the table, or change `derive`.")


def _above(files: Mapping[str, int]) -> Counter[str]:
    """Folders with the one above in place of several, where these have so few files that one LIST brings many of them.

    :param files: folder to the number of its files.
    """
    below: dict[str, list[str]] = {}
    for folder in files:
        below.setdefault(folder[: folder.rfind("/", 0, -1) + 1], []).append(folder)
    found: Counter[str] = Counter()
    for parent, folders in below.items():
        count = sum(files[folder] for folder in folders)
        if parent and len(folders) >= _SIBLINGS and count < _FEW * len(folders):
            found[parent] += count
        else:
            found.update({folder: files[folder] for folder in folders})
    return found


def _differing(key: str, there: str) -> tuple[str, str]:
    """What two keys begin with before the folders and the name that they have in common."""
    one, other = key.split("/"), there.split("/")
    while one and other and one[-1] == other[-1]:
        one.pop()
        other.pop()
    return "".join(f"{folder}/" for folder in one), "".join(f"{folder}/" for folder in other)


def overlap_notes(step: str, patterns: Mapping[str, Pattern]) -> list[str]:
    """Says which files two tables of a step both name, so that its units get them twice.

    :param patterns: input name to the pattern of its file set.
    """
    tables = {name: bare for name, each in patterns.items() if isinstance(bare := bare_of(each), LoadedTable)}
    notes = []
    for one, other in combinations(tables, 2):
        files = tables[one].shared(tables[other]) if tables[one].name != tables[other].name else []
        if files:
            names = f"{tables[one].name} and {tables[other].name}"
            said = f"{len(files):,} file{'s are' if len(files) > 1 else ' is'} in both {names}, such as `{files[0]}`"
            notes.append(f"{step}: {said}: units get each as `{one}` and as `{other}`")
    return notes


class Lost(NamedTuple):
    """A file that a table names and nobody has.

    :param line: of the table.
    """

    file: InputFile
    line: int


def lost_rows(pattern: Pattern, there: Files, only: Only) -> list[Lost]:
    """The files that are asked for, named by a table, and not there; none if no table lists them.

    :param pattern: of a file set.
    :param there: what was found of it.
    """
    table = bare_of(pattern)
    if not isinstance(table, LoadedTable) or len(there) == len(table):
        return []
    keys = {file.key for file in there}
    named = ((key, pattern.completed(values), line) for key, values, line in table.asked_for(only) if key not in keys)
    return [
        Lost(InputFile(key, "data", values=dict(values)), line)
        for key, values, line in named
        if is_asked_for(values, only)
    ]


def without_rows(missing: Iterable[InputFile], lost: Iterable[Lost], pattern: Pattern) -> list[InputFile]:
    """The files that should be there, without those that have a row and so a name."""
    named = {tuple([str(row.file.values[name]) for name in pattern.wildcards]) for row in lost}
    return [file for file in missing if tuple([str(file.values[name]) for name in pattern.wildcards]) not in named]


def lost_note(files: FileSet, lost: Sequence[Lost]) -> tuple[str, ...]:
    """Says which files a table names and nobody has; nothing if none is missing."""
    if not lost or files.table is None:
        return ()
    shown = ", ".join(f"`{row.file.key}` (line {row.line})" for row in lost[:3]) + and_more(len(lost) - 3)
    return (f"dataset.{files.name}: {len(lost):,} of the files that {files.table.name} names are not there: {shown}",)
