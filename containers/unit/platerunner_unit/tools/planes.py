"""The planes of a unit's input files: checked before the tool starts, and handed to the tool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.manifest import InputFile, UnitTask
from platerunner_unit.contract.planes import Planes
from platerunner_unit.contract.unit_keys import shown_key
from platerunner_unit.instruments import KINDS
from platerunner_unit.tools import stacks
from platerunner_unit.tools.job import Job
from platerunner_unit.tools.stacks import Plane, PlanesError, Stack
from platerunner_unit.tools.tiff import DamagedError

HINT = (
    "Correct `planes` of the file set in the spec, give files of another kind a file set of their own, or exclude "
    "the file with a reason."
)
TIFFS_FIRST = "Let a step `imaging.project` write a TIFF of each of its planes, and give these to CellProfiler."


class UnitPlanes:
    """The planes of all inputs that have several.

    :ivar problems: files that have others than the spec says.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._stacks: dict[tuple[str, str, str], Stack] = {}
        self.problems: tuple[PreflightProblem, ...] = tuple(self._look())

    def uncounted(self) -> Iterator[PreflightProblem]:
        """Files whose planes CellProfiler counts in an order that only their format knows."""
        for name in self._job.step.planes:
            found = [file for file in self._job.unit.inputs.get(name, ()) if Path(file.key).suffix.lower() in KINDS]
            if found:
                sentence = f"CellProfiler counts the planes of {_url(self._job, found[0])} in an order of its own."
                yield PreflightProblem("pipeline_invalid", sentence, TIFFS_FIRST)

    def of(self, name: str, file: InputFile) -> list[Plane]:
        """The planes that a file of an input stands for, in their order; none if it is one picture.

        :param name: of the input.
        """
        return [plane for _, plane in self._of(name, file)]

    def apart(self) -> UnitTask:
        """The unit, with a file for each plane: what is taken whole on an axis gets its number there, from 1."""
        inputs = {name: tuple(self._apart(name, files)) for name, files in self._job.unit.inputs.items()}
        return replace(self._job.unit, inputs=inputs) if self._job.step.planes else self._job.unit

    def plane(self, name: str, file: InputFile) -> Plane | None:
        """The one plane that a file of :meth:`apart` stands for; None if it is one picture."""
        told = self._job.step.planes.get(name)
        if told is None:
            return None
        found = self._of(name, file)
        return next(plane for whole, plane in found if all(file.values.get(axis) == n for axis, n in whole.items()))

    def _apart(self, name: str, files: tuple[InputFile, ...]) -> Iterator[InputFile]:
        for file in files:
            found = self._of(name, file)
            yield from (replace(file, values={**file.values, **whole}) for whole, _ in found) if found else (file,)

    def _of(self, name: str, file: InputFile) -> list[tuple[dict[str, int], Plane]]:
        told = self._job.step.planes.get(name)
        if told is None:
            return []
        values = {axis: str(file.values.get(axis)) for axis in told}
        return list(self._stacks[name, file.root, file.key].planes(told, values))

    def _look(self) -> Iterator[PreflightProblem]:
        for name, told in self._job.step.planes.items():
            for file in self._job.unit.inputs.get(name, ()):
                if (name, file.root, file.key) not in self._stacks:
                    yield from self._look_at(name, file, told)
            yield from self._differing(name, told)

    def _look_at(self, name: str, file: InputFile, told: Planes) -> Iterator[PreflightProblem]:
        key, path = (name, file.root, file.key), self._job.folder.path_of(file)
        self._stacks[key] = Stack(dict.fromkeys(("channel", "z", "t", "series"), 1), "CZT", 1)
        try:
            self._stacks[key] = stacks.read(path).fitted(told)
        except PlanesError as error:
            yield PreflightProblem("pipeline_invalid", f"The input {_url(self._job, file)} {error}.", HINT)
        except (DamagedError, OSError, ValueError):
            return  # said when all inputs are looked at

    def _differing(self, name: str, told: Planes) -> Iterator[PreflightProblem]:
        """Say of two files that have not equally many planes on an axis which is taken whole."""
        found = [(key, stack) for key, stack in self._stacks.items() if key[0] == name]
        for axis in (axis for axis, values in told.items() if values is None):
            for (_, _, key), stack in found[1:]:
                (_, _, first), other = found[0]
                if stack.sizes[axis] != other.sizes[axis]:
                    sizes = f"{stack.sizes[axis]} on {axis}, and {shown_key(first)} has {other.sizes[axis]}"
                    yield PreflightProblem("pipeline_invalid", f"The planes differ: {key} has {sizes}.", HINT)
                    break


def _url(job: Job, file: InputFile) -> str:
    return f"{job.step.roots[file.root].rstrip('/')}/{file.key}"
