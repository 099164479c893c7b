"""What a valid spec says, frozen: the only form in which the rest of Platerunner sees a pipeline."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from platerunner.catalog.model import Resources
from platerunner.documents.problems import Problem
from platerunner.documents.source import Keys
from platerunner.documents.source import Position as Position  # for those who read only the model
from platerunner.spec.dataset import Dataset
from platerunner.spec.settings import LoadDataMapping, Override, Retry

_TOP = Position(1, 1)


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
    """

    name: str
    pattern: str
    source: str | None = None
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    at_least: int | None = None
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnAssets:
    """Start when assets have been updated.

    :param assets: names or URIs; all of them.
    """

    assets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OnUpload:
    """Start when files have arrived.

    :param prefix: ``s3://bucket/prefix/``.
    :param quiet: seconds without a further file.
    :param at_latest: seconds from the first file, however many more come.
    """

    prefix: str
    quiet: float
    at_latest: float


@dataclass(frozen=True, slots=True)
class Message:
    """One way of telling something.

    :param kind: ``slack``, ``slack_webhook``, ``email`` or ``sns``.
    :param options: as the spec has them.
    """

    kind: str
    options: Mapping[str, Any]
    position: Position = _TOP


Event = Literal["on_failure", "on_retry", "on_gate", "on_success", "on_deadline"]
"""What may be told."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a module fanned out over wildcards.

    :param module: name in the catalog.
    :param foreach: the wildcards that make a unit; empty for a single unit.
    :param with_: the module's parameters (templated).
    :param needs: steps and gates to wait for besides those that ``inputs`` name.
    :param tolerate: failed units allowed before the step fails: a share (``0 <= x < 1``) or a count (int); 0 for none.
    :param allow_flagged: whether image sets may be missing that FlagImage skips.
    :param waiting_for: seconds to wait for raw files that have not arrived.
    :param cost_tags: of the step's jobs, besides the connection's.
    :param when: Jinja expression template over ``params``: the step is skipped if it does not hold; None for always.
    :param every: wildcard to n: only every nth of its values counts.
    :param assets: Airflow assets that its success updates, by name or URI.
    :param own: of the wildcards of ``foreach``, those of which the spec says the values: a list, ``{range: [...]}``, or
        a template that gives a list.
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
    assets: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    title: str = ""
    position: Position = _TOP
    own: Mapping[str, Any] = field(default_factory=dict)

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
    :param assets: Airflow assets that passing it updates, by name or URI.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    show: Mapping[str, str | InputRef]
    checks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    approvers: tuple[str, ...] = ()
    timeout: float | None = None
    position: Position = _TOP
    report: str | None = None
    assets: tuple[str, ...] = ()

    @property
    def upstream(self) -> tuple[str, ...]:
        """Steps and gates that come directly before: only its report, if it has one, since that waits for all."""
        refs = [ref for ref in self.show.values() if isinstance(ref, InputRef)]
        return (self.report,) if self.report else _upstream(refs, self.needs)


@dataclass(frozen=True, slots=True)
class Split:
    """What makes each value of a wildcard flow on its own, in a branch.

    :param wildcard: of the dataset's files.
    :param steps: the steps and gates that every branch has for itself.
    :param tolerate: branches that may fail before what gathers them is held back: a share or a count (int); 0 for none.
    """

    wildcard: str
    steps: frozenset[str]
    tolerate: float | int = 0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A whole spec.

    :param params: name to JSON Schema with ``default`` and ``description``: the trigger form.
    :param schedule: what starts it; None for nothing but people and programs.
    :param notify: what is told, and how.
    :param deadline: seconds from its queueing within which a run should have ended; None for no such time.
    :param workspace: URL or folder (templated).
    :param steps: in an order in which every step comes after what it needs.
    :param path: the spec's file.
    :param split: None if everything flows together.
    :param parts: files that it includes, in the order of :attr:`Position.file`.
    :param warnings: what is probably not meant.
    :param timezone: of a cron expression in ``schedule``.
    :param places: where its keys are written, but for those that lie deep.
    """

    name: str
    title: str
    owner: str
    workspace: str
    dataset: Dataset
    steps: Mapping[str, Step | Gate]
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    schedule: str | OnAssets | OnUpload | None = None
    notify: Mapping[Event, tuple[Message, ...]] = field(default_factory=dict)
    deadline: float | None = None
    description: str = ""
    path: Path = Path()
    split: Split | None = None
    parts: tuple[Path, ...] = ()
    warnings: tuple[Problem, ...] = ()
    timezone: str = "UTC"
    places: Mapping[Keys, Position] = field(default_factory=dict)

    def place(self, keys: Keys) -> str:
        """File and line of a key, for people: ``specs/cells.yaml:14``; of the nearest one around it if that is unknown.

        :param keys: from the top, such as ``("dataset", "files", "raw")``.
        """
        while keys and keys not in self.places:
            step = self.steps.get(str(keys[1])) if len(keys) == 2 and keys[0] == "steps" else None
            if step is not None and step.position is not None:
                return self._file_and_line(step.position)  # the report of a gate stands where the gate does
            keys = keys[:-1]
        return self._file_and_line(self.places[keys]) if keys else str(self.path)

    def _file_and_line(self, at: Position) -> str:
        return f"{self.parts[at.file - 1] if at.file else self.path}:{at.line}"

    def in_branches(self, step: str) -> bool:
        """Whether every branch has a step or a gate for itself."""
        return self.split is not None and step in self.split.steps

    @property
    def split_task(self) -> str:
        """Id of the task that finds the branches; no step can have it, for none has one hyphen alone in its name."""
        return f"split-by-{self.split.wildcard}" if self.split else ""

    def gathers(self, step: str) -> bool:
        """Whether a step or a gate outside of branches waits for some that are inside."""
        return not self.in_branches(step) and any(map(self.in_branches, self.steps[step].upstream))

    @property
    def modules(self) -> Iterator[Step]:
        """The steps that run units, without the gates."""
        return (step for step in self.steps.values() if isinstance(step, Step))


def _upstream(refs: Iterable[InputRef], needs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(step for ref in refs for step in ref.steps), *needs]))
