"""What the reasons of planned units tell: they are for people, and kept in plan records, so older ones are read too."""

import re

from platerunner_unit.contract.category import Category

FAILED_BEFORE = "failed before: "
FAILED_UNDER_OTHERS = "inputs or settings changed since it failed: "
LEFT_OUT = "left for a later run by `only`"
_FAILED = re.compile(f"(?:{FAILED_BEFORE}|{FAILED_UNDER_OTHERS})([a-z_]+(?:, [a-z_]+)*)$")


def failed_before(reason: str) -> tuple[Category, ...]:
    """How a unit that is still to be done failed in earlier attempts; empty if it did not.

    :param reason: of a pending or waiting unit's plan.
    """
    found = _FAILED.search(reason)
    return tuple(Category(word) for word in found[1].split(", ")) if found else ()


def left_out(reason: str) -> str:
    """The reason of a unit that `only` leaves out, which goes on to say that it failed, if it did.

    :param reason: without `only`.
    """
    return f"{LEFT_OUT}; {reason}" if failed_before(reason) else LEFT_OUT
