"""The rows of a table that lists files, each checked, and what is wrong with them by their lines."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from platerunner.engine.planning.errors import PlanningError
from platerunner.spec.dataset import Table
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.words import and_more

SHOWN = 5
"""Problems of a table that are listed; the others are counted."""
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


class Row(NamedTuple):
    """What a table says of a file.

    :param values: of the wildcards, in their order.
    :param line: of the table.
    :param whole: hash of all cells.
    """

    values: tuple[str, ...]
    line: int
    whole: int


@dataclass(frozen=True, slots=True)
class Image:
    """Where a row has the name of a file.

    :param name: column of the name.
    :param folder: column of the folder; None if the name has it.
    :param values: the values that the column's own name has.
    """

    name: int
    folder: int | None
    values: tuple[str, ...]


class _Values(dict[str, str]):
    """Cell to the value that it stands for, each of them kept once: a million rows have few different ones."""

    def __init__(self) -> None:
        super().__init__()
        self.unusable = {""}

    def __missing__(self, cell: str) -> str:
        text = self[cell] = sys.intern(cell.strip())
        if "/" in text or text in (".", ".."):
            self.unusable.add(text)
        return text


class _Keys:
    """Names in a table as keys under the root.

    :param prefix: what names begin with to what they begin with under the root.
    :param storage: the data root.
    """

    def __init__(self, prefix: Mapping[str, str], storage: Storage) -> None:
        self._prefix = sorted(prefix.items(), key=lambda pair: -len(pair[0]))
        self._roots = tuple(f"{root}/" for root in (storage.url, str(storage.local or storage.url)))
        self._folders: dict[str, str | None] = {}

    def of(self, text: str) -> str | None:
        """The key of a name; None if it lies elsewhere."""
        folder, slash, name = text.rpartition("/")
        if "\\" in name or not slash or any(len(old) > len(folder) + 1 for old, _ in self._prefix):
            return self._resolved(text)
        if folder not in self._folders:
            resolved = self._resolved(f"{folder}/x")
            self._folders[folder] = None if resolved is None else resolved[:-1]
        found = self._folders[folder]
        return None if found is None or name in ("", ".", "..") else found + name

    def _resolved(self, text: str) -> str | None:
        old, new = next((pair for pair in self._prefix if text.startswith(pair[0])), ("", ""))
        text = new + text[len(old) :]
        text = text.removeprefix("file://").removeprefix("file:")
        if _WINDOWS.match(text) or ("\\" in text and (old or "/" not in text)):
            text = text.replace("\\", "/")
        text = next((text[len(root) :] for root in self._roots if text.startswith(root)), text)
        if (
            "://" in text
            or text.startswith("/")
            or _WINDOWS.match(text)
            or {"", ".", ".."}.intersection(text.split("/"))
        ):
            return None
        return text


class Rows:
    """Takes the rows of a table, one after the other."""

    def __init__(
        self,
        table: Table,
        header: Sequence[str],
        images: Sequence[Image],
        columns: Mapping[str, int],
        storage: Storage,
    ) -> None:
        self.files: dict[str, Row] = {}
        self._problems: list[str] = []
        self._count = 0
        self._header, self._images, self._url = header, images, storage.url
        self._named = [columns[name] for name in table.columns.values()]
        self._chosen = [(columns[name], str(value)) for name, value in table.rows.items()]
        self._keys, self._values = _Keys(table.prefix, storage), _Values()
        self._by_values: dict[tuple[str, ...], str] = {}
        self._repeats: set[int] = set()

    def take(self, line: int, cells: Sequence[str]) -> None:
        """Take a row, or note what is wrong with it."""
        if len(cells) != len(self._header):
            self._note(f"line {line} has {len(cells)} cells, the header {len(self._header)}")
        elif all(cells[index].strip() == value for index, value in self._chosen):
            values = tuple([self._values[cells[index]] for index in self._named])
            problem = None if self._values.unusable.isdisjoint(values) else self._unusable(cells)
            for image in () if problem else self._images:
                problem = problem or self._take_file(line, cells, image, (*values, *image.values))
            if problem:
                self._note(f"line {line}{problem}")

    def refuse(self, what: str) -> None:
        """Refuse a table with unusable rows.

        :raises PlanningError: if there are such; it names their lines.
        """
        if self._problems:
            told = "; ".join(self._problems)
            raise PlanningError(f"{what}: {told}{and_more(self._count - len(self._problems))}. Fix the table.")

    def _unusable(self, cells: Sequence[str]) -> str:
        index = next(each for each in self._named if self._values[cells[each]] in self._values.unusable)
        text = self._values[cells[index]]
        return (
            f": `{text}` is not usable as a name (no `/`, not `..`)" if text else f": `{self._header[index]}` is empty"
        )

    def _take_file(self, line: int, cells: Sequence[str], image: Image, values: tuple[str, ...]) -> str | None:
        """Take a file of a row; what is wrong with it, as the end of a sentence."""
        name, folder = cells[image.name].strip(), "" if image.folder is None else cells[image.folder].strip()
        if not name or (image.folder is not None and not folder):
            return f": `{self._header[image.name if not name else image.folder or 0]}` is empty"
        text = f"{folder.rstrip('/')}/{name}" if folder else name
        key = self._keys.of(text)
        if key is None:
            return (
                f": `{text}` does not lie under the root {self._url}; say in `prefix` what its beginning is there, "
                'like `prefix: {"/old/folder/": "folder/"}`'
            )
        whole = hash(tuple(cells))
        known = self.files.get(key)
        if known is None:
            other = self._by_values.setdefault(values, key)
            if other != key:
                return f": `{key}` has the same values as `{other}` of line {self.files[other].line}{self._apart()}"
            self.files[key] = Row(values, line, whole)
            return None
        if known.values != values:
            return f": `{key}` is in line {known.line}, too, with other values"
        if whole == known.whole or whole in self._repeats:
            return f" says what another line says (`{key}` is in line {known.line}, too)"
        self._repeats.add(whole)
        return None

    def _apart(self) -> str:
        unused = [name for index, name in enumerate(self._header) if index not in self._named]
        return f" (columns that may tell them apart: {', '.join(unused[:SHOWN])})" if unused else ""

    def _note(self, problem: str) -> None:
        self._count += 1
        if len(self._problems) < SHOWN:
            self._problems.append(problem)
