"""What a person wants to know of a run first: which gate waits, what failed first and who acts, what it cost so far."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from platerunner.engine.gates.budget_run import read_estimate
from platerunner.engine.gates.decisions import history
from platerunner.engine.inspect.run_record import Mark
from platerunner.engine.ledger.columns import LedgerError, Row
from platerunner.engine.ledger.file_systems import read_file_systems
from platerunner.engine.ledger.place import ledgers_of
from platerunner_pages.drawing.plate_map import label
from platerunner_pages.drawing.rendering import moment, path
from platerunner_pages.known.gates import waiting_gates
from platerunner_pages.known.runs import SeenRun, SessionDep
from platerunner_pages.known.step_records import records_of
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import hook, workspace_of
from platerunner_pages.values.attempts import rows_of_run
from platerunner_unit.contract.category import CATEGORIES, Actor, Category
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.words import show_usd

CENT = 0.01
ANSWERS = 5
"""Answers to gates that the story names."""
WHO = {
    Actor.NOBODY: "Nobody has to act: it runs again by itself",
    Actor.SCIENTIST: "The scientist acts",
    Actor.ON_CALL: "On-call acts",
    Actor.PLATFORM: "The platform team acts",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """The first failure of a run.

    :param unit: its id.
    :param who: who acts, as a sentence, with what to do.
    """

    task_id: str
    step: str
    unit: str
    name: str
    category: str
    sentence: str
    who: str


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence about a gate.

    :param link: below the pages' root; empty for none.
    """

    sentence: str
    link: str = ""


def first_failure(run: SeenRun) -> Failure | None:
    """The first failed unit of the first step that has one; None if none has."""
    for step in run.dag.steps:
        if step.gate or run.states.get(step.task_id, "none") in ("none", "success", "upstream_failed", "skipped"):
            continue
        for unit in records_of(run, step).units:
            if unit.mark is Mark.FAILED and unit.category is not None:
                info = CATEGORIES[Category(unit.category)]
                who = f"{WHO[info.who]}: {info.hint}" if info.hint else f"{WHO[info.who]}."
                name = label(unit.unit)
                return Failure(step.task_id, step.step, unit.unit, name, str(unit.category), unit.why, who)
    return None


def gates_told(run: SeenRun, session: SessionDep) -> list[Told]:
    """Gates of a run that wait, and answers that kept it from going on."""
    waiting = [gate for gate in waiting_gates([run.dag.dag_id], session) if gate.run_id == run.run_id]
    found = [
        Told(
            f"{gate.task_id}{f' of {label(gate.branch)}' if gate.branch else ''} waits for an answer since "
            f"{moment(gate.since)}"
            f"{', of ' + ', '.join(gate.asked.approvers) if gate.asked and gate.asked.approvers else ''}.",
            f"dags/{path(run.dag.dag_id)}/runs/{path(run.run_id)}/gates/{path(gate.task_id)}/{gate.map_index}/",
        )
        for gate in waiting
    ]
    return [*found, *_answers(run)][:ANSWERS]


def money(run: SeenRun) -> list[str]:
    """What a run cost so far, by its ledger, and what it was estimated to cost; nothing if neither is known."""
    return [*cost_of(run), *_estimate(workspace_of(run, run.dag.steps[0]), run.run_id)]


def cost_of(run: SeenRun, only: SeenStep | None = None) -> list[str]:
    """What a run, or a step of it, cost so far, as sentences; nothing if it has no attempts.

    :param only: the step; None for all.
    """
    step = only or run.dag.steps[0]
    try:
        found = rows_of_run(ledgers_of(hook(), workspace_of(run, step)), run, step.pipeline)
    except LedgerError as error:
        return [f"What it cost is not known: {error}"]
    rows = [row for row in found if only is None or row["step"] == only.step]
    unknown = sum(row["usd"] is None for row in rows)
    sure = f", without {counted(unknown)} whose price is not known" if unknown else ""
    usd = sum(row["usd"] or 0.0 for row in rows)
    own = [f"{_some(usd)} so far, for {counted(len(rows))}{sure}."] if rows else []
    return own if only else [*own, *_file_systems(run, step)]


def _file_systems(run: SeenRun, step: SeenStep) -> list[str]:
    """What the run's own file systems cost, as a sentence; nothing if it has none."""
    if run.started is None:
        return []
    try:
        stored = read_file_systems(ledgers_of(hook(), workspace_of(run, step)), run.started.date())
    except LedgerError as error:
        return [f"What its file system cost is not known: {error}"]
    if not (found := [row for row in stored if _is_of(row, run, step)]):
        return []
    priced = [row["usd"] for row in found if row["usd"] is not None]
    there, unknown = sum(row["ended"] is None for row in found), len(found) - len(priced)
    if there:
        return ["Its file system is still there, and is paid for until it is deleted."]
    sure = f", without {unknown} whose price is not known" if unknown and priced else ""
    return [f"{_some(sum(priced)) if priced else 'An unknown sum'} on top for its file system{sure}."]


def _is_of(row: Row, run: SeenRun, step: SeenStep) -> bool:
    return bool(row["run"] == run.run_id and row["pipeline"] == step.pipeline)


def _some(usd: float) -> str:
    return f"{show_usd(usd)} USD" if usd >= CENT or not usd else "Less than a cent"


def counted(attempts: int) -> str:
    """``1 attempt``, ``2,000 attempts``."""
    return f"{attempts:,} attempt{'' if attempts == 1 else 's'}"


def as_json(failure: Failure | None) -> dict[str, str] | None:
    """Plain JSON."""
    return None if failure is None else asdict(failure)


def _answers(run: SeenRun) -> Iterator[Told]:
    for step in run.dag.steps:
        if step.gate and run.states.get(step.task_id) == "failed":
            made = [each for each in history(workspace_of(run, step), step.step) if each.decision.run_id == run.run_id]
            for each in made[:ANSWERS]:
                where = f" of {label(each.branch)}" if each.branch else ""
                yield Told(f"{step.step}{where}: {each.decision.sentence}.")


def _estimate(workspace: Storage, run_id: str) -> list[str]:
    try:
        return read_estimate(workspace, run_id)[:1]
    except NotFoundError:
        return []
