"""How one stay of a step or a gate ends: it waits for something, or it is over."""

from dataclasses import dataclass
from typing import Any, Protocol

from platerunner.batch.model import BatchError, UnansweredError
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.planning.errors import PlanningError
from platerunner.spec.problems import SpecError
from platerunner.spec.templates import TemplateProblem
from platerunner_unit.contract.storage import AccessDeniedError, NotFoundError

FOR_GOOD = (AccessDeniedError, BatchError, ConnectionProblem, NotFoundError, PlanningError, SpecError, TemplateProblem)
"""What does not get better by trying again; a person has to act."""


class Log(Protocol):
    """Where a person reads what went on: Python's loggers, and Airflow's."""

    def info(self, event: Any, /, *args: Any) -> Any:
        """For people who read the log."""

    def warning(self, event: Any, /, *args: Any) -> Any:
        """For who may have to act."""

    def error(self, event: Any, /, *args: Any) -> Any:
        """For the person who has to act."""


class FailedError(Exception):
    """It failed, and a retry does not help; the message says what to do."""


def is_for_good(error: Exception) -> bool:
    """Whether a retry would not help."""
    return isinstance(error, (FailedError, *FOR_GOOD)) and not isinstance(error, UnansweredError)


class SkippedError(Exception):
    """There is nothing to do; the message says why."""


@dataclass(frozen=True, slots=True)
class AwaitFiles:
    """Raw files may still arrive.

    :param seconds: to the next look.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class AwaitRestore(AwaitFiles):
    """Objects come back from an archive.

    :param sample: addresses of some of them: while they are not all there, nobody needs to look at the others.
    :param below: what the addresses of all begin with.
    """

    sample: tuple[str, ...] = ()
    below: str = ""


@dataclass(frozen=True, slots=True)
class AwaitJobs:
    """Jobs have not ended.

    :param jobs: ids of the step's own.
    :param foreign: ids of other runs' that have units of it going: not ours to end.
    """

    jobs: tuple[str, ...]
    foreign: tuple[str, ...] = ()
