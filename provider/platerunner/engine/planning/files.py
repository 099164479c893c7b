"""Files by the million: about a hundred bytes each, and an :class:`InputFile` only while somebody looks at it."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, chain, repeat
from operator import add, mul
from typing import Any, overload

from platerunner_unit.contract.manifest import InputFile

NOTHING = object()
"""What a column has for a file without the wildcard."""
_NO_SIZE = -1
Rows = Sequence[int]


class _Texts:
    """Texts one after the other in one buffer."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def extend(self, texts: Iterable[str]) -> None:
        encoded = [text.encode() for text in texts]
        self._bytes += b"".join(encoded)
        self._ends.extend(list(accumulate(map(len, encoded), initial=self._ends[-1]))[1:])

    def __getitem__(self, row: int) -> str:
        return self._bytes[self._ends[row] : self._ends[row + 1]].decode()


class _Codes(dict[Any, int]):
    """Value to its number in a pool, which takes in whatever it does not know."""

    def __init__(self, pool: list[Any]) -> None:
        super().__init__({value: number for number, value in enumerate(pool)})
        self._pool = pool

    def __missing__(self, value: Any) -> int:
        self[value] = len(self._pool)
        self._pool.append(value)
        return self[value]


class _Column:
    """The values of one wildcard, each of them kept once.

    :param rows: files so far, which do not have it.
    """

    def __init__(self, rows: int) -> None:
        self.pool: list[Any] = [NOTHING]
        self.numbers = array("I", bytes(rows * array("I").itemsize))
        self._codes = _Codes(self.pool)

    def extend(self, values: Iterable[Any]) -> None:
        self.numbers.extend(map(self._codes.__getitem__, values))

    def of(self, rows: Rows) -> Iterator[int]:
        return map(self.numbers.__getitem__, rows)

    def renamed(self, names: Mapping[str, str]) -> "_Column":
        """The same column with other names for its values."""
        column = _Column(0)
        called = [NOTHING, *(names.get(str(value), value) for value in self.pool[1:])]
        column.extend(map(called.__getitem__, self.numbers))  # again, since two values may get one name
        return column


class FileTable:
    """Files by columns, to which more may be added.

    :param root: of all of them, as :attr:`InputFile.root` says.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._keys = _Texts()
        self._etags = _Texts()
        self._sizes = array("q")
        self.columns: dict[str, _Column] = {}

    def extend(self, files: Sequence[InputFile]) -> range:
        """Add files, which have a size and an ETag or neither.

        :returns: their rows.
        """
        sizes, etags = [file.size for file in files], [file.etag for file in files]
        return self.add([file.key for file in files], sizes, etags, [file.values for file in files])

    def add(
        self,
        keys: Sequence[str],
        sizes: Iterable[int | None],
        etags: Iterable[str | None],
        values: Sequence[Mapping[str, Any]],
    ) -> range:
        """Add files by their parts, which is quicker; see :meth:`extend`."""
        first = len(self._sizes)
        for name in dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, values)))):
            if name not in self.columns:
                self.columns[name] = _Column(first)
        for name, column in self.columns.items():
            column.extend([each.get(name, NOTHING) for each in values])
        self._keys.extend(keys)
        self._etags.extend([etag or "" for etag in etags])
        self._sizes.extend([_NO_SIZE if size is None else size for size in sizes])
        return range(first, len(self._sizes))

    def file(self, row: int) -> InputFile:
        """One file."""
        size = self._sizes[row]
        known = size != _NO_SIZE
        values = self.values(row)
        return InputFile(
            self._keys[row], self.root, size if known else None, self._etags[row] if known else None, values
        )

    def values(self, row: int) -> dict[str, Any]:
        """The wildcards of one file."""
        found = {name: column.pool[column.numbers[row]] for name, column in self.columns.items()}
        if NOTHING not in found.values():
            return found
        return {name: value for name, value in found.items() if value is not NOTHING}

    def renamed(self, names: Mapping[str, Mapping[str, str]]) -> "FileTable":
        """The same files, whose values go by other names.

        :param names: wildcard to value to the name that replaces it.
        """
        table = FileTable(self.root)
        table._keys, table._etags, table._sizes = self._keys, self._etags, self._sizes
        table.columns = {
            name: column.renamed(names[name]) if name in names else column for name, column in self.columns.items()
        }
        return table


class Files(Sequence[InputFile]):
    """Some files of a table, in a fixed order.

    :param table: holds them, and perhaps others.
    :param rows: which ones.
    """

    def __init__(self, table: FileTable, rows: Rows) -> None:
        self.table = table
        self.rows = rows

    @classmethod
    def of(cls, files: Iterable[InputFile], root: str = "workspace") -> "Files":
        """Files that somebody has already."""
        table = FileTable(root)
        return cls(table, table.extend(list(files)))

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> InputFile: ...
    @overload
    def __getitem__(self, index: slice) -> "Files": ...
    def __getitem__(self, index: int | slice) -> "InputFile | Files":
        if isinstance(index, slice):
            return Files(self.table, self.rows[index])
        return self.table.file(self.rows[index])

    def __iter__(self) -> Iterator[InputFile]:
        return map(self.table.file, self.rows)

    def values(self) -> Iterator[dict[str, Any]]:
        """The wildcards of each file."""
        return map(self.table.values, self.rows)

    def distinct(self, name: str) -> set[Any]:
        """The values that a wildcard has anywhere."""
        column = self.table.columns.get(name)
        if column is None:
            return set()
        return {column.pool[number] for number in set(column.of(self.rows))} - {NOTHING}

    def texts(self, names: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
        """The values of some wildcards of each file, as text; None for one that it does not have."""
        if not names:
            return repeat((), len(self))
        return zip(*map(self._texts, names), strict=True)

    def codes(self) -> Iterator[int]:
        """A number for each file: the same for two of them if they agree in all their values, and only then."""
        codes: Iterator[int] = repeat(0, len(self))
        for column in self.table.columns.values():
            codes = map(add, map(mul, codes, repeat(len(column.pool))), column.of(self.rows))
        return codes

    def where(self, keep: Callable[[Mapping[str, Any]], bool]) -> "Files":
        """Those whose wildcards pass a test."""
        kept = (row for row, values in zip(self.rows, self.values(), strict=True) if keep(values))
        return Files(self.table, array("I", kept))

    def plus(self, files: Sequence[InputFile]) -> "Files":
        """These and others of the same root."""
        return Files(self.table, array("I", [*self.rows, *self.table.extend(files)])) if files else self

    def renamed(self, names: Mapping[str, Mapping[str, str]]) -> "Files":
        """The same files, whose values go by other names; see :meth:`FileTable.renamed`."""
        return Files(self.table.renamed(names), self.rows)

    def _texts(self, name: str) -> Iterator[str | None]:
        column = self.table.columns.get(name)
        if column is None:
            return repeat(None, len(self))
        texts = [None if value is NOTHING else str(value) for value in column.pool]
        return map(texts.__getitem__, column.of(self.rows))


new_rows: Callable[[], "array[int]"] = partial(array, "I")
"""An empty list of rows, to be filled."""
