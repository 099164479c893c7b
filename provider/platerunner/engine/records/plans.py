"""What a step meant to do in a run, kept for people and pages that look at the run: each unit, its state, and why."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.reasons import NOTHING, TEXTS, Reason, Why
from platerunner.engine.records.codec import Kind, encode, read
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import plan_key
from platerunner_unit.contract.storage import NotFoundError, Storage

PLAN = Kind("a plan of a step", format=2, remedy="delete it; the step's next run writes it again")


@dataclass(frozen=True, slots=True)
class RecordedUnit:
    """A unit of a recorded plan.

    :param fingerprint: under which its outcome of this run is found.
    :param reason: as in :class:`platerunner.engine.planning.model.PlannedUnit`.
    """

    unit: str
    state: UnitState
    fingerprint: str
    reason: Reason = NOTHING


def record_plan(workspace: Storage, run_id: str, plan: StepPlan, branch: str = "") -> None:
    """Keep a plan; a former one of the same run and step is replaced.

    :param workspace: the pipeline's.
    :param branch: key of the branch whose step it is; empty if there are none.
    """
    units = [RecordedUnit(each.unit, each.state, each.fingerprint, each.reason) for each in plan.units]
    workspace.put(plan_key(run_id, plan.step, branch), encode(PLAN, _content(units)))


def recorded_plan(workspace: Storage, run_id: str, step: str, branch: str = "") -> tuple[RecordedUnit, ...] | None:
    """The plan that a step kept in a run; None if it has not come that far.

    :raises platerunner.engine.records.codec.RecordError: if it cannot be read.
    """
    try:
        number, content = read(PLAN, workspace, plan_key(run_id, step, branch))
    except NotFoundError:
        return None
    reasons = [(_from_text if number == 1 else _from_json)(raw) for raw in content["reasons"]]
    return tuple(
        RecordedUnit(unit, UnitState(state), fingerprint, reasons[why])
        for unit, state, fingerprint, why in content["units"]
    )


def _content(units: Iterable[RecordedUnit]) -> dict[str, Any]:
    """Reasons are few and long, so that each is written once."""
    reasons: dict[Reason, int] = {}
    rows = [
        [each.unit, str(each.state), each.fingerprint, reasons.setdefault(each.reason, len(reasons))] for each in units
    ]
    return {"reasons": [_to_json(reason) for reason in reasons], "units": rows}


def _to_json(reason: Reason) -> list[Any]:
    earlier = _to_json(reason.earlier) if reason.earlier else None
    return [str(reason.why), reason.detail, [str(each) for each in reason.categories], earlier]


def _from_json(raw: Sequence[Any]) -> Reason:
    why, detail, categories, earlier = raw
    return Reason(Why(why), detail, tuple(map(Category, categories)), _from_json(earlier) if earlier else None)


def _from_text(text: str) -> Reason:
    """A reason of format 1, which kept its text."""
    first, _, rest = text.partition("; ")
    if rest and first == TEXTS[Why.LEFT_OUT]:
        return Reason(Why.LEFT_OUT, earlier=_from_text(rest))
    found = next((found for why in _OLD if (found := _match(why, text))), None)
    return found or Reason(Why.OTHER, text)


def _match(why: Why, text: str) -> Reason | None:
    found = _OLD[why].fullmatch(text)
    if found is None:
        return None
    groups = found.groupdict()
    words = groups.get("categories")
    return Reason(why, groups.get("detail", ""), tuple(map(Category, words.split(", "))) if words else ())


def _as_regex(text: str) -> re.Pattern[str]:
    pattern = re.escape(text).replace(r"\{detail\}", "(?P<detail>.+)")
    return re.compile(pattern.replace(r"\{categories\}", "(?P<categories>[a-z_]+(?:, [a-z_]+)*)"), re.DOTALL)


_OLD = {
    why: _as_regex(text) for why, text in {**TEXTS, Why.EXCLUDED: "excluded: {detail}"}.items() if text != "{detail}"
}
