"""The rows of a table that lists files, each checked, and what is wrong with them by their lines."""

import re
import sys
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from posixpath import commonprefix

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.where import Only
from platerunner.spec.dataset import Table
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.words import and_more

SHOWN = 5
"""Problems of a table that are listed; the others are counted."""
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


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
        self._longest = max(map(len, prefix), default=0)
        self._roots = tuple(f"{root}/" for root in (storage.url, str(storage.local or storage.url)))
        self._folders: dict[str, str | None] = {}

    def of(self, text: str) -> str | None:
        """The key of a name; None if it lies elsewhere."""
        folder, slash, name = text.rpartition("/")
        if "\\" in name or not slash or self._longest > len(folder) + 1:
            return self._resolved(text)
        if folder not in self._folders:
            resolved = self._resolved(f"{folder}/x")
            self._folders[folder] = None if resolved is None else resolved[:-1]
        found = self._folders[folder]
        return None if found is None or name in ("", ".", "..") else found + name

    def _resolved(self, text: str) -> str | None:
        text = self.without_prefix(text)
        return None if _lies_elsewhere(text) or {"", ".", ".."}.intersection(text.split("/")) else text

    def without_prefix(self, text: str) -> str:
        """A name as it is under the root, if it lies there."""
        old, new = next((pair for pair in self._prefix if text.startswith(pair[0])), ("", ""))
        rest = text[len(old) :]
        # `/old: ""` and `/old/: ""` mean the same.
        text = new + (rest.lstrip("/\\") if old and (not new or new.endswith("/")) else rest)
        text = text.removeprefix("file://").removeprefix("file:")
        if _WINDOWS.match(text) or ("\\" in text and (old or "/" not in text)):
            text = text.replace("\\", "/")
        text = next((text[len(root) :] for root in self._roots if text.startswith(root)), text)
        return text.removeprefix("./")


def _lies_elsewhere(text: str) -> bool:
    return "://" in text or text.startswith("/") or _WINDOWS.match(text) is not None


