"""Which units of a step, and which of their files, a run stands by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from platerunner.engine.records.codec import Kind, decode, encode
from platerunner_unit.contract.manifest import UnitTask

DONE = Kind("a record of the units that a run stands by", remedy="delete it, and clear the step's task")
Shape = Mapping[str, frozenset[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Current:
    """What a step recorded at its end.

    A unit that is run again with less, because a site is excluded now, leaves its old file of that site behind. So
    not only units are recorded, but also the values that the files of each unit have. Most units of a step have the
    same, so that these shapes are few.

    :param foreach: the wildcards that make a unit.
    :param names: output name to the wildcards in its pattern that are not in ``foreach``.
    :param shapes: for each shape, output name to the combinations of values of these wildcards, as text.
    :param units: unit id to the index of its shape.
    :param awaited: output name to (key, values) of the files of units that wait: what gathers them has to wait too,
        instead of passing with less.
    """

    foreach: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    shapes: tuple[Shape, ...]
    units: Mapping[str, int]
    awaited: Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, foreach: Iterable[str], tasks: Iterable[UnitTask], waiting: Iterable[UnitTask] = ()) -> "Current":
        """The record of some units.

        :param tasks: of the units that are done.
        :param waiting: of those that cannot run yet.
        """
        foreach = tuple(foreach)
        names: dict[str, tuple[str, ...]] = {}
        shapes: dict[tuple[tuple[str, frozenset[tuple[str, ...]]], ...], int] = {}
        units = {}
        for task in tasks:
            shape = []
            for output, files in task.outputs.items():
                rest = names.setdefault(output, tuple(sorted(set(files[0].values) - set(foreach)))) if files else ()
                shape.append((output, frozenset(_values(file.values, rest) for file in files)))
            units[task.unit] = shapes.setdefault(tuple(shape), len(shapes))
        return cls(foreach, names, tuple(dict(shape) for shape in shapes), units, _awaited(waiting))

    @classmethod
    def together(cls, foreach: Iterable[str], parts: Iterable["Current"]) -> "Current":
        """What several branches of a step recorded, as one."""
        names: dict[str, tuple[str, ...]] = {}
        shapes: list[Shape] = []
        units: dict[str, int] = {}
        awaited: dict[str, tuple[tuple[str, Mapping[str, Any]], ...]] = {}
        for part in parts:
            names |= part.names
            units |= {unit: index + len(shapes) for unit, index in part.units.items()}
            shapes += part.shapes
            awaited |= {output: (*awaited.get(output, ()), *rows) for output, rows in part.awaited.items()}
        return cls(tuple(foreach), names, tuple(shapes), units, awaited)

    def allows(self, unit: str, output: str, values: Mapping[str, Any]) -> bool:
        """Whether a file is one that the run stands by.

        :param unit: id of the unit that its values belong to.
        :param output: name of the output.
        :param values: the file's wildcards.
        """
        index = self.units.get(unit)
        if index is None:
            return False
        combinations = self.shapes[index].get(output)
        # An output with an open number of files has no shape unless its unit ran before: any file of the unit counts.
        return combinations is None or _values(values, self.names.get(output, ())) in combinations

    def to_json(self) -> bytes:
        """The stored form."""
        shapes = [{name: sorted(rows) for name, rows in shape.items()} for shape in self.shapes]
        raw = {"foreach": self.foreach, "names": self.names, "shapes": shapes, "units": self.units}
        return encode(DONE, {**raw, "awaited": self.awaited})

    @classmethod
    def from_json(cls, data: bytes, place: str = "done.json") -> "Current":
        """Read the stored form.

        :param place: where it is, for the message.
        :raises platerunner.engine.records.codec.RecordError: if it cannot be read.
        """
        _, raw = decode(DONE, data, place)
        shapes = tuple(
            {name: frozenset(tuple(row) for row in rows) for name, rows in shape.items()} for shape in raw["shapes"]
        )
        names = {name: tuple(wildcards) for name, wildcards in raw["names"].items()}
        awaited = {name: tuple((key, values) for key, values in rows) for name, rows in raw["awaited"].items()}
        return cls(tuple(raw["foreach"]), names, shapes, raw["units"], awaited)


def _awaited(waiting: Iterable[UnitTask]) -> dict[str, tuple[tuple[str, Mapping[str, Any]], ...]]:
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for task in waiting:
        for output, files in task.outputs.items():
            found.setdefault(output, []).extend((file.key, file.values) for file in files)
        for output, files_to_come in task.open_outputs.items():
            found.setdefault(output, []).append((files_to_come.pattern, task.values))
    return {output: tuple(rows) for output, rows in found.items()}


def _values(values: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([str(values[name]) for name in names])
