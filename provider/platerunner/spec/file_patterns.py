"""Patterns of raw files that a name alone does not tell: rows of a table, folders, planes within a file."""

from collections.abc import Iterable, Mapping
from typing import Any

from platerunner.spec.dataset import FileSet
from platerunner.spec.derived import deriving
from platerunner_unit.contract.patterns import Pattern, PatternError, Token, Value
from platerunner_unit.contract.planes import Planes, named


class TablePattern(Pattern):
    """The pattern of a table's files before the table is read: it knows their wildcards, and any key may match.

    :param name: of the table.
    :param path: the column of the files' names, or a pattern of such columns.
    :param columns: wildcard to the column of its values.
    :raises PatternError: if the column cannot be read, or has a wildcard that is a column of its own.
    """

    def __init__(self, name: str, path: str, columns: Mapping[str, str]) -> None:
        self.of_columns = Pattern.parse(path)
        twice = next((wildcard for wildcard in self.of_columns.wildcards if wildcard in columns), None)
        if twice:
            raise PatternError(f"`{{{twice}}}` is in the columns' names and has a column of its own", 1, twice)
        super().__init__((Token("glob", "**", 1),), dict.fromkeys((*columns, *self.of_columns.wildcards), "text"))
        self.name = name
        self._definition = (name, path, dict(columns))

    def match(self, key: str) -> dict[str, Value] | None:
        """Always None: the rows tell the values, not the key."""
        del key
        return None

    def partial(self, values: Mapping[str, Any]) -> Pattern:
        """A name for a file without a row."""
        told = ", ".join(f"{name} {values[name]}" for name in self.wildcards if name in values)
        return Pattern((Token("literal", f"{self.name} (no row of {told})", 1),), {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TablePattern) and self._definition == other._definition

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[object, ...]:
        return TablePattern, self._definition


class FolderPattern(Pattern):
    """A pattern of folders that are one thing each: their keys end with a slash, which its text has not.

    :param bare: of the folders' paths.
    """

    def __init__(self, bare: Pattern) -> None:
        super().__init__(bare.tokens, bare.types)
        self._bare = bare

    def match(self, key: str) -> dict[str, Value] | None:
        """As :meth:`Pattern.match`."""
        return self._bare.match(key[:-1]) if key.endswith("/") else None

    def holds(self, key: str) -> bool:
        """Whether a key is that of a file in such a folder."""
        parts = key.split("/")
        depth = self.text.count("/") + 1
        return len(parts) > depth and self._bare.match("/".join(parts[:depth])) is not None

    def format(self, values: Mapping[str, Any]) -> str:
        """As :meth:`Pattern.format`."""
        return f"{self._bare.format(values)}/"

    def partial(self, values: Mapping[str, Any]) -> Pattern:
        """As :meth:`Pattern.partial`."""
        return FolderPattern(self._bare.partial(values))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FolderPattern) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[object, ...]:
        return FolderPattern, (self._bare,)


class PlanesPattern(Pattern):
    """A pattern of files with several planes: the values that tell these apart are wildcards, and in no name.

    :param bare: of the files.
    :param axes: the wildcards of their planes.
    """

    def __init__(self, bare: Pattern, axes: Iterable[str]) -> None:
        super().__init__(bare.tokens, bare.types)
        self.bare = bare
        self._axes = tuple(axes)
        self.types = {**bare.types, **dict.fromkeys(self._axes, "text")}
        self.wildcards = tuple(self.types)
        self.sources = bare.sources

    def match(self, key: str) -> dict[str, Value] | None:
        """As :meth:`Pattern.match`, without the values of planes."""
        return self.bare.match(key)

    def completed(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        """As :meth:`Pattern.completed`."""
        return self.bare.completed(values)

    def partial(self, values: Mapping[str, Any]) -> Pattern:
        """As :meth:`Pattern.partial`."""
        return self.bare.partial(values)

    def convert(self, name: str, value: Any) -> Value:
        """As :meth:`Pattern.convert`."""
        return str(value) if name in self._axes else self.bare.convert(name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlanesPattern) and (self.bare, self._axes) == (other.bare, other._axes)

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[object, ...]:
        return PlanesPattern, (self.bare, self._axes)


def pattern_of(files: FileSet) -> Pattern:
    """The pattern of a file set, with the wildcards that are made of others; what a table lists is not in it.

    :raises PatternError: if it cannot be read.
    """
    table = files.table
    bare = TablePattern(table.name, table.path, table.columns) if table else Pattern.parse(files.pattern)
    bare = FolderPattern(bare) if files.folder else bare
    return with_planes(deriving(bare, files.derive) if files.derive else bare, files.planes)


def with_planes(pattern: Pattern, planes: Planes) -> Pattern:
    """A pattern with the axes of its files' planes that have names."""
    axes = named(planes)
    return PlanesPattern(pattern, axes) if axes else pattern
