"""What a program says beside its outputs: notes of the unit's outcome, which a person reads with its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from platerunner_unit.imaging.unit import Unit

SHOWN = 5


def write_notes(unit: Unit, notes: Iterable[str]) -> None:
    """Add notes to the unit's outcome, and print them.

    :param notes: one sentence each.
    """
    lines = list(notes)
    for line in lines:
        print(line)
    if unit.notes and lines:
        with unit.notes.open("a", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines)


def listed(names: Sequence[str], noun: str) -> str:
    """How many, and the first of them: ``12 features (a, b, c, d, e and 7 more)``."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {noun}{'s' if len(names) != 1 else ''} ({', '.join(names[:SHOWN])}{more})"
