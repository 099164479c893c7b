"""One poller for all who wait for jobs: 1,000 waiting triggers cost ten calls a round instead of a thousand.

It lives in the event loop of those who wait; AWS is asked in a thread. What it survives: throttling, 5xx, lost
connections, expired credentials, and its event loop (each loop has pollers of its own).
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.calls import is_expired, is_transient
from platerunner.batch.model import PACE, BatchError, Pace
from platerunner.batch.placement import Placement
from platerunner.batch.quotas import MAX_DESCRIBE
from platerunner.batch.status import describe
from platerunner.batch.views import JobView, Progress

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

log = logging.getLogger(__name__)
ClientFactory = Callable[[], "BatchClient"]


class _Watch:
    """What one waiter wants to know."""

    def __init__(self, ids: Iterable[str], first: float) -> None:
        self.ids = tuple(dict.fromkeys(ids))
        self.started = self.changed = time.monotonic()
        self.due = self.started + first
        self.interval = first
        self.views: dict[str, JobView] = {}
        self.missing: set[str] = set()
        self.blocked: tuple[str, ...] = ()
        self.news = asyncio.Event()
        self.problem: BatchError | None = None

    def open_ids(self) -> list[str]:
        """Those that have not ended."""
        return [i for i in self.ids if i not in self.missing and not (i in self.views and self.views[i].ended)]

    def take(self, found: dict[str, JobView], asked: set[str], pace: Pace, reasons: Mapping[str, str]) -> None:
        """Note what a look showed, and when to look again.

        :param asked: job ids that Batch was asked for with success.
        :param reasons: job id to what Batch says of it while it waits.
        """
        now = time.monotonic()
        before = self.progress()
        self.views.update({i: found[i] for i in self.ids if i in found})
        if now - self.started >= pace.missing_after:
            self.missing.update(i for i in self.open_ids() if i in asked and i not in found)
        said = {reasons[i] for i in self.open_ids() if i in reasons}
        self.blocked = (*(reason for reason in self.blocked if reason in said), *sorted(said - set(self.blocked)))
        after = self.progress()
        if after.blocked != before.blocked or after.counts != before.counts or after.missing != before.missing:
            self.changed = now
            self.news.set()
        self.interval = pace.interval(now - self.started, after.done, after.total, now - self.changed)
        self.due = now + self.interval * random.uniform(0.85, 1.15)  # noqa: S311
        if not self.open_ids():
            self.news.set()

    def progress(self) -> Progress:
        """How far its jobs are."""
        counts: Counter[str] = Counter()
        for view in self.views.values():
            counts.update(view.counts())
        gone = tuple(i for i in self.ids if i in self.missing)
        unseen = sum(i not in self.views and i not in self.missing for i in self.ids)
        return Progress(counts.total(), dict(counts), dict(self.views), gone, unseen, self.blocked)


class Poller:
    """Asks for all watched jobs together.

    :param client_factory: makes a Batch client; called again when credentials have expired.
    """

    def __init__(self, client_factory: ClientFactory, pace: Pace = PACE) -> None:
        self.pace = pace
        self._factory = client_factory
        self._placement = Placement()
        self._client: BatchClient | None = None
        self._watches: set[_Watch] = set()
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._troubles = 0
        self._refusals = 0
        self._last_refusal = ""
        self._not_before = 0.0
        self._made: Counter[str] = Counter()

    def take_counts(self) -> Counter[str]:
        """How often Batch was asked (``calls``), and how often it refused (``troubles``), since this was asked last."""
        counts, self._made = self._made, Counter()
        return counts

    async def watch(self, job_ids: Iterable[str], *, first: float | None = None) -> AsyncIterator[Progress]:
        """Progress of some jobs whenever it changes, until all have ended or are missing; the last one says how.

        A waiter that is slow misses what lies in between, never the end.

        :param job_ids: arrays and single jobs.
        :param first: seconds to the first look; the pace's if None.
        :raises BatchError: if AWS refuses for good.
        """
        watch = _Watch(job_ids, self.pace.first if first is None else first)
        over = not watch.ids
        self._watches.add(watch)
        self._ensure_running()
        try:
            while not over:
                await watch.news.wait()
                watch.news.clear()
                if watch.problem is not None:
                    raise watch.problem
                over = not watch.open_ids()
                yield watch.progress()
        finally:
            self._watches.discard(watch)
            self._wake.set()

    def _ensure_running(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="platerunner-poller")
        self._wake.set()

    async def _run(self) -> None:
        while self._watches:
            self._wake.clear()
            wait = min(watch.due for watch in self._watches) - time.monotonic()
            if wait > 0:
                await _wait(self._wake, wait)
            else:
                await self._look()

    async def _look(self) -> None:
        """Ask for everything that is due, and for what will be soon: fuller calls, fewer rounds."""
        due = self._due(time.monotonic())
        ids = list(dict.fromkeys(i for watch in due for i in watch.open_ids()))
        found: dict[str, JobView] = {}
        self._made["calls"] += 1
        try:
            await asyncio.to_thread(self._describe, ids, found)
        except (ClientError, BotoCoreError) as error:
            self._trouble(error)
            asked = set(found)
        except Exception as error:  # the factory's own: nobody may wait forever because of it
            self._tell(due, f"No client for AWS Batch could be made: {error}")
            return
        else:
            self._troubles = self._refusals = 0
            asked = set(ids)
        for watch in due:
            watch.take(found, asked, self.pace, self._placement.reasons)
            watch.due = max(watch.due, self._not_before)
        if self._refusals >= self.pace.refusals:
            self._tell(due, f"AWS Batch refuses to describe jobs: {self._last_refusal}")

    def _due(self, now: float) -> list[_Watch]:
        """Watches whose turn has come or soon will, and those next in turn for which the last call has room anyway."""
        queue = sorted(self._watches, key=lambda watch: watch.due)
        # A first look is never early: what fires right after parking can fail its task.
        due = [watch for watch in queue if watch.due <= now + (watch.interval / 4 if watch.views else 0)]
        room = -sum(len(watch.open_ids()) for watch in due) % MAX_DESCRIBE
        chosen = set(due)
        for watch in (watch for watch in queue if watch.views and watch not in chosen):
            room -= len(watch.open_ids())
            if room < 0:
                break
            due.append(watch)
        return due

    def _describe(self, ids: list[str], found: dict[str, JobView]) -> None:
        if self._client is None:
            self._client = self._factory()
        # No patience here: between two tries others should get their turn, and a loop that ends should not wait.
        for view in describe(self._client, ids, patience=0):
            found[view.id] = view
        self._placement.look(self._client, found.values())

    def _trouble(self, error: Exception) -> None:
        self._troubles += 1
        self._made["troubles"] += 1
        self._refusals = 0 if is_transient(error) else self._refusals + 1
        self._last_refusal = str(error)
        if is_expired(error):
            self._client = None
        longest = min(self.pace.slowest, self.pace.fastest * 2 ** min(self._troubles, 10))
        pause = random.uniform(longest / 2, longest)  # noqa: S311
        self._not_before = time.monotonic() + pause
        log.warning("AWS Batch cannot be asked (%s); next try in %.1f s", error, pause)

    def _tell(self, watches: list[_Watch], sentence: str) -> None:
        for watch in watches:
            watch.problem = BatchError(sentence)
            watch.news.set()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


_pollers: dict[asyncio.AbstractEventLoop, dict[Hashable, Poller]] = {}


def poller(key: Hashable, client_factory: ClientFactory, pace: Pace = PACE) -> Poller:
    """The poller that everybody in this event loop shares for one account and region.

    :param key: tells accounts and regions apart, e.g. (connection id, endpoint, region).
    :param client_factory: makes a Batch client; runs in a thread.
    """
    for loop in [loop for loop in _pollers if loop.is_closed()]:
        del _pollers[loop]
    shared = _pollers.setdefault(asyncio.get_running_loop(), {})
    if key not in shared:
        shared[key] = Poller(client_factory, pace)
    return shared[key]
