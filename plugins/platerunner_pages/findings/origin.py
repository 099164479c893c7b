"""What made a file: the attempt that wrote it, of what, with what, and for how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.place import ledgers_of
from platerunner.engine.lineage.model import WORKSPACE, Attempt, Lineage, Spent
from platerunner.engine.lineage.search import OutcomeSearch
from platerunner.engine.lineage.spending import add_spending
from platerunner.engine.lineage.trace import writer_now
from platerunner_pages.known.runs import SeenRun
from platerunner_pages.known.workspaces import hook
from platerunner_pages.values.tables import outputs_of
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import Storage

FIRST = 5
"""Files of one input that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Read:
    """A file that an attempt has read.

    :param task_id: of the step that wrote it, by its name; empty for a raw file, or if no step of the run has such.
    :param output: of that step.
    """

    key: str
    task_id: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What made a file.

    :param task_id: of the step in the run that is shown; empty if it has no such step.
    :param inputs: name to the first files, and how many more there are.
    :param spent: None if the ledger does not tell.
    """

    outcome: Outcome
    task_id: str
    inputs: dict[str, tuple[list[Read], int]]
    spent: Spent | None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the step."""
        return dict(self.outcome.ingredients.get("with") or {})

    @property
    def tool_files(self) -> Iterator[tuple[str, str]]:
        """Names of the tool's own files, such as a pipeline's, with their hashes."""
        for files in (self.outcome.ingredients.get("files") or {}).values():
            yield from files.items()


def origin_of(workspace: Storage, run: SeenRun, key: str) -> Origin | None:
    """The attempt that wrote a file last; None if none that is on record is found by its name.

    :param run: the one that is shown, whose steps say who writes what.
    """
    writers = OutcomeSearch(workspace, everywhere=False).writers(key)
    if not writers:
        return None
    outcome = writer_now(writers)
    task_id = next((step.task_id for step in run.dag.steps if step.step == outcome.step), "")
    return Origin(outcome, task_id, _inputs(run, outcome), _spent(workspace, outcome))


def _inputs(run: SeenRun, outcome: Outcome) -> dict[str, tuple[list[Read], int]]:
    named = (outcome.ingredients.get("inputs") or {}).items()
    return {
        name: ([_read(run, root, key) for root, key, *_ in files[:FIRST]], max(0, len(files) - FIRST))
        for name, files in named
    }


def _read(run: SeenRun, root: str, key: str) -> Read:
    if root == WORKSPACE:
        for step in run.dag.steps:
            for name, pattern in outputs_of(step).items():
                if pattern.match(key) is not None:
                    return Read(key, step.task_id, name)
    return Read(key)


def _spent(workspace: Storage, outcome: Outcome) -> Spent | None:
    lineage = Lineage(attempts={outcome.key: Attempt(outcome, {})})
    try:
        add_spending(lineage, ledgers_of(hook(), workspace))
    except LedgerError:
        return None  # the run's page says what is wrong with it
    return lineage.attempts[outcome.key].spent
