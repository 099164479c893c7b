"""How a step waits for raw files that have not arrived: parked, with a look from time to time."""

from dataclasses import dataclass
from datetime import UTC, datetime

PAUSE_S = (10.0, 600.0)
"""Seconds between two looks, at least and at most: each is a LIST of the raw files."""
LOOKS = 20
"""Looks within the time that a step waits, as far as the bounds above allow."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A step's waiting.

    :param limit: seconds in all.
    :param since: when it began, in seconds of the epoch.
    """

    limit: float
    since: float

    def pause(self, now: float) -> float | None:
        """Seconds until the next look; None if the time is over."""
        left = self.since + self.limit - now
        shortest, longest = PAUSE_S
        if left <= 0:
            return None
        # The last look is at the very end, and no event may come within a second of parking; see BatchJobsTrigger.
        return max(min(longest, max(shortest, self.limit / LOOKS), left), shortest / 2)

    @property
    def until(self) -> str:
        """The end, for people."""
        return f"{datetime.fromtimestamp(self.since + self.limit, UTC):%Y-%m-%d %H:%M} UTC"
