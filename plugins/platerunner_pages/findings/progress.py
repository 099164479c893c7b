"""A step's progress as a sentence: ``4 of 6 wells done, 2 on Batch, since 12:03 UTC, about 20 min left``."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from platerunner.engine.inspect.run_record import Mark, UnitMark
from platerunner_pages.drawing.rendering import duration
from platerunner_pages.known.steps import SeenStep

SEEN = 3
"""Units that must have ended before their pace is used."""
LEFT = {
    Mark.FAILED: "failed",
    Mark.SUBMITTED: "on Batch",
    Mark.PENDING: "to run",
    Mark.WAITING: "waiting",
    Mark.EXCLUDED: "left out",
}


def progress(
    step: SeenStep,
    units: Sequence[UnitMark],
    times: tuple[datetime | None, datetime | None],
    now: datetime | None = None,
) -> str:
    """A step's progress, or how long it took.

    :param times: when its task started and ended.
    :param now: while it goes on; None once it has ended.
    """
    if not units:
        return ""
    counts = Counter(each.mark for each in units)
    done = counts[Mark.SUCCEEDED] + counts[Mark.DONE]
    told = [f"{done:,} of {len(units) - counts[Mark.EXCLUDED]:,} {noun(step, len(units))} done"]
    told += [f"{counts[mark]:,} {word}" for mark, word in LEFT.items() if counts[mark]]
    return ", ".join([*told, *_times(counts, times, now)]) + "."


def noun(step: SeenStep, count: int) -> str:
    """What a step's units are called: ``wells``, ``plate``."""
    word = step.foreach[-1] if step.foreach else "unit"
    return word if count == 1 else f"{word}s"


def _times(counts: Counter[Mark], times: tuple[datetime | None, datetime | None], now: datetime | None) -> list[str]:
    started, ended = times
    if started is None:
        return []
    if now is None:
        return [f"took {duration((ended - started).total_seconds())}"] if ended else []
    since = f"since {started:%H:%M} UTC" if started.date() == now.date() else f"since {started:%Y-%m-%d %H:%M} UTC"
    left = counts[Mark.SUBMITTED] + counts[Mark.PENDING]
    made = counts[Mark.SUCCEEDED] + counts[Mark.FAILED]
    if made < SEEN or not left:
        return [since]
    # Assumes that the rest runs at the rate so far. Machines that Batch adds or takes away change it.
    seconds = (now - started).total_seconds() / made * left
    return [since, f"about {duration(seconds)} left at this pace"]
