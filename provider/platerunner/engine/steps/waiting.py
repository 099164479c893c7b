"""How a step waits for raw files that have not arrived: parked, with a look from time to time."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from platerunner.engine.records.codec import Kind, encode, read
from platerunner.engine.records.step_state import StateFile
from platerunner_unit.contract.keys import waiting_key
from platerunner_unit.contract.storage import NotFoundError, Storage

PAUSE_S = (10.0, 600.0)
"""Seconds between two looks, at least and at most: each is a LIST of the raw files."""
WAITING = Kind("a record of when a run began to wait", numbered=False, remedy="delete it; the run waits again")
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


def waits_since(file: StateFile, workspace: Storage, run_id: str) -> float:
    """When a task's waiting for raw files began, in seconds of the epoch.

    It began with the run's first wait, so that steps one after the other do not add up; now, if nothing waited yet,
    or if this task's last wait was that very one: then somebody has cleared it, and it waits again.

    :param file: keeps it: a deferral's arguments get lost in ``dag.test``.
    """
    state = file.load()
    since = state.waits_since
    if since is None:
        since = _began(workspace, run_id, state.waited_since)
        file.save(replace(state, waits_since=since))
    return since


def waited(file: StateFile) -> None:
    """Note that the waiting is over."""
    state = file.load()
    if state.waits_since is not None:
        file.save(replace(state, waits_since=None, waited_since=state.waits_since))


def _began(workspace: Storage, run_id: str, before: float) -> float:
    """When the run's waiting began, which this task may begin now.

    :param before: when this task's last wait began; 0 for never.
    """
    key = waiting_key(run_id)
    try:
        since = float(read(WAITING, workspace, key)[1])
    except NotFoundError:
        since = 0.0
    if since <= before:
        since = time.time()
        workspace.put(key, encode(WAITING, since))
    return since
