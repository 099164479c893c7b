"""The files of outputs whose number is open: those of a unit's own success, none that lies there from before."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from platerunner.engine.planning.model import PlannedUnit, UnitState
from platerunner.engine.planning.units.expected import ExpectedOutput
from platerunner.engine.records.outcomes import THREADS, OutcomeIndex, OutcomeStore
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import retention_prefix
from platerunner_unit.contract.manifest import OutputFile
from platerunner_unit.contract.storage import NotFoundError, Storage

Files = dict[str, tuple[OutputFile, ...]]


class Written:
    """What done units of a step wrote to its open outputs.

    A unit that cut its work into fewer parts than before leaves old parts behind, which nothing but its outcome tells
    from new ones. An outcome is read only where there was more than one attempt, or may have been one whose outcome
    retention has taken: others left nothing.

    :param workspace: the pipeline's.
    :param step: its name.
    :param index: outcomes of the step.
    :param outputs: of the step.
    """

    def __init__(self, workspace: Storage, step: str, index: OutcomeIndex, outputs: Iterable[ExpectedOutput]) -> None:
        self._workspace = workspace
        self._store = OutcomeStore(workspace)
        self._step = step
        self._index = index
        self._opened = [output for output in outputs if output.at_least is not None]
        self._found: dict[str, Files] = {}

    def look(self, units: Iterable[PlannedUnit]) -> None:
        """Read what tells old parts from new ones.

        :param units: of the step.
        """
        doubtful = [unit for unit in units if unit.state is UnitState.DONE and self._is_doubtful(unit.unit)]
        if doubtful:
            with ThreadPoolExecutor(THREADS) as pool:
                found = zip(doubtful, pool.map(self._read, doubtful), strict=True)
                self._found = {unit.unit: files for unit, files in found}

    def of(self, unit: str) -> Files:
        """Open output to the unit's files; none of them where all that lie there are its own."""
        return self._found.get(unit, {})

    def _is_doubtful(self, unit: str) -> bool:
        return bool(self._opened) and (len(self._index.units.get(unit, ())) != 1 or self._lost_some)

    @cached_property
    def _lost_some(self) -> bool:
        """Whether retention has ever taken anything from the workspace."""
        return any(True for _ in self._workspace.list(retention_prefix()))

    def _read(self, unit: PlannedUnit) -> Files:
        step, fingerprint = unit.done_by or (self._step, unit.fingerprint)
        try:
            outcome = self._store.read(step, unit.unit, fingerprint, Category.SUCCEEDED)
        except NotFoundError:  # another run set it aside in the meantime
            return {}
        keys = [output.key for output in outcome.outputs]
        return {output.name: _matching(output, keys) for output in self._opened}


def _matching(output: ExpectedOutput, keys: Iterable[str]) -> tuple[OutputFile, ...]:
    found = ((key, output.pattern.match(key)) for key in keys)
    return tuple(OutputFile(key, values=values) for key, values in found if values is not None)
