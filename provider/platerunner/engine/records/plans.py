"""What a step meant to do in a run, kept for whoever looks at the run: each unit, its state, and why."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner_unit.contract.outcome import run_prefix
from platerunner_unit.contract.storage import NotFoundError, Storage

FORMAT = 1


@dataclass(frozen=True, slots=True)
class RecordedUnit:
    """A unit of a recorded plan.

    :param fingerprint: under which its outcome of this run is found.
    :param reason: as in :class:`platerunner.engine.planning.model.PlannedUnit`.
    """

    unit: str
    state: UnitState
    fingerprint: str
    reason: str = ""


def record_plan(workspace: Storage, run_id: str, plan: StepPlan, branch: str = "") -> None:
    """Keep a plan; a former one of the same run and step is replaced.

    :param workspace: the pipeline's.
    :param branch: key of the branch whose step it is; empty if there are none.
    """
    units = [RecordedUnit(each.unit, each.state, each.fingerprint, each.reason) for each in plan.units]
    workspace.put(_key(run_id, plan.step, branch), to_json(units))


def recorded_plan(workspace: Storage, run_id: str, step: str, branch: str = "") -> tuple[RecordedUnit, ...] | None:
    """The plan that a step kept in a run; None if it has not come that far."""
    try:
        return from_json(workspace.get(_key(run_id, step, branch)))
    except NotFoundError:
        return None


def to_json(units: Iterable[RecordedUnit]) -> bytes:
    """The stored form: reasons are few and long, so each is written once."""
    reasons: dict[str, int] = {}
    rows = [
        [each.unit, str(each.state), each.fingerprint, reasons.setdefault(each.reason, len(reasons))] for each in units
    ]
    return json.dumps({"format": FORMAT, "reasons": list(reasons), "units": rows}, separators=(",", ":")).encode()


def from_json(data: bytes) -> tuple[RecordedUnit, ...]:
    """Read the stored form."""
    raw = json.loads(data)
    reasons = raw["reasons"]
    return tuple(
        RecordedUnit(unit, UnitState(state), fingerprint, reasons[why])
        for unit, state, fingerprint, why in raw["units"]
    )


def _key(run_id: str, step: str, branch: str) -> str:
    return f"{run_prefix(run_id, step, branch)}plan.json"
