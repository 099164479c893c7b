"""Estimates for people: amounts of time and money, and a line per step."""

from collections.abc import Callable, Iterator

from platerunner.engine.estimates.model import Amount, RunEstimate, StepEstimate
from platerunner_unit.contract.words import show_number, show_usd

HEAD = ("step", "units", "a unit", "machine time", "USD", "time")
NO_FIGURE = "?"


def cells(step: StepEstimate) -> list[str]:
    """A step as a row under :data:`HEAD`."""
    unit = between(step.unit_s, seconds_text)
    return [step.step, f"{step.units:,}", unit, *_sums(step.machine_s, step.usd, step.wall_s)]


def rows_of(found: RunEstimate) -> list[list[str]]:
    """A run as rows under :data:`HEAD`: its steps, its file system if it makes one, and the total."""
    return [*map(cells, found.steps), *_file_system(found), total(found)]


def _file_system(found: RunEstimate) -> Iterator[list[str]]:
    if each := found.file_system:
        time = NO_FIGURE if each.seconds is None else seconds_text(each.seconds)
        yield [f"storage ({each.kind})", "", "", "", between(each.usd, show_usd), time]


def total(found: RunEstimate) -> list[str]:
    """The whole run as a row under :data:`HEAD`."""
    units = f"{sum(step.units for step in found.steps):,}"
    return ["total", units, "", *_sums(found.machine_s, found.usd, found.wall_s)]


def sentences(found: RunEstimate) -> Iterator[str]:
    """On what the figures stand, and what is not known."""
    for step in found.steps:
        yield f"{step.step}: from {step.basis}" if step.source == "history" else f"{step.step}: {step.basis}"
    if found.file_system:
        yield f"storage: {found.file_system.basis}"
    if found.unread:
        more = f" (and {len(found.unread) - 1} more)" if found.unread[1:] else ""
        yield f"Not all of the history could be read: {found.unread[0]}{more}."
    if found.unpriced:
        yield f"No price is known of {', '.join(found.unpriced)}, which the sum leaves out."


def one_line(step: StepEstimate) -> str:
    """A step in a sentence: ``96 units would take 1.2 h (p90 1.4 h) of machine time, 0.31 USD ...``."""
    if step.source == "nothing":
        return f"what {step.units:,} units would take and cost nobody knows: {step.basis}"
    machine = between(step.machine_s, seconds_text)
    price = f"{between(step.usd, show_usd)} USD" if step.usd.usual is not None else "at no known price"
    return f"{step.units:,} units would take {machine} of machine time, {price} ({step.basis})"


def _sums(machine_s: Amount, usd: Amount, wall_s: float | None) -> list[str]:
    wall = NO_FIGURE if wall_s is None else seconds_text(wall_s)
    return [between(machine_s, seconds_text), between(usd, show_usd), wall]


def between(amount: Amount, text: Callable[[float], str]) -> str:
    """``1.2 (p90 1.4)``; one figure where both are the same."""
    if amount.usual is None:
        return NO_FIGURE
    usual, high = text(amount.usual), text(amount.high if amount.high is not None else amount.usual)
    return usual if usual == high else f"{usual} (p90 {high})"


def seconds_text(seconds: float) -> str:
    """``12 s``, ``3.5 min``, ``2.1 h``."""
    if seconds < 90:
        return f"{show_number(seconds, 3)} s"
    return f"{show_number(seconds / 60, 3)} min" if seconds < 5400 else f"{show_number(seconds / 3600, 3)} h"
