"""Why a planned unit stands where it stands: an enum with detail, which becomes text only where people read it."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from platerunner_unit.contract.category import Category


class Why(enum.StrEnum):
    """What kind of reason it is; the words are kept in plan records, so that none may change its meaning."""

    NOTHING = "nothing"
    """There is nothing to say, as of a unit that is done."""
    NEW = "new"
    CHANGED = "changed"
    FAILED_BEFORE = "failed_before"
    FAILED_UNDER_OTHERS = "failed_under_others"
    """It never succeeded, and its inputs or settings have changed since it failed."""
    FORGOTTEN = "forgotten"
    """Somebody asked in this run or an earlier one for it to be done again."""
    RERUN = "rerun"
    """The plan is made for a run that would do it again."""
    OVERWRITTEN = "overwritten"
    OUTPUT_GONE = "output_gone"
    SAME_FILES = "same_files"
    STEP_RENAMED = "step_renamed"
    WAITS = "waits"
    AFTER = "after"
    """A step that runs before it has still to write its inputs."""
    EXCLUDED = "excluded"
    LEFT_OUT = "left_out"
    """The param `only` leaves it for a later run."""
    ELSEWHERE = "elsewhere"
    ARCHIVED = "archived"
    OTHER = "other"
    """A clause of an older version that this one does not know."""


TEXTS: Mapping[Why, str] = {
    Why.NOTHING: "",
    Why.NEW: "new",
    Why.CHANGED: "inputs or settings changed",
    Why.FAILED_BEFORE: "failed before: {categories}",
    Why.FAILED_UNDER_OTHERS: "inputs or settings changed since it failed: {categories}",
    Why.FORGOTTEN: "to be done again, as asked",
    Why.RERUN: "rerun asked",
    Why.OVERWRITTEN: "its outputs were overwritten with other inputs or settings",
    Why.OUTPUT_GONE: "output {detail} is gone",
    Why.SAME_FILES: "its files were written anew with the same content",
    Why.STEP_RENAMED: "done by `{detail}`, as this step was called before",
    Why.WAITS: "waits for {detail}",
    Why.AFTER: "after {detail}",
    Why.EXCLUDED: "{detail}",
    Why.LEFT_OUT: "left for a later run by `only`",
    Why.ELSEWHERE: "runs in the run {detail} now",
    Why.ARCHIVED: "{detail}",
    Why.OTHER: "{detail}",
}
"""Reason to its clause, which stands beside the unit's state and does not repeat it."""
NEVER_DONE = frozenset({Why.NEW, Why.CHANGED, Why.FAILED_UNDER_OTHERS})
"""Why a unit has to run if nothing is stored under its fingerprint."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a unit is in its state; its text is a clause for people.

    :param detail: what it is about: an output's key, a step, a run, or the spec's `because`.
    :param categories: how it failed in earlier attempts, sorted, if the reason is that.
    :param earlier: of a unit that `only` leaves out: what it would be otherwise, if it failed.
    """

    why: Why = Why.NOTHING
    detail: str = ""
    categories: tuple[Category, ...] = ()
    earlier: "Reason | None" = None

    @classmethod
    def of_failures(cls, why: Why, categories: Iterable[Category]) -> Self:
        """The reason of a unit that failed.

        :param categories: of its attempts, in any order.
        """
        return cls(why, categories=tuple(sorted(set(categories), key=str)))

    @property
    def failures(self) -> tuple[Category, ...]:
        """How a unit that is still to be done failed in earlier attempts; empty if it did not."""
        return self.earlier.failures if self.earlier else self.categories

    def left_out(self) -> "Reason":
        """The reason of the same unit if `only` leaves it out, which goes on to say that it failed, if it did."""
        return Reason(Why.LEFT_OUT, earlier=self if self.failures else None)

    def __str__(self) -> str:
        text = TEXTS[self.why].format(detail=self.detail, categories=", ".join(map(str, self.categories)))
        return f"{text}; {self.earlier}" if self.earlier else text


NOTHING = Reason()
