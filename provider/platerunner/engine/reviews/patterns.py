"""The patterns that a review knows, and which of them a spec uses, where."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from platerunner.documents.problems import DocumentError, suggest
from platerunner.documents.reader import read
from platerunner.engine.reviews.from_spec import files_beside, modules_of
from platerunner.engine.reviews.known import Known
from platerunner.spec.model import OnConfig, OnUpload
from platerunner.spec.steps import Step

FILE = Path(__file__).with_name("patterns.yaml")
Status = Literal["approved", "trial", "deprecated"]
STATUSES = ("approved", "trial", "deprecated")


class PatternsError(Exception):
    """A file of statuses cannot be used; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that a pattern asks of its users.

    :param area: ``security``, ``availability``, ``deployment``, ``reproducibility`` or ``quality``.
    :param asks: without its question mark.
    :param who: can answer what a plan does not tell.
    """

    name: str
    area: str
    asks: str
    who: str


@dataclass(frozen=True, slots=True)
class ReviewPattern:
    """A way of building pipelines that is reviewed once for all of them."""

    name: str
    title: str
    means: str
    status: Status
    questions: tuple[Question, ...]


@cache
def known_patterns() -> Mapping[str, ReviewPattern]:
    """Those that are shipped, by name."""
    data = read(FILE).data
    questions = {name: Question(name, **each) for name, each in data["questions"].items()}
    return {
        name: ReviewPattern(name, **{**each, "questions": tuple(questions[asked] for asked in each["questions"])})
        for name, each in data["patterns"].items()
    }


def under(statuses: Path) -> Mapping[str, ReviewPattern]:
    """The patterns with the statuses of a platform's own file.

    :param statuses: YAML, ``patterns: {own_programs: approved}``.
    :raises PatternsError: if it is not of that form.
    """
    known = known_patterns()
    try:
        said = read(statuses).data["patterns"].items()
    except (DocumentError, KeyError, TypeError, AttributeError) as error:
        raise PatternsError(f"{statuses}: write `patterns: {{own_programs: approved}}`: {error}") from error
    for name, status in said:
        if name not in known:
            raise PatternsError(f"{statuses}: no pattern is called `{name}`. {suggest(name, known, 'patterns')}")
        if status not in STATUSES:
            raise PatternsError(f"{statuses}: `{name}` is approved, trial or deprecated, not {status!r}")
    return {**known, **{name: replace(known[name], status=status) for name, status in said}}


def uses(known: Known) -> dict[str, list[str]]:
    """Pattern to the places of the spec that use it; those that nothing uses are left out."""
    found = {name: list(dict.fromkeys(places(known))) for name, places in _PLACES.items()}
    return {name: places for name, places in found.items() if places}


def _steps(is_one: Callable[[Step], object]) -> Callable[[Known], Iterable[str]]:
    return lambda known: [_step(known, step.name) for step in known.pipeline.modules if is_one(step)]


def _step(known: Known, name: str) -> str:
    return f"{name} ({known.pipeline.place(('steps', name))})"


def _key(name: str, is_one: Callable[[Known], object]) -> Callable[[Known], Iterable[str]]:
    return lambda known: [known.pipeline.place(tuple(name.split(".")))] if is_one(known) else []


_PLACES: Mapping[str, Callable[[Known], Iterable[str]]] = {
    "batch_pipeline": lambda known: [str(known.pipeline.path)],
    "array": _steps(lambda step: step.foreach),
    "gather": _steps(lambda step: not step.foreach and any(ref.steps for ref in step.inputs.values())),
    "transient_storage": _steps(lambda step: step.outputs),
    "spot": _steps(lambda step: step.resources.capacity == "spot"),
    "split": _key("split", lambda known: known.pipeline.split),
    "gate": lambda known: [_step(known, each.name) for each in known.gates if not each.budget and not each.restore],
    "budget": lambda known: [_step(known, gate.name) for gate in known.gates if gate.budget],
    "scheduled": _key(
        "schedule",
        lambda known: known.pipeline.schedule and not isinstance(known.pipeline.schedule, OnUpload | OnConfig),
    ),
    "on_upload": _key("schedule", lambda known: isinstance(known.pipeline.schedule, OnUpload | OnConfig)),
    "archive": _key("dataset.restore", lambda known: known.pipeline.dataset.restore),
    "messages": _key("notify", lambda known: known.pipeline.notify),
    "special_hosts": _steps(lambda step: step.resources.pool or step.resources.gpus),
    "carried": lambda known: [
        _step(known, step.name)
        for step in known.pipeline.modules
        if any(known.modules[name].carries for name in modules_of(step))
    ],
    "own_programs": lambda known: [_step(known, step.name) for step, _ in files_beside(known)],
    "foreign_data": _key("dataset.root", lambda known: "data_root" not in known.pipeline.dataset.root),
}
