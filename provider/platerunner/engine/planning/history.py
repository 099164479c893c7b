"""Whether a unit has to run, from what was done before and what is still there."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property

from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.listing import existing_folders, fold_keys, folders_of
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.reasons import NOTHING, Reason, Why
from platerunner.engine.planning.units.expected import ExpectedOutput
from platerunner.engine.records.outcomes import OutcomeIndex
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import folder_of, shown_key, unit_id

_NEW, _CHANGED = Reason(Why.NEW), Reason(Why.CHANGED)
"""Once each: a plan may have 100,000 such units."""


class History:
    """A step's past: one LIST of its outcomes, and one of its outputs if there ever was a success.

    :param index: outcomes of the step.
    :param workspace: holds its outputs.
    :param foreach: of the step.
    :param outputs: of the step.
    :param branch: in which all units are that are judged; None for none.
    """

    def __init__(
        self,
        index: OutcomeIndex,
        workspace: Storage,
        foreach: tuple[str, ...],
        outputs: Iterable[ExpectedOutput],
        branch: Branch | None = None,
    ) -> None:
        self._index = index
        self._workspace = workspace
        self._foreach = foreach
        self._outputs = tuple(outputs)
        self._branch = branch

    def judge(self, task: UnitTask) -> tuple[UnitState, Reason]:
        """Done or pending, and why pending."""
        categories = self._index.categories(task.unit, task.fingerprint)
        if not categories:
            if self._index.forgotten(task.unit, task.fingerprint):
                return UnitState.PENDING, Reason(Why.FORGOTTEN)
            if self._index.overwritten(task.unit, task.fingerprint):
                return UnitState.PENDING, Reason(Why.OVERWRITTEN)
            return UnitState.PENDING, self._of_others(task.unit)
        if Category.SUCCEEDED not in categories:
            return UnitState.PENDING, Reason.of_failures(Why.FAILED_BEFORE, categories)
        gone = self.gone(task)
        return (UnitState.PENDING, Reason(Why.OUTPUT_GONE, gone)) if gone else (UnitState.DONE, NOTHING)

    def _of_others(self, unit: str) -> Reason:
        """Why a unit is pending that never ran as it is now."""
        kept = self._index.units.get(unit, ())
        if not kept:
            return _NEW
        failed = [each.category for each in kept if each.category is not None and each.category != Category.SUCCEEDED]
        return Reason.of_failures(Why.FAILED_UNDER_OTHERS, failed) if len(failed) == len(kept) else _CHANGED

    def gone(self, task: UnitTask) -> str | None:
        """The first output that is not there any more."""
        for files in task.outputs.values():
            for file in files:
                folder = folder_of(file.key)
                if file.key not in self._there or (folder is not None and folder not in self._folders):
                    return shown_key(file.key)
        for name, output in task.open_outputs.items():
            if self._there.counts[name][task.unit] < output.at_least:
                return output.pattern
        return None

    @cached_property
    def _there(self) -> "_There":
        branch, patterns = self._branch, [output.pattern for output in self._outputs]
        look = folders_of(self._workspace)
        below = [each for pattern in patterns for each in branch.beginnings(pattern, look)] if branch else None
        return _There(fold_keys(self._workspace, patterns, self._seen, below=below))

    @cached_property
    def _folders(self) -> set[str]:
        """The folders that are one thing; a marker alone does not make one."""
        patterns = [output.folder for output in self._outputs if output.folder is not None]
        if self._branch:
            told = {self._branch.wildcard: self._branch.value}
            patterns = [pattern.partial(told) for pattern in patterns]
        return {folder for pattern in patterns for folder in existing_folders(self._workspace, pattern)}

    def _seen(self, keys: Iterator[str]) -> "_Seen":
        opened = [output for output in self._outputs if output.at_least is not None]
        hashes, counts = array("q"), {output.name: Counter[str]() for output in opened}
        for key in keys:
            hashes.append(hash(key))
            for output in opened:
                values = output.pattern.match(key)
                if values is not None:
                    counts[output.name][unit_id(values, self._foreach)] += 1
        return hashes, counts


_Seen = tuple["array[int]", dict[str, Counter[str]]]


class _There:
    """The outputs that are there: eight bytes for each of a million keys.

    Python's hash of a text has 64 bits and a secret of the process, so that a key that is gone passes for one that is
    there once in 10^13 times.

    :param parts: hashes of keys, and for open outputs the number of files by unit.
    """

    def __init__(self, parts: Iterable[_Seen]) -> None:
        hashes = array("q")
        self.counts: dict[str, Counter[str]] = {}
        for part, counts in parts:
            hashes.extend(part)
            for name, counted in counts.items():
                self.counts.setdefault(name, Counter()).update(counted)
        self._hashes = array("q", sorted(hashes))

    def __contains__(self, key: str) -> bool:
        hashed = hash(key)
        at = bisect_left(self._hashes, hashed)
        return at < len(self._hashes) and self._hashes[at] == hashed
