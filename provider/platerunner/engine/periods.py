"""Days, as people write them: `90 d`, `8 w`, `2 y`, or a day like `2026-11-30`.

A connection says with them how long it wants things kept (`retention: {outcomes: 2 y, logs: 90 d}`), and
commands and queries from which day on they look.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

KINDS = ("outcomes", "logs", "runs", "carried", "ledger")
HOLD = "legal-hold"
DAYS = {"d": 1, "w": 7, "y": 365}
LONGEST = 100 * 365
_PERIOD = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]+)?)\s*(\S*)\s*")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept.

    :param periods: kind to time; a kind that is not named is kept for good.
    :param hold: the tag by which a pipeline is kept whole, whatever the periods.
    """

    periods: Mapping[str, timedelta]
    hold: str = HOLD

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Self:
        """From a connection's extra, which was checked."""
        periods = {kind: period(text) for kind, text in told.items() if kind in KINDS}
        return cls(periods, told.get("hold") or HOLD)


def retention_problems(told: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a connection's extra, each with its remedy."""
    for kind, text in told.items():
        if kind == "hold":
            continue
        if kind not in KINDS:
            yield f"retention has no {kind!r}; it takes {', '.join(KINDS)} and hold"
            continue
        try:
            period(text)
        except ValueError as error:
            yield f"retention of {kind}: {error}"


def period(text: str) -> timedelta:
    """How long something is kept.

    :param text: ``90 d``, ``8w``, ``1.5 y``.
    :raises ValueError: if it is no period, under a day, or more than 100 years.
    """
    days = _days(text)
    if days is None:
        raise ValueError(f"{text!r} is no period; write it like 90 d, 8 w or 2 y")
    if days < 1:
        raise ValueError(f"{text!r} is under a day, in which runs may still be at work; write 1 d or more")
    if days > LONGEST:
        raise ValueError(f"{text!r} is more than 100 years; leave it out to keep them for good")
    return timedelta(days=days)


def day_meant(text: str) -> date:
    """A day, or the one so long before today (UTC).

    :param text: ``2026-11-30``, ``30d``, ``2 w``, ``1 y``.
    :raises ValueError: if it is neither, or more than 100 years ago.
    """
    days = _days(text)
    if days is None:
        return date.fromisoformat(text)
    if days > LONGEST:
        raise ValueError(f"{text!r} is more than 100 years ago")
    return datetime.now(UTC).date() - timedelta(days=days)


def _days(text: str) -> float | None:
    found = _PERIOD.fullmatch(text)
    return float(found[1]) * DAYS[found[2]] if found is not None and found[2] in DAYS else None


DAY_FORM = "a day like 2026-11-30, or 30d for 30 days ago"
"""For messages about a text that is no day."""
