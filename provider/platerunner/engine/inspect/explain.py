"""Why a unit would run, or would not: its plan, compared with what is recorded of its last attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platerunner.engine.inspect.changes import changes, ingredients_now, moved_outputs
from platerunner.engine.planning.earlier import Contents
from platerunner.engine.planning.model import PlannedUnit, UnitState
from platerunner.engine.planning.reasons import Why
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.hints import hint_of
from platerunner_unit.contract.outcome import Outcome

NOT_RECORDED = (
    "nothing that is on record differs; not on record are the outputs' patterns, `allow_flagged`, names that `rename` "
    "gives in older outcomes, and what each version of Platerunner counts"
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a unit is in its state.

    :param sentence: the answer.
    :param details: one clause per change, or the sentence of the verdict.
    :param last: the attempt that it was compared with; None if there is none.
    """

    unit: str
    state: UnitState
    sentence: str
    details: tuple[str, ...] = ()
    last: Outcome | None = None


def explain(
    store: OutcomeStore, step: str, ingredients: Mapping[str, Any], planned: PlannedUnit, contents: Contents
) -> Explanation:
    """Say why.

    :param store: of the pipeline's workspace.
    :param step: name of the step.
    :param ingredients: what the step brings now; of :func:`.units.fingerprint.step_ingredients`.
    :param planned: the unit in its plan.
    :param contents: of its files, where they have only a time stamp.
    """
    task = planned.task
    attempts = store.attempts(step, task.unit)
    same = [each for each in attempts if each.fingerprint == task.fingerprint]
    if planned.state is UnitState.DONE and same:
        return Explanation(task.unit, planned.state, f"done: {_when(same[-1])}; nothing changed since", (), same[-1])
    if planned.state is not UnitState.PENDING or not attempts:
        return Explanation(task.unit, planned.state, f"{planned.state}: {planned.reason}")
    if planned.reason.why is Why.AFTER:
        return _to_come(planned, ingredients, _to_compare(attempts), contents)
    if same:
        return _again(planned, same[-1])
    last = _to_compare(attempts)
    now = ingredients_now(ingredients, contents.as_recorded(last.ingredients, task.inputs))
    found = [*changes(contents.comparable(last.ingredients), now, planned.renamed), *moved_outputs(last, task)]
    sentence = f"pending: changed since it {_when(last)}"
    return Explanation(task.unit, planned.state, sentence, tuple(found or [NOT_RECORDED]), last)


def _again(planned: PlannedUnit, last: Outcome) -> Explanation:
    """Nothing changed, and yet it has to run: it failed, an output is gone, or somebody asked."""
    verdict = last.verdict
    details: tuple[str, ...] = ()
    if verdict.category != Category.SUCCEEDED:
        details = tuple(filter(None, (verdict.sentence, hint_of(verdict))))
    return Explanation(planned.unit, planned.state, f"pending: {planned.reason}; it {_when(last)}", details, last)


def _to_come(planned: PlannedUnit, ingredients: Mapping[str, Any], last: Outcome, contents: Contents) -> Explanation:
    """Some of its inputs are still to be written, so that only the step itself and the others can be compared."""
    sentence = f"pending: {planned.reason}, whose units run before; explain that step to see why"
    was: Mapping[str, Any] = last.ingredients.get("inputs") or {}
    now = ingredients_now(ingredients, contents.as_recorded(last.ingredients, planned.task.inputs))
    to_come = {name for name, files in planned.task.inputs.items() if any(file.size is None for file in files)}
    now["inputs"] = {name: was.get(name, []) if name in to_come else files for name, files in now["inputs"].items()}
    found = changes(contents.comparable(last.ingredients), now, planned.renamed)
    return Explanation(planned.unit, planned.state, sentence, tuple(found), last)


def _to_compare(attempts: Sequence[Outcome]) -> Outcome:
    """The last success, else the last attempt."""
    good = [each for each in attempts if each.verdict.category == Category.SUCCEEDED]
    return (good or list(attempts))[-1]


def _when(outcome: Outcome) -> str:
    word = "succeeded" if outcome.verdict.category == Category.SUCCEEDED else f"failed ({outcome.verdict.category})"
    ended = str(outcome.timing.get("ended", ""))[:16].replace("T", " ")
    return f"{word} in {outcome.run_id}" + (f" on {ended} UTC" if ended else "")
