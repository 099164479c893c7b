"""Plans a step: which units there are, what each gets and has to write, and whether it has to run."""

from collections.abc import Callable, Mapping
from typing import Any

from platerunner.spec.model import Step
from platerunner.units.available import Available
from platerunner.units.expected import ExpectedOutput
from platerunner.units.fingerprint import Fingerprints
from platerunner.units.grouping import Candidate, group
from platerunner.units.history import History
from platerunner.units.model import PlannedUnit, StepPlan, UnitState
from platerunner.units.outcomes import OutcomeStore
from platerunner_unit.manifest import UnitTask
from platerunner_unit.storage import Storage

FingerprintsOf = Callable[[Mapping[str, Any]], Fingerprints]


def plan_step(
    step: Step, available: Mapping[str, Available], fingerprints: FingerprintsOf, workspace: Storage
) -> StepPlan:
    """All units of a step and their states; the same for the same files, in whatever order they were listed.

    :param step: to be planned.
    :param available: input name to what there is of it.
    :param fingerprints: for the ``foreach`` wildcards of a unit, those of the settings that it runs under.
    :param workspace: the pipeline's; its outcomes and outputs tell what is done.
    :raises platerunner.units.errors.PlanningError: if the step's patterns and the files do not fit together.
    """
    candidates = group(step, available)
    planner = _Planner(step, available, fingerprints, workspace)
    return StepPlan(
        step.name,
        tuple([planner.plan(candidate) for candidate in candidates]),
        {name: each.listed for name, each in available.items()},
        tuple(dict.fromkeys(note for each in available.values() for note in each.notes)),
    )


class _Planner:
    def __init__(
        self, step: Step, available: Mapping[str, Available], fingerprints: FingerprintsOf, workspace: Storage
    ) -> None:
        self._available = available
        self._fingerprints = fingerprints
        self._renamed = {name: each.renamed for name, each in available.items() if each.renamed}
        self._outputs = [ExpectedOutput(step, output, available) for output in step.outputs.values()]
        index = OutcomeStore(workspace).index(step.name)
        self._history = History(index, workspace, step.foreach, self._outputs)

    def plan(self, candidate: Candidate) -> PlannedUnit:
        """The unit with its state."""
        missing = next((name for name, files in candidate.inputs.items() if not files), None)
        if missing is not None and candidate.because is not None:
            return PlannedUnit(self._bare(candidate), UnitState.EXCLUDED, f"excluded: {candidate.because}")
        task = self._task(candidate)
        if missing is not None:
            return PlannedUnit(task, UnitState.WAITING, f"waits for {self._available[missing].ref}")
        if awaited := self._upstream(candidate, awaited=True):
            return PlannedUnit(task, UnitState.WAITING, f"waits for {awaited}")
        if promised := self._upstream(candidate, awaited=False):
            return PlannedUnit(task, UnitState.PENDING, f"after {promised}")
        return PlannedUnit(task, *self._history.judge(task))

    def _task(self, candidate: Candidate) -> UnitTask:
        values, inputs = candidate.values, candidate.inputs
        return UnitTask(
            unit=candidate.unit,
            values=values,
            fingerprint=self._fingerprints(values).of(candidate.unit, inputs, self._renamed),
            inputs=inputs,
            outputs={each.name: each.files(values, inputs) for each in self._outputs if each.at_least is None},
            open_outputs={each.name: each.open(values) for each in self._outputs if each.at_least is not None},
        )

    def _bare(self, candidate: Candidate) -> UnitTask:
        return UnitTask(candidate.unit, candidate.values, "", candidate.inputs)

    def _upstream(self, candidate: Candidate, *, awaited: bool) -> str | None:
        """A step that has still to write one of the unit's inputs."""
        for name, files in candidate.inputs.items():
            each = self._available[name]
            steps = each.awaited if awaited else each.promised
            for file in files if steps else ():
                if file.key in steps:
                    return steps[file.key]
        return None
