"""What a step or a gate does first that gathers branches: see whether enough of them came to their end.

It starts when all branches have ended; where some may fail, it starts in any case, and looks here.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from platerunner.engine.planning.context import RunContext, left_out
from platerunner.engine.records.branches import load_branches
from platerunner.engine.steps.digest import allowed
from platerunner.engine.steps.endings import FailedError, SkippedError
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.storage import Storage

log = logging.getLogger(__name__)
SHOWN = 10
FAILED = frozenset({"failed", "upstream_failed"})
SUCCESS = "success"
EndsOf = Callable[[str], Mapping[int, str]]
"""Name of a step or gate to how its tasks ended, in Airflow's words, by the place of their branch; -1 for none."""


def check_gathered(pipeline: Pipeline, step: str, run: RunContext, workspace: Storage, ends: EndsOf) -> None:
    """Stop a step or a gate that gathers too few branches.

    :param run: its params.
    :param workspace: knows which branches the run has.
    :param ends: tells how what comes directly before has ended.
    :raises SkippedError: if what it waits for is left out in this run, or had nothing to do.
    :raises FailedError: if more branches failed than the spec tolerates.
    """
    if not pipeline.split or not pipeline.gathers(step):
        return
    if because := left_out(pipeline, run).get(step):
        raise SkippedError(f"{step}: left out, since the `when` of {because} does not hold")
    if not pipeline.split.tolerate:
        return  # its caller has looked
    found = Ends.of({name: ends(name) for name in pipeline.steps[step].upstream}, pipeline)
    tolerated = allowed(pipeline.split.tolerate, len(found.branches))
    names = [branch.value for branch in load_branches(workspace, run.run_id)]
    found.check(step, tolerated, names)


@dataclass(frozen=True, slots=True)
class Ends:
    """How the tasks ended that come directly before.

    :param branches: their places.
    :param failed: those of them in which something failed, or was not reached.
    :param outside: tasks outside of branches that failed.
    :param worked: whether any task did something.
    """

    branches: frozenset[int]
    failed: frozenset[int]
    outside: tuple[str, ...]
    worked: bool

    @classmethod
    def of(cls, states: Mapping[str, Mapping[int, str]], pipeline: Pipeline) -> "Ends":
        """From step or gate to the place of its branch to state."""
        inside = [each for name, each in states.items() if pipeline.in_branches(name)]
        return cls(
            frozenset(index for each in inside for index in each),
            frozenset(index for each in inside for index, state in each.items() if state in FAILED),
            tuple(name for name, each in states.items() if not pipeline.in_branches(name) and each.get(-1) in FAILED),
            any(state == SUCCESS for each in inside for state in each.values()),
        )

    def check(self, step: str, tolerated: int, names: Sequence[str]) -> None:
        """Say what stops the step.

        :param tolerated: branches that may fail.
        :param names: of the branches, by place.
        """
        if self.outside:
            raise FailedError(f"{step} needs {self.outside[0]}, which failed: clear that first")
        which = ", ".join(names[index] for index in sorted(self.failed)[:SHOWN] if 0 <= index < len(names))
        told = f"{len(self.failed)} of {len(self.branches)} branches failed" + (f" ({which})" if which else "")
        if self.failed and (len(self.failed) > tolerated or self.failed == self.branches):
            raise FailedError(f"{step}: {told}, {tolerated or 'none'} may: clear what failed in them")
        if not self.worked:
            raise SkippedError(f"{step}: no branch had anything to do")
        if self.failed:
            log.warning("%s: %s, %d may: it goes on without them", step, told, tolerated)