def in_single_quotes(text: str) -> str:
    """A text as YAML takes it as it is, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"


class Rows:
    """Takes the rows of a table, one after the other.

    :param only: rows of other values are passed over: a branch of a hundred needs none of the others'.
    :ivar files: key of each file to its number.
    :ivar values: of the wildcards in their order, by the number of the file.
    :ivar lines: of the table, by the number of the file.
    """

    def __init__(
        self,
        table: Table,
        header: Sequence[str],
        images: Sequence[Image],
        columns: Mapping[str, int],
        storage: Storage,
        only: Only,
    ) -> None:
        self.files: dict[str, int] = {}
        self.values: list[tuple[str, ...]] = []
        self.lines = array("L")
        self._problems: list[str] = []
        self._count = 0
        self._header, self._images, self._url = header, images, storage.url
        self._named = [columns[name] for name in table.columns.values()]
        asked = [(columns[name], only[wildcard]) for wildcard, name in table.columns.items() if wildcard in only]
        self._chosen = [*((columns[name], frozenset({str(value)})) for name, value in table.rows.items()), *asked]
        self._keys, self._values = _Keys(table.prefix, storage), _Values()
        self._different: set[tuple[str, ...]] = set()
        self._wholes = array("q")  # hash of all cells, by the number of the file
        self._repeats: set[int] = set()
        self._is_index = bool(table.record)
        self._elsewhere: str | None = None  # what all names begin with that lie elsewhere

    def take(self, line: int, cells: Sequence[str]) -> None:
        """Take a row, or note what is wrong with it."""
        if len(cells) != len(self._header):
            self._note(f"line {line} has {len(cells)} cells, the header {len(self._header)}")
        elif not self._chosen or all(cells[index].strip() in values for index, values in self._chosen):
            known, whole = self._values, hash(tuple(cells))
            values = tuple([known[cells[index]] for index in self._named])
            problem = None if known.unusable.isdisjoint(values) else self._unusable(cells)
            for image in () if problem else self._images:
                own = (*values, *image.values) if image.values else values
                problem = problem or self._take_file(line, cells, image, own, whole)
            if problem:
                self._note(f"line {line}{problem}")

    def refuse(self, what: str) -> None:
        """Refuse a table with unusable rows.

        :raises PlanningError: if there are such; it names their lines.
        """
        if self._problems:
            told = "; ".join(self._problems)
            remedy = "Fix the table." if self._elsewhere is None else self._prefixed()
            remedy = "Export the measurement again, or leave out `index: true`." if self._is_index else remedy
            raise PlanningError(f"{what}: {told}{and_more(self._count - len(self._problems))}. {remedy}")

    def _unusable(self, cells: Sequence[str]) -> str:
        index = next(each for each in self._named if self._values[cells[each]] in self._values.unusable)
        text = self._values[cells[index]]
        return (
            f": `{text}` is not usable as a name (no `/`, not `..`)" if text else f": `{self._header[index]}` is empty"
        )

    def _take_file(
        self, line: int, cells: Sequence[str], image: Image, values: tuple[str, ...], whole: int
    ) -> str | None:
        """Take a file of a row; what is wrong with it, as the end of a sentence."""
        name, folder = cells[image.name].strip(), "" if image.folder is None else cells[image.folder].strip()
        if not name or (image.folder is not None and not folder):
            return f": `{self._header[image.name if not name else image.folder or 0]}` is empty"
        text = f"{folder.rstrip('/')}/{name}" if folder else name
        key = self._keys.of(text)
        if key is None:
            return self._nowhere(text)
        known = self.files.get(key)
        if known is not None:
            return self._again(key, known, values, whole)
        if values in self._different:
            return self._alike(key, values)
        self._different.add(values)
        self.files[key] = len(self.values)
        self.values.append(values)
        self.lines.append(line)
        self._wholes.append(whole)
        return None

    def _nowhere(self, text: str) -> str:
        """What is wrong with a name that is no key."""
        if not _lies_elsewhere(self._keys.without_prefix(text)):
            return f": `{text}` has an empty folder, `.` or `..` in it"
        self._elsewhere = text if self._elsewhere is None else commonprefix([self._elsewhere, text])
        return f": `{text}` does not lie under the root {self._url}"

    def _prefixed(self) -> str:
        """How to say where names lie that begin elsewhere."""
        common = self._elsewhere or ""
        folder = common[: max(common.rfind("/"), common.rfind("\\")) + 1] or "/old/folder/"
        return (
            f"If `{folder}` is the root, write `prefix: {{{in_single_quotes(folder)}: ''}}`; if it is a folder there, "
            "its path in place of `''`. Or give another root."
        )

    def _again(self, key: str, known: int, values: tuple[str, ...], whole: int) -> str | None:
        """What is wrong with a file that another row has, too: of an image set it may be one of several."""
        if self.values[known] != values:
            return f": `{key}` is in line {self.lines[known]}, too, with other values"
        if whole == self._wholes[known] or whole in self._repeats:
            return f" says what another line says (`{key}` is in line {self.lines[known]}, too)"
        self._repeats.add(whole)
        return None

    def _alike(self, key: str, values: tuple[str, ...]) -> str:
        if len(self._problems) == SHOWN:
            return ": the same values"  # it is only counted, and to look for the other takes long
        other = self.values.index(values)
        name = next(islice(self.files, other, None))
        return f": `{key}` has the same values as `{name}` of line {self.lines[other]}{self._apart()}"

    def _apart(self) -> str:
        used = {*self._named, *(place for each in self._images for place in (each.name, each.folder))}
        unused = [name for index, name in enumerate(self._header) if name and index not in used]
        return f" (columns that may tell them apart: {', '.join(unused[:SHOWN])})" if unused else ""

    def _note(self, problem: str) -> None:
        self._count += 1
        if len(self._problems) < SHOWN:
            self._problems.append(problem)
