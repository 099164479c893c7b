"""The steps and gates of a valid spec, frozen, with what each reads, writes and waits for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from platerunner.catalog.model import Resources
from platerunner.documents.source import Position
from platerunner.spec.dataset import Restore
from platerunner.spec.settings import Batch, Budget, LoadDataMapping, Override, Retry
from platerunner_unit.contract.unit_keys import marker_of

START = Position(1, 1)
"""Where something stands that no file has."""
ALL = -1
"""A value of :attr:`Step.tolerate`: every unit may fail."""


@dataclass(frozen=True, slots=True)
class Member:
    """A step of a matrix, and the values that it stands for.

    :param values: pairs of name and value; those in which all members that are meant agree are left out.
    """

    step: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class InputRef:
    """Where an input comes from.

    :param source: ``dataset``, the name of a step, or ``workspace`` for a gate's own key pattern.
    :param name: of the file set or of the output, or the key pattern.
    :param members: the steps of a matrix whose files the input has together; then no step is called ``source``.
    :param pattern: of the keys of these files, with the matrix's names as wildcards.
    """

    source: str
    name: str
    members: tuple[Member, ...] = ()
    pattern: str = ""

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that write the files; none for files of the dataset and of the workspace's own patterns."""
        if self.members:
            return tuple(member.step for member in self.members)
        return () if self.source in {"dataset", "workspace"} else (self.source,)

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"


@dataclass(frozen=True, slots=True)
class Output:
    """A named output of a step.

    :param pattern: key pattern relative to the workspace.
    :param source: pattern of the tool's own file names relative to its output folder; None if like the pattern's end.
    :param ranges: wildcard to (first, last), both included, for wildcards that no input supplies.
    :param at_least: how many files an open output must have; None if the number follows from the inputs.
    :param named: wildcard to its values, for further wildcards that no input supplies.
    :param folder: whether it is a folder that is one thing, such as an OME-Zarr.
    """

    name: str
    pattern: str
    source: str | None = None
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    at_least: int | None = None
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folder: bool = False

    @property
    def key_pattern(self) -> str:
        """Pattern of the keys that stand for it: of a folder, those of the marker that is written last."""
        return marker_of(self.pattern) if self.folder else self.pattern


@dataclass(frozen=True, slots=True)
class StepAsset:
    """An Airflow asset that a success updates.

    :param name: or URI.
    :param by: wildcard or param whose values are the keys of its events; empty for an event without one.
    """

    name: str
    by: str = ""
    position: Position = START


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a module fanned out over wildcards.

    :param module: name in the catalog.
    :param foreach: the wildcards that make a unit; empty for a single unit.
    :param with_: the module's parameters (templated).
    :param needs: steps and gates to wait for besides those that ``inputs`` name.
    :param tolerate: failed units allowed before the step fails: a share (``0 <= x < 1``) or a count (int); 0 for none,
        :data:`ALL` for every one.
    :param allow_flagged: whether image sets may be missing that FlagImage skips.
    :param batch: how many units run in one job; None for one.
    :param waiting_for: seconds to wait for raw files that have not arrived.
    :param cost_tags: of the step's jobs, besides the connection's.
    :param when: Jinja expression template over ``params``: the step is skipped if it does not hold; None for always.
    :param every: wildcard to n: only every nth of its values counts.
    :param assets: Airflow assets that its success updates.
    :param own: the wildcards of ``foreach`` whose values the spec gives: a list, ``{range: [...]}``,
        ``{table: ..., column: ..., folder: ...}``, or a template that gives a list.
    :param leave_out: of input files that cannot be read (``unreadable``), the share or number without which a unit goes
        on.
    :param limits: name to how many jobs of all that have it run at once.
    :param planes: of the inputs whose files have several, axis to its values; None for all that a file has.
    """

    name: str
    module: str
    foreach: tuple[str, ...]
    inputs: Mapping[str, InputRef]
    outputs: Mapping[str, Output]
    with_: Mapping[str, Any] = field(default_factory=dict)
    load_data: LoadDataMapping | None = None
    needs: tuple[str, ...] = ()
    image: str | None = None
    resources: Resources = field(default_factory=Resources)
    retry: Retry = field(default_factory=Retry)
    tolerate: float | int = 0
    allow_flagged: bool = False
    waiting_for: float = 0.0
    cost_tags: Mapping[str, str] = field(default_factory=dict)
    when: str | None = None
    every: Mapping[str, int] = field(default_factory=dict)
    assets: tuple[StepAsset, ...] = ()
    overrides: tuple[Override, ...] = ()
    title: str = ""
    position: Position = START
    own: Mapping[str, Any] = field(default_factory=dict)
    batch: Batch | None = None
    planes: Mapping[str, Mapping[str, tuple[str, ...] | None]] = field(default_factory=dict)
    leave_out: Mapping[str, float | int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def upstream(self) -> tuple[str, ...]:
        """Steps and gates that come directly before, without repeats, in order of appearance."""
        return _upstream(self.inputs.values(), self.needs)

    def under(self, override: Override) -> "Step":
        """The step with an override in force.

        Under another module nothing of the step's own ``with``, ``load_data`` and image holds; under the same one, keys
        of the override's ``with`` replace the step's.
        """
        other = override.module not in {None, self.module}
        return replace(
            self,
            module=override.module or self.module,
            with_=override.with_ if other else {**self.with_, **override.with_},
            load_data=override.load_data if other else override.load_data or self.load_data,
            image=override.image if other else override.image or self.image,
            resources=replace(override.resources or self.resources, **override.asks),
            overrides=(),
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """A step that blocks until a person approves.

    :param title: what is asked.
    :param show: label to key pattern (globs allowed) of pictures and files to look at, or to an :class:`InputRef`.
    :param needs: steps to wait for.
    :param approvers: user names or ids, and groups of them, that may answer; empty for everybody who may edit the DAG.
    :param timeout: seconds after which the gate fails; None for never.
    :param report: the step that makes the contact sheet of what is shown; None if nothing is shown.
    :param assets: Airflow assets that passing it updates.
    :param budget: what it compares with the estimate of the run, if that is what it is about, and not files.
    :param restore: the same of a restore from an archive, and its price.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    show: Mapping[str, str | InputRef]
    checks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    approvers: tuple[str, ...] = ()
    timeout: float | None = None
    position: Position = START
    report: str | None = None
    assets: tuple[StepAsset, ...] = ()
    budget: Budget | None = None
    restore: Restore | None = None

    @property
    def upstream(self) -> tuple[str, ...]:
        """Steps and gates that come directly before: only its report, if it has one, since that waits for all."""
        refs = [ref for ref in self.show.values() if isinstance(ref, InputRef)]
        return (self.report,) if self.report else _upstream(refs, self.needs)


def _upstream(refs: Iterable[InputRef], needs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(step for ref in refs for step in ref.steps), *needs]))
