"""Which tasks a run has, how they stand, and which may start: Airflow's rules and Airflow's words, without Airflow."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from platerunner.spec.model import Pipeline

SUCCESS, FAILED, SKIPPED, NOT_REACHED = "success", "failed", "skipped", "upstream_failed"
ENDED = frozenset({SUCCESS, FAILED, SKIPPED, NOT_REACHED})
BAD = frozenset({FAILED, NOT_REACHED})


class Task(NamedTuple):
    """A task of a run.

    :param name: of the step or gate, or of the task that finds the branches.
    :param branch: the place of its branch; -1 for none, or while nobody knows the branches.
    """

    name: str
    branch: int = -1


class RunGraph:
    """The tasks of one run.

    :param pipeline: the spec.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._states: dict[str, dict[int, str]] = {}
        self._branches: int | None = None

    def open_branches(self, count: int) -> None:
        """Let each branch have its tasks.

        :param count: of branches.
        """
        self._branches = count

    def set(self, task: Task, state: str) -> None:
        """Note how a task stands.

        :param state: Airflow's word.
        """
        self._states.setdefault(task.name, {})[task.branch] = state

    def states(self) -> dict[str, dict[int, str]]:
        """Name to place of the branch to Airflow's word, of all that have started or will not."""
        return {name: dict(found) for name, found in self._states.items()}

    def ends(self, name: str) -> Mapping[int, str]:
        """How the tasks of a step or gate stand."""
        return dict(self._states.get(name, {}))

    def start(self) -> list[Task]:
        """The tasks that may start now, which count as queued from now on; what will never start is noted as such."""
        started: list[Task] = []
        while found := [(task, said) for task in self._open() if (said := self._rule(task))]:
            for task, said in found:
                self.set(task, said)
                if said == "queued":
                    started.append(task)
        return started

    def state(self) -> str | None:
        """``success`` or ``failed`` by the tasks that come last, as Airflow judges a run; None while it goes on."""
        if next(self._open(), None) or any(
            state not in ENDED for each in self._states.values() for state in each.values()
        ):
            return None
        before = {name for step in self._pipeline.steps.values() for name in step.upstream}
        last = {state for name in self._pipeline.steps if name not in before for state in self._states[name].values()}
        return FAILED if last & BAD else SUCCESS

    def _open(self) -> Iterator[Task]:
        """The tasks without a state."""
        if self._pipeline.split and not self._states.get(self._pipeline.split_task):
            yield Task(self._pipeline.split_task)
        for name in self._pipeline.steps:
            for index in self._places(name):
                if index not in self._states.get(name, {}):
                    yield Task(name, index)

    def _places(self, name: str) -> range:
        """Places of the branches in which a step or gate is; -1 alone outside, or while they are not known."""
        inside = self._pipeline.in_branches(name) and self._branches is not None
        return range(self._branches or 0) if inside else range(-1, 0)

    def _rule(self, task: Task) -> str | None:
        """``queued``, a word for what will never start, or None for what has to wait."""
        before = self._before(task)
        if task.name in self._pipeline.steps and self._pipeline.split and self._pipeline.gathers(task.name):
            return self._gathering(before)
        if any(state in BAD for state in before):
            return NOT_REACHED
        if SKIPPED in before:
            return SKIPPED
        return "queued" if all(state == SUCCESS for state in before) else None

    def _gathering(self, before: list[str]) -> str | None:
        """Why a step behind branches cannot run: branches with nothing to do stop nothing, and some may fail."""
        assert self._pipeline.split is not None
        over = all(state in ENDED for state in before)
        if self._pipeline.split.tolerate:
            return "queued" if over else None
        if any(state in BAD for state in before):
            return NOT_REACHED
        if not over:
            return None
        return "queued" if SUCCESS in before else SKIPPED

    def _before(self, task: Task) -> list[str]:
        """The states of all that comes directly before; empty for what has not started."""
        if task.name not in self._pipeline.steps:
            return []
        found = []
        inside = self._pipeline.in_branches(task.name)
        if inside:
            found.append(self._states.get(self._pipeline.split_task, {}).get(-1, ""))
        for name in self._pipeline.steps[task.name].upstream:
            shared = inside and self._pipeline.in_branches(name)
            states = self._states.get(name, {})
            found += [states.get(index, "") for index in ([task.branch] if shared else self._places(name))]
        return found
