"""Units that fail before any job, because it is known what their containers would meet."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from platerunner.engine.planning.archived import ArchivedFile
from platerunner.engine.planning.model import PlannedUnit
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StepState, UnitFailure, now
from platerunner.engine.steps.attempts import record
from platerunner_unit.contract.evidence import Evidence
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import Storage
from platerunner_unit.judge import judge

WRITERS = 16


def fail_archived(
    workspace: Storage,
    pipeline: str,
    state: StepState,
    units: Mapping[str, PlannedUnit],
    archived: Mapping[str, Sequence[ArchivedFile]],
) -> StepState:
    """The state in which units have failed for their archived inputs; each gets an outcome, as if it had run.

    :param pipeline: its name.
    :param state: of the step in this run.
    :param units: by id.
    :param archived: unit id to the files.
    """
    made, store = state.made, OutcomeStore(workspace)
    outcomes = [_outcome(pipeline, state, units[name], made.get(name, 0), files) for name, files in archived.items()]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(store.write, outcomes))
    return record(state, (), [UnitFailure.of(units[each.unit].task, each.verdict, None) for each in outcomes])


def _outcome(pipeline: str, state: StepState, unit: PlannedUnit, made: int, files: Sequence[ArchivedFile]) -> Outcome:
    evidence = Evidence(started=False, transfers=tuple(file.failure for file in files))
    return Outcome(
        pipeline=pipeline,
        run_id=state.run_id,
        step=state.step,
        unit=unit.unit,
        values=unit.values,
        fingerprint=unit.fingerprint,
        attempt=made + 1,
        verdict=judge(evidence),
        evidence=asdict(evidence),
        timing={"ended": now()},
    )
