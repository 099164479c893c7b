"""How large the inputs of planned units are, or will be: of files that are not written yet, the usual size."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import fmean

from platerunner.engine.estimates.fit import Fit
from platerunner.engine.estimates.samples import Group
from platerunner_unit.contract.manifest import UnitTask


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """What a pending unit will write.

    :param each: bytes of a file, if all are alike.
    :param scale: bytes of the unit's inputs to those of the usual unit.
    """

    files: int
    each: float
    scale: float


@dataclass(slots=True)
class Sizes:
    """What is known of the files that pending units will write.

    :param files: key to the unit that writes it; what nobody knows is not there.
    """

    files: dict[str, _Made] = field(default_factory=dict)

    def of(self, task: UnitTask, group: Group | None = None) -> float | None:
        """Bytes of a unit's inputs, each file once; None if those of one are not known.

        The ledger says what units write in all, and not how much of it a table is and how much an image. Of a unit
        that reads but some of it, such as the small table of two, the units before tell more.

        :param group: attempts before of the unit's own step.
        """
        files = {(file.root, file.key): file for each in task.inputs.values() for file in each}
        sizes = [file.size for file in files.values() if file.size is not None]
        made = Counter(self.files[file.key] for file in files.values() if file.size is None and file.key in self.files)
        if len(sizes) + made.total() < len(files):
            return None
        some = sum(unit.each * number for unit, number in made.items() if number < unit.files)
        whole = sum(sizes) + sum(unit.each * number for unit, number in made.items())
        seen = [each.bytes_in for each in group.samples if each.bytes_in] if group and some > whole / 2 else []
        return fmean(seen) * fmean(unit.scale for unit in made.elements()) if seen else whole

    def note(self, task: UnitTask, scale: float, usual: float | None) -> None:
        """Remember how large the outputs of a unit will be.

        :param scale: bytes of its inputs to those of the usual unit.
        :param usual: bytes that a unit writes; None if nobody knows.
        """
        keys = [file.key for files in task.outputs.values() for file in files]
        if usual is not None and keys:
            self.files.update(dict.fromkeys(keys, _Made(len(keys), usual * scale / len(keys), scale)))


def scale_of(size: float | None, found: Fit) -> float:
    """Bytes of a unit's inputs to those of the usual unit; 1 if either is not known."""
    return size / found.usual if size is not None and found.usual else 1.0


def usual_output(group: Group) -> float | None:
    """Bytes that a unit writes; None if nobody knows."""
    written = [each.bytes_out for each in group.samples if each.bytes_out]
    return fmean(written) if written else None
