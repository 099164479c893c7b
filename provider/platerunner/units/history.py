"""Whether a unit has to run, from what was done before and what is still there."""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from platerunner.units.expected import ExpectedOutput
from platerunner.units.listing import list_keys
from platerunner.units.model import UnitState
from platerunner.units.outcomes import OutcomeIndex
from platerunner_unit.category import Category
from platerunner_unit.manifest import UnitTask
from platerunner_unit.storage import Storage
from platerunner_unit.unit_ids import unit_id


class History:
    """A step's past: one LIST of its outcomes, and one of its outputs if there ever was a success.

    :param index: outcomes of the step.
    :param workspace: holds its outputs.
    :param foreach: of the step.
    :param outputs: of the step.
    """

    def __init__(
        self, index: OutcomeIndex, workspace: Storage, foreach: tuple[str, ...], outputs: Iterable[ExpectedOutput]
    ) -> None:
        self._index = index
        self._workspace = workspace
        self._foreach = foreach
        self._outputs = tuple(outputs)

    def judge(self, task: UnitTask) -> tuple[UnitState, str]:
        """Done or pending, and why pending, as a clause."""
        categories = self._index.categories(task.unit, task.fingerprint)
        if not categories:
            known = task.unit in self._index.units
            return UnitState.PENDING, "inputs or settings changed" if known else "new"
        if Category.SUCCEEDED not in categories:
            return UnitState.PENDING, f"failed before: {', '.join(sorted(str(each) for each in categories))}"
        gone = self._gone(task)
        return (UnitState.PENDING, f"output {gone} is gone") if gone else (UnitState.DONE, "")

    def _gone(self, task: UnitTask) -> str | None:
        """The first output that is not there any more."""
        for files in task.outputs.values():
            for file in files:
                if file.key not in self._keys:
                    return file.key
        for name, output in task.open_outputs.items():
            if self._counts[name][task.unit] < output.at_least:
                return output.pattern
        return None

    @cached_property
    def _keys(self) -> set[str]:
        return list_keys(self._workspace, (output.pattern for output in self._outputs))

    @cached_property
    def _counts(self) -> dict[str, Counter[str]]:
        """Output name to the number of files by unit, for open outputs."""
        counts: dict[str, Counter[str]] = {}
        for output in self._outputs:
            if output.at_least is not None:
                matches = (output.pattern.match(key) for key in self._keys)
                counts[output.name] = Counter(unit_id(found, self._foreach) for found in matches if found is not None)
        return counts
