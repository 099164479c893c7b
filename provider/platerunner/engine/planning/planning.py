"""Plans a step: which units there are, what each gets and has to write, and whether it has to run."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from platerunner.engine.planning.available import Available
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.earlier import Earlier, without_overwritten
from platerunner.engine.planning.history import History
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.reasons import NEVER_DONE, Reason, Why
from platerunner.engine.planning.units.expected import ExpectedOutput, UnitKeys
from platerunner.engine.planning.units.fingerprint import Fingerprints
from platerunner.engine.planning.units.grouping import Candidate, Groups
from platerunner.engine.planning.units.written import Written
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.spec.steps import Step
from platerunner_unit.contract.manifest import InputFile, UnitTask
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.words import and_more

FingerprintsOf = Callable[[Mapping[str, Any]], Fingerprints]
Inputs = dict[str, tuple[InputFile, ...]]


def plan_step(
    step: Step,
    available: Mapping[str, Available],
    fingerprints: FingerprintsOf,
    workspace: Storage,
    earlier: Earlier | None = None,
    branch: Branch | None = None,
) -> StepPlan:
    """All units of a step and their states; the same for the same files, in whatever order they were listed.

    :param step: to be planned.
    :param available: input name to its files.
    :param fingerprints: for the ``foreach`` wildcards of a unit, those of the settings that it runs under.
    :param workspace: the pipeline's; its outcomes and outputs tell what is done.
    :param earlier: finds outcomes of the same work under another step's name or older stamps of files; None to run
        such units again.
    :param branch: in which all its units are; None for none.
    :raises platerunner.engine.planning.errors.PlanningError: if the step's patterns and the files do not fit together.
    """
    groups = Groups(step, available)
    planner = _Planner(step, available, groups, fingerprints, workspace, earlier, branch)
    units = tuple([planner.plan(candidate) for candidate in groups.candidates()])
    planner.written.look(units)
    planner.keys.check(unit.task for unit in units if unit.state is not UnitState.EXCLUDED)
    return StepPlan(
        step.name,
        units,
        {name: each.listed for name, each in available.items()},
        tuple(
            dict.fromkeys(
                [
                    *(note for each in available.values() for note in each.notes),
                    *(
                        f"{step.name}: how many units there are is known once {ref} is written"
                        for ref in groups.unknown
                    ),
                    *planner.failing_note(),
                ]
            )
        ),
        planner.overwritten,
        tuple(
            dict.fromkeys(
                f"{name} {value}"
                for each in available.values()
                for name, values in each.nowhere.items()
                for value in sorted(values, key=natural_key)
            )
        ),
    )


_SHOWN = 5
"""Units that are named in a note."""


class _Planner:
    def __init__(
        self,
        step: Step,
        available: Mapping[str, Available],
        groups: Groups,
        fingerprints: FingerprintsOf,
        workspace: Storage,
        earlier: Earlier | None,
        branch: Branch | None,
    ) -> None:
        self._step = step.name
        self._earlier = earlier
        self._available = available
        self._groups = groups
        self._fingerprints = fingerprints
        self._renamed = {name: each.renamed for name, each in available.items() if each.renamed}
        self._outputs = [ExpectedOutput(step, output, available) for output in step.outputs.values()]
        store = OutcomeStore(workspace)
        index = store.index(step.name, branch.units_of(step.foreach) if branch else "")
        self._index, self.overwritten = without_overwritten(store, step.name, index)
        self.written = Written(workspace, step.name, self._index, self._outputs)
        self._history = History(self._index, workspace, step.foreach, self._outputs, branch)
        named = [each for each in self._outputs if each.at_least is None]
        self.keys = UnitKeys(step.name, named, available, step.own)
        self._absent = frozenset(file.key for each in available.values() for file in each.absent)
        self._failing: list[str] = []
        self._make_task = self._task_of  # one bound method for all units

    def failing_note(self) -> Iterator[str]:
        """Says which units will fail, since files that should be there are not."""
        if self._failing:
            shown, count = ", ".join(self._failing[:_SHOWN]), len(self._failing)
            whose = "1 unit" if count == 1 else f"{count:,} units"
            because = f"{whose} will fail, since files that should be there are not"
            yield f"{self._step}: {because}: {shown}{and_more(count - _SHOWN)}"

    def plan(self, candidate: Candidate) -> PlannedUnit:
        """The unit with its state."""
        if candidate.lacks is not None and candidate.because is not None:
            return self._planned(candidate, "", UnitState.EXCLUDED, Reason(Why.EXCLUDED, candidate.because))
        inputs = self._groups.inputs(candidate.values)
        fingerprint = self._fingerprints(candidate.values).of(candidate.unit, inputs, self._renamed)
        state, reason = self._judged(candidate, fingerprint, inputs)
        planned = self._planned(candidate, fingerprint, state, reason)
        return self._done_by_another(planned, inputs) if reason.why in NEVER_DONE else planned

    def _judged(self, candidate: Candidate, fingerprint: str, inputs: Inputs) -> tuple[UnitState, Reason]:
        task = self._task(candidate.unit, candidate.values, fingerprint, inputs)
        self.keys.look(task)
        if candidate.lacks is not None:
            return UnitState.WAITING, Reason(Why.WAITS, self._available[candidate.lacks].ref)
        if awaited := self._upstream(inputs, awaited=True):
            return UnitState.WAITING, Reason(Why.WAITS, awaited)
        if promised := self._upstream(inputs, awaited=False):
            return UnitState.PENDING, Reason(Why.AFTER, promised)
        if self._absent and any(file.key in self._absent for files in inputs.values() for file in files):
            self._failing.append(candidate.unit or "the only unit")
        return self._history.judge(task)

    def _done_by_another(self, planned: PlannedUnit, inputs: Inputs) -> PlannedUnit:
        """The unit, done if the same work was done under another name; its outputs have to be there like all others."""
        if self._earlier is None:
            return planned
        again = self._fingerprints(planned.values)
        known = self._index.units.get(planned.unit, ())
        found = self._earlier.find(
            self._step, planned.unit, planned.fingerprint, inputs, known,
            lambda older: again.of(planned.unit, older, self._renamed),
        )  # fmt: skip
        if found is None:
            return planned
        if gone := self._history.gone(planned.task):
            return replace(planned, reason=Reason(Why.OUTPUT_GONE, gone))
        return replace(planned, state=UnitState.DONE, reason=found.reason, done_by=(found.step, found.fingerprint))

    def _planned(self, candidate: Candidate, fingerprint: str, state: UnitState, reason: Reason) -> PlannedUnit:
        return PlannedUnit(
            candidate.unit, candidate.values, fingerprint, state, reason,
            renamed=self._renamed, make_task=self._make_task,
        )  # fmt: skip

    def _task_of(self, unit: PlannedUnit) -> UnitTask:
        inputs = self._groups.inputs(unit.values)
        if unit.state is UnitState.EXCLUDED:
            return UnitTask(unit.unit, unit.values, unit.fingerprint, inputs)
        task = self._task(unit.unit, unit.values, unit.fingerprint, inputs)
        if unit.state is UnitState.DONE and (written := self.written.of(unit.unit)):
            return replace(task, outputs={**task.outputs, **written})
        return task

    def _task(self, unit: str, values: dict[str, Any], fingerprint: str, inputs: Inputs) -> UnitTask:
        return UnitTask(
            unit=unit,
            values=values,
            fingerprint=fingerprint,
            inputs=inputs,
            outputs={each.name: each.files(values, inputs) for each in self._outputs if each.at_least is None},
            open_outputs={each.name: each.open(values) for each in self._outputs if each.at_least is not None},
        )

    def _upstream(self, inputs: Inputs, *, awaited: bool) -> str | None:
        """A step that has still to write one of the unit's inputs."""
        for name, files in inputs.items():
            each = self._available[name]
            steps = each.awaited if awaited else each.promised
            for file in files if steps else ():
                if file.key in steps:
                    return steps[file.key]
        return None
