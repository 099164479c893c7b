"""What a valid spec says, frozen: the only form in which the rest of Platerunner sees a pipeline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from platerunner.documents.problems import Problem
from platerunner.documents.source import Keys
from platerunner.documents.source import Position as Position  # for those who read only the model
from platerunner.spec.dataset import Dataset
from platerunner.spec.steps import START, Gate, Step

AT_ONCE = 8
"""Runs that files or keys have started and that go on at the same time, if the spec says nothing else."""


@dataclass(frozen=True, slots=True)
class OnAssets:
    """Start when assets have been updated.

    :param assets: names or URIs; all of them.
    :param by: the param that each key of their events is to a run of its own; empty for runs that heed no key.
    :param at_once: such runs that go on at the same time.
    """

    assets: tuple[str, ...]
    by: str = ""
    at_once: int = AT_ONCE


QUIET, AT_LATEST = "10 min", "6 h"
"""When a pipeline starts that waits for files, if the spec says nothing else."""


@dataclass(frozen=True, slots=True)
class OnUpload:
    """Start when files have arrived.

    :param prefix: ``s3://bucket/prefix/``.
    :param quiet: seconds without a further file.
    :param at_latest: seconds from the first file, however many more come.
    :param pattern: of the keys that count, if not all do. Each combination of its wildcards' values starts a run, to
        which they are params.
    :param at_once: such runs that go on at the same time.
    """

    prefix: str
    quiet: float
    at_latest: float
    pattern: str = ""
    at_once: int = AT_ONCE

    @property
    def by_values(self) -> bool:
        """Whether runs get params from the names of files."""
        return "{" in self.pattern


@dataclass(frozen=True, slots=True)
class OnConfig:
    """Start when a file has arrived that says with which params.

    :param prefix: ``s3://bucket/prefix/``, where such files are uploaded.
    :param at_once: runs that go on at the same time.
    """

    prefix: str
    at_once: int = AT_ONCE


@dataclass(frozen=True, slots=True)
class Message:
    """One way of telling something.

    :param kind: ``slack``, ``slack_webhook``, ``email`` or ``sns``.
    :param options: as the spec has them.
    """

    kind: str
    options: Mapping[str, Any]
    position: Position = START


Event = Literal["on_failure", "on_retry", "on_gate", "on_success", "on_deadline", "on_job", "on_rejected"]
"""Events that may send messages."""


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
class FastStorage:
    """A file system that each run has for itself.

    :param kind: ``fsx`` or ``efs``.
    :param data: ``s3://bucket/prefix`` whose files come through it (templated).
    :param capacity: GiB; 0 where it grows by itself.
    """

    kind: str
    data: str
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A whole spec.

    :param params: name to JSON Schema with ``default`` and ``description``: the trigger form.
    :param schedule: what starts it; None for nothing but people and programs.
    :param notify: which events send messages, to whom.
    :param deadline: seconds from its queueing within which a run should have ended; None for no such time.
    :param workspace: URL or folder (templated).
    :param steps: in an order in which every step comes after what it needs.
    :param path: the spec's file.
    :param split: None if everything flows together.
    :param parts: files that it includes, in the order of :attr:`Position.file`.
    :param warnings: what is probably not meant.
    :param timezone: of a cron expression in ``schedule``.
    :param places: where its keys are written, down to a depth.
    :param storage: the file system that each run makes for itself; None for none.
    """

    name: str
    title: str
    owner: str
    workspace: str
    dataset: Dataset
    steps: Mapping[str, Step | Gate]
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    schedule: str | OnAssets | OnUpload | OnConfig | None = None
    notify: Mapping[Event, tuple[Message, ...]] = field(default_factory=dict)
    deadline: float | None = None
    description: str = ""
    path: Path = Path()
    split: Split | None = None
    parts: tuple[Path, ...] = ()
    warnings: tuple[Problem, ...] = ()
    timezone: str = "UTC"
    places: Mapping[Keys, Position] = field(default_factory=dict)
    storage: FastStorage | None = None

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
    def runs_at_once(self) -> int:
        """Runs that go on at the same time: several only where each has params of its own from what starts it."""
        match self.schedule:
            case OnConfig(at_once=number):
                return number
            case OnUpload(by_values=True, at_once=number):
                return number
            case OnAssets(by=by, at_once=number) if by:
                return number
        return 1

    @property
    def modules(self) -> Iterator[Step]:
        """The steps that run units, without the gates."""
        return (step for step in self.steps.values() if isinstance(step, Step))

    @property
    def gates(self) -> Iterator[Gate]:
        """The steps that wait for a person."""
        return (step for step in self.steps.values() if isinstance(step, Gate))

    @property
    def price_gates(self) -> frozenset[str]:
        """Names of the gates that ask about the price of a run, before anything is paid."""
        return frozenset(gate.name for gate in self.gates if gate.budget or gate.restore)
