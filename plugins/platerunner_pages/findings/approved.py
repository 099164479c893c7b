"""The plate that was approved before, to compare the present one with."""

from collections.abc import Sequence
from dataclasses import dataclass

from platerunner.engine.gates.decisions import Made
from platerunner_pages.drawing.plate_map import label
from platerunner_pages.drawing.rendering import moment
from platerunner_unit.contract.unit_keys import parse_unit_id

COUNTED = ("approved", "rejected")


@dataclass(frozen=True, slots=True)
class Approved:
    """A valid approval of other files than those that a gate asks about.

    :param name: of what was approved, by whom and when.
    :param numbers: as they were shown.
    :param folder: of the gate, where its pictures still are; empty if later ones took their place.
    """

    name: str
    numbers: dict[str, float]
    folder: str = ""


def last_approved(made: Sequence[Made], fingerprint: str, branch: str) -> Approved | None:
    """The newest valid approval; None if nothing else was approved.

    :param made: decisions on the gate, newest first.
    :param fingerprint: of the files that the gate asks about.
    :param branch: that it asks about; empty without a split.
    """
    answered: set[tuple[str, str]] = set()
    for each in made:
        about = (each.fingerprint, each.branch)
        if each.decision.decision not in COUNTED or about in answered or each.fingerprint == fingerprint:
            continue
        answered.add(about)
        if each.decision.decision == "approved":
            return _approved(each, branch)
    return None


def _approved(made: Made, branch: str) -> Approved:
    of = label(made.branch) if made.branch else made.decision.run_id
    name = f"{of}, by {made.decision.user or 'nobody'} on {moment(made.decision.at)}"
    numbers = {name: value for name, value in made.decision.numbers.items() if isinstance(value, int | float)}
    # A gate's pictures lie in the folder of their branch; those of the same branch were written over.
    other = made.branch and made.branch != branch
    folder = f"{'/'.join(parse_unit_id(made.branch).values())}/" if other else ""
    return Approved(name, numbers, folder)
