"""A step's plan: which units there are, and which of them have to run."""

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from platerunner.catalog.model import Resources
from platerunner.engine.planning.reasons import NOTHING, Reason
from platerunner_unit.contract.manifest import LoadData, UnitTask
from platerunner_unit.contract.unit_keys import Kept

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class UnitState(enum.StrEnum):
    """Where a unit stands before anything runs."""

    DONE = "done"
    PENDING = "pending"
    WAITING = "waiting"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """A unit of a plan.

    :param unit: its id.
    :param values: its ``foreach`` wildcards.
    :param fingerprint: hash of everything that decides its result; empty if it is excluded.
    :param state: whether it has to run.
    :param reason: why; its text is a clause: ``new``, ``waits for illum_calc.illum``, ``out of focus``.
    :param done_by: step and fingerprint of the outcome that makes it done, if it is stored under others than its own.
    :param renamed: input name to the wildcards whose values go by other names than in the keys.
    :param make_task: makes what the container gets; a plan of 100,000 units has no room for all of these at once.
    """

    unit: str
    values: dict[str, Any]
    fingerprint: str
    state: UnitState
    reason: Reason = NOTHING
    done_by: tuple[str, str] | None = None
    renamed: Mapping[str, tuple[str, ...]] = field(default=_NOTHING, kw_only=True, repr=False, compare=False)
    make_task: "Callable[[PlannedUnit], UnitTask]" = field(kw_only=True, repr=False, compare=False)

    @classmethod
    def of(cls, task: UnitTask, state: UnitState, reason: Reason = NOTHING) -> Self:
        """A unit whose task somebody has already."""
        return cls(task.unit, task.values, task.fingerprint, state, reason, make_task=lambda _: task)

    @property
    def task(self) -> UnitTask:
        """What the container gets, made again each time."""
        return self.make_task(self)


@dataclass(frozen=True, slots=True)
class StepPlan:
    """All units of a step, in natural order of their ids.

    :param step: its name.
    :param listed: objects that matched, by input name, for messages.
    :param notes: what a person should know of how the plan came about, as sentences.
    :param absent: what the dataset is asked for by name and has no file of, such as ``plate P3``.
    :param overwritten: units and successes of theirs whose outputs a later success with another fingerprint overwrote.
    """

    step: str
    units: tuple[PlannedUnit, ...]
    listed: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    overwritten: tuple[tuple[str, Kept], ...] = field(default=(), repr=False, compare=False)
    absent: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """State word to number of units; every state is there."""
        result = dict.fromkeys((str(s) for s in UnitState), 0)
        for unit in self.units:
            result[unit.state] += 1
        return result

    def of(self, state: UnitState) -> list[PlannedUnit]:
        """All units in a state."""
        return [unit for unit in self.units if unit.state is state]

    def tasks(self, state: UnitState) -> Iterator[UnitTask]:
        """The tasks of all units in a state, one after the other."""
        return (unit.task for unit in self.units if unit.state is state)


@dataclass(frozen=True, slots=True)
class StepSettings:
    """A step as it runs under given params: templates rendered, overrides applied, catalog looked up; no units yet.

    :param module: catalog name.
    :param tool: ``cellprofiler`` or ``command``.
    :param params: rendered ``with`` without files.
    :param files: parameter name to (name as the tool sees it, absolute path) of each file.
    :param folders: the parameters among them that stand for a folder.
    :param image: as the spec or the catalog names it.
    :param load_data: how inputs become CellProfiler's LoadData; None for other tools.
    :param allow_flagged: whether image sets may be missing that FlagImage skips.
    :param leave_out: input files without which a unit goes on; see :attr:`platerunner.spec.steps.Step.leave_out`.
    :param planes: of the inputs whose files have several; see :attr:`platerunner.spec.steps.Step.planes`.
    :param resources: what a unit asks of Batch at its first attempt.
    :param naming: the parameters that name a value of a wildcard of the inputs, with that wildcard.
    :param carries: whether a unit's program leaves a folder for its next attempt.
    """

    step: str
    module: str
    tool: str
    image: str
    argv: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    load_data: LoadData | None = None
    allow_flagged: bool = False
    planes: Mapping[str, Mapping[str, tuple[str, ...] | None]] = field(default_factory=dict)
    leave_out: Mapping[str, float | int] = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    naming: Mapping[str, str] = field(default_factory=dict)
    carries: bool = False
