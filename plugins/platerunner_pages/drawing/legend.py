"""How a unit's state looks: a colour, and letters for people who cannot tell colours apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from platerunner.engine.inspect.run_record import Mark, UnitMark
from platerunner_unit.contract.category import CATEGORIES, Actor, Category

SENTENCES: Mapping[Mark, str] = {
    Mark.SUCCEEDED: "succeeded in this run",
    Mark.DONE: "done before this run, unchanged since",
    Mark.SUBMITTED: "on Batch: waits for a machine, or runs",
    Mark.PENDING: "to run in this run",
    Mark.WAITING: "waits for its inputs, or is left for a later run",
    Mark.EXCLUDED: "left out by the spec",
    Mark.FAILED: "failed",
}
LETTERS: Mapping[str, str] = {
    "out_of_memory": "M", "out_of_disk": "D", "spot_interrupted": "S", "host_lost": "H", "throttled": "Th",
    "transfer_failed": "Tr", "image_pull_failed": "Pl", "timed_out": "T", "stalled": "St", "input_missing": "I",
    "input_archived": "Ar", "input_unreadable": "U", "pipeline_invalid": "V", "plugin_missing": "Pg", "tool_error": "E",
    "partial": "P", "output_missing": "O", "nothing_matched": "N", "access_denied": "A", "image_not_found": "Im",
    "misconfigured": "C", "stopped_by_user": "X", "unknown": "?",
}  # fmt: skip
"""Category to what is written into its wells."""


@dataclass(frozen=True, slots=True)
class Look:
    """One entry of the legend.

    :param word: state or category; the style sheet has a colour ``--c-<word>`` for each.
    :param letters: drawn into the well; empty for states that are not a failure.
    """

    word: str
    letters: str
    sentence: str

    @property
    def failed(self) -> bool:
        """Whether it is a failure's."""
        return bool(self.letters)


LOOKS: tuple[Look, ...] = (
    *(Look(str(mark), "", text) for mark, text in SENTENCES.items() if mark is not Mark.FAILED),
    *(
        Look(str(category), LETTERS[str(category)], CATEGORIES[category].meaning)
        for category in Category
        if category is not Category.SUCCEEDED
    ),
)
"""Every look; pages and scripts refer to one by its index."""
ACTS: Mapping[Actor | None, str] = {
    None: "State",
    Actor.SCIENTIST: "Failed: the scientist acts",
    Actor.ON_CALL: "Failed: on-call acts",
    Actor.PLATFORM: "Failed: the platform team acts",
    Actor.NOBODY: "Failed: runs again by itself",
}
"""Who acts to the heading of their looks."""


def _actor(look: Look) -> Actor | None:
    return CATEGORIES[Category(look.word)].who if look.failed else None


LEGEND: tuple[tuple[str, tuple[tuple[int, Look], ...]], ...] = tuple(
    (title, tuple((number, look) for number, look in enumerate(LOOKS) if _actor(look) is actor))
    for actor, title in ACTS.items()
)
"""The looks with their numbers, under who acts."""
_NUMBERS = {look.word: number for number, look in enumerate(LOOKS)}


def number_of(unit: UnitMark) -> int:
    """The number of the look that a unit has."""
    return _NUMBERS[str(unit.category or unit.mark)]
