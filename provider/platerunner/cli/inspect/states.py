"""The states of a run's tasks as the engine reports them, and each step's as one word."""

from collections.abc import Mapping

from platerunner.engine.gates.asked import WAITING
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate

TaskStates = Mapping[str, Mapping[str, str]]
"""Task id to map index, as text, to Airflow's word; the index of what is in no branch is -1."""

PARKED = frozenset(WAITING)
"""What a gate's task is in while it asks; the second is Airflow 3.2's word."""

_ACTIVE = frozenset({"running", "deferred", "up_for_retry", "up_for_reschedule", "queued", "scheduled", "restarting"})

# A step in branches is in the first of these states that one of its tasks is in: what somebody has to look at comes
# before what goes on, and that before what has ended.
_ORDER = (
    "awaiting_input", "running", "deferred", "up_for_retry", "queued", "scheduled", "failed", "upstream_failed",
    "success", "skipped",
)  # fmt: skip


def overall(states: TaskStates) -> dict[str, str]:
    """Task id to the state that stands for all its branches."""
    return {task: _one(set(found.values())) for task, found in states.items()}


def asking(pipeline: Pipeline, states: TaskStates) -> set[tuple[str, int]]:
    """The gates that ask, each with its map index."""
    return {
        (name, int(index))
        for name, found in states.items()
        for index, state in found.items()
        if state in PARKED and isinstance(pipeline.steps.get(name), Gate)
    }


def goes_on(pipeline: Pipeline, states: TaskStates) -> bool:
    """Whether anything happens while nobody answers the gates that ask.

    Airflow 3.2's ``dag.test()`` does nothing else while a gate is deferred.
    """
    if any(states[name][str(index)] == "deferred" for name, index in asking(pipeline, states)):
        return False
    return any(state in _ACTIVE for found in states.values() for state in found.values())


def _one(words: set[str]) -> str:
    return next((word for word in _ORDER if word in words), min(words, default=""))
