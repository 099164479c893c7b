"""What a review knows, and what it says of a question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platerunner.catalog.model import Module
from platerunner.engine.planning.model import StepPlan
from platerunner.engine.reviews.stack import Stack
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate

SHOWN = 4
"""Names in an answer; a review is read by people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plan says of a question.

    :param text: a sentence.
    :param is_good: False for an answer that a person has to accept; None for a fact that is neither.
    """

    text: str
    is_good: bool | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that a review may answer from.

    :param modules: the catalog.
    :param connection: extras of the connection ``platerunner``; empty if none is known.
    :param plans: of all steps; empty if the pipeline could not be planned.
    :param digests: image to digest; None where no registry gave one.
    :param stack: of Terraform; None if no plan of it was given.
    """

    pipeline: Pipeline
    modules: Mapping[str, Module]
    connection: Mapping[str, Any]
    plans: Sequence[StepPlan]
    digests: Mapping[str, str | None]
    stack: Stack | None

    @property
    def gates(self) -> list[Gate]:
        """The steps that wait for a person."""
        return list(self.pipeline.gates)


def some(names: Iterable[str]) -> str:
    """Names in a sentence: ``a, b``, or ``a, b, c, d and 3 more``."""
    known = list(dict.fromkeys(names))
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return ", ".join(f"`{name}`" for name in known[:SHOWN]) + more


def all_or(lacking: Iterable[str], good: str, bad: str) -> Answer:
    """Good if nothing lacks what is asked; else who does.

    :param bad: begins after the names.
    """
    names = list(lacking)
    return Answer(f"{some(names)}{bad}", is_good=False) if names else Answer(good, is_good=True)
