"""Names that the values of a wildcard go by, such as dyes for the channels of a microscope."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from platerunner.engine.planning.available import Available
from platerunner.spec.dataset import Exclusion, Wanted
from platerunner_unit.contract.manifest import InputFile


class Names:
    """The ``rename`` of a file set, in both directions.

    :param rename: wildcard to value in the file's name to the name that it goes by.
    """

    def __init__(self, rename: Mapping[str, Mapping[str, str]]) -> None:
        self._given = rename
        self._in_keys = {
            wildcard: {called: value for value, called in names.items()} for wildcard, names in rename.items()
        }

    def in_keys(self, where: Mapping[str, Any]) -> dict[str, Any]:
        """Filters by names as filters by the values in keys."""
        return {wildcard: self._values(wildcard, asked) for wildcard, asked in where.items()}

    def excluded_keys(self, exclusion: Exclusion) -> Exclusion:
        """An exclusion by names as one by the values in keys."""
        return replace(exclusion, where=self.in_keys(exclusion.where))

    def wanted_keys(self, wanted: Mapping[str, Wanted]) -> dict[str, Wanted]:
        """What must be there, by names, as by the values in keys."""
        return {name: replace(each, values=tuple(self._values(name, each.values))) for name, each in wanted.items()}

    def given(self, found: Available) -> Available:
        """The files under the names that they go by."""
        if not self._given:
            return found
        return replace(
            found,
            files=found.files.renamed(self._given),
            absent=tuple(map(self._file, found.absent)),
            excluded=tuple(replace(each, values=self._named(each.values)) for each in found.excluded),
            renamed=tuple(sorted({*found.renamed, *self._given})),
        )

    def _values(self, wildcard: str, asked: Any) -> Any:
        known = self._in_keys.get(wildcard, {})
        if isinstance(asked, (list, tuple, set, frozenset)):
            return [known.get(str(value), value) for value in asked]
        return known.get(str(asked), asked)

    def _file(self, file: InputFile) -> InputFile:
        return replace(file, values=self._named(file.values))

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        names = ((wildcard, names.get(str(values[wildcard]))) for wildcard, names in self._given.items())
        return {**values, **{wildcard: called for wildcard, called in names if called is not None}}
