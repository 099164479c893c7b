import asyncio
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded import TIMEOUT_S, Account

from platerunner.batch.model import BatchError
from platerunner.batch.poller import Pace, Poller, poller
from platerunner.batch.views import Progress
from platerunner.local.aws.faults import Faults

FAST = Pace(first=0.2, fastest=0.05, slowest=0.5, missing_after=0.5)


async def follow(watching: Poller, *ids: str) -> list[Progress]:
    async with asyncio.timeout(TIMEOUT_S):
        return [progress async for progress in watching.watch(ids)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.01)


def test_it_follows_jobs_to_their_end(aws: Account) -> None:
    array = aws.submit(["sh", "-c", "sleep 0.2; test $AWS_BATCH_JOB_ARRAY_INDEX != 3"], size=12)
    single = aws.submit(["true"])
    seen = asyncio.run(follow(Poller(lambda: aws.batch, FAST), array, single))
    assert not any(progress.ended for progress in seen[:-1])
    last = seen[-1]
    assert (last.ended, last.total, last.done, last.failed, last.missing) == (True, 13, 13, 1, ())
    assert last.jobs[array].status == "FAILED"
    assert all(before.done <= after.done for before, after in pairwise(seen))


def test_the_first_look_comes_late_enough(aws: Account) -> None:
    job = aws.run(["true"])["jobId"]
    began = time.monotonic()
    asyncio.run(follow(Poller(lambda: aws.batch, Pace(first=1.0)), job))
    assert time.monotonic() - began >= 1.0


def test_nothing_to_wait_for_ends_at_once(aws: Account) -> None:
    assert asyncio.run(follow(Poller(lambda: aws.batch, FAST))) == []


@pytest.mark.slow
def test_many_waiters_share_the_calls(aws: Account) -> None:
    jobs = [aws.submit(["sleep", "0.01"]) for _ in range(120)]

    async def wait() -> list[list[Progress]]:
        return await asyncio.gather(*(follow(poller("k", lambda: aws.batch, pace), job) for job in jobs))

    pace = Pace(first=0.3, fastest=0.3, slowest=0.3)
    before = aws.cloud.calls["batch.describejobs"]
    began = time.monotonic()
    ends = asyncio.run(wait())
    rounds = (time.monotonic() - began) / 0.25 + 1
    assert all(progresses[-1].succeeded == 1 for progresses in ends)
    assert aws.cloud.calls["batch.describejobs"] - before <= 2 * rounds


class Endless:
    """A Batch whose jobs all run forever.

    :ivar asked: job ids of each call.
    """

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    @property
    def jobs(self) -> set[str]:
        return {job for ids in self.asked for job in ids}

    def describe_jobs(self, jobs: list[str]) -> Any:
        self.asked.append(jobs)
        return {"jobs": [{"jobId": job, "status": "RUNNING"} for job in jobs]}


@pytest.mark.slow
def test_calls_are_filled_with_what_is_next_in_turn() -> None:
    batch = Endless()
    seen_first: list[int] = []

    async def scene() -> None:
        shared = Poller(lambda: batch, Pace(first=0.1, fastest=0.5, slowest=0.5))  # type: ignore[arg-type, return-value]
        tasks = [asyncio.create_task(follow(shared, f"a{n}")) for n in range(130)]
        await until(lambda: batch.jobs == {f"a{n}" for n in range(130)})
        tasks += [asyncio.create_task(follow(shared, f"b{n}")) for n in range(130)]
        await until(lambda: len(batch.jobs) == 260)
        seen_first.append(len(batch.asked))
        await until(lambda: len(batch.asked) > seen_first[0] + 9)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scene())
    later = [len(ids) for ids in batch.asked[seen_first[0] :]]
    assert set(later) <= {100, 60}, "full, or the rest of a look at all of them"


def test_a_first_look_is_no_filling() -> None:
    batch = Endless()

    async def scene() -> None:
        shared = Poller(lambda: batch, Pace(first=0.1, fastest=0.1, slowest=0.1))  # type: ignore[arg-type, return-value]

        async def late() -> list[Progress]:
            return [progress async for progress in shared.watch(["late"], first=3600)]

        tasks = [asyncio.create_task(follow(shared, "early")), asyncio.create_task(late())]
        await until(lambda: len(batch.asked) > 3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scene())
    assert batch.jobs == {"early"}


def test_a_job_that_batch_does_not_know_is_missing_in_the_end(aws: Account) -> None:
    job = aws.submit(["true"])
    last = asyncio.run(follow(Poller(lambda: aws.batch, FAST), "gone", job))[-1]
    assert (last.missing, last.succeeded, last.unseen, last.ended) == (("gone",), 1, 0, True)


def test_throttling_and_5xx_are_survived(aws: Account) -> None:
    job = aws.submit(["sleep", "1"])
    aws.cloud.faults = Faults(throttle=0.4, error_5xx=0.4, seed=5)
    try:
        assert asyncio.run(follow(Poller(lambda: aws.batch, FAST), job))[-1].succeeded == 1
    finally:
        aws.cloud.faults = Faults()


class Expired:
    """A client whose credentials ran out: AWS's own answer to it."""

    def describe_jobs(self, **_: Any) -> Any:
        from botocore.exceptions import ClientError

        said = {"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}
        raise ClientError({**said, "ResponseMetadata": {"HTTPStatusCode": 403}}, "DescribeJobs")


def test_expired_credentials_get_a_new_client(aws: Account) -> None:
    clients = [Expired(), aws.batch]
    job = aws.submit(["true"])
    assert asyncio.run(follow(Poller(lambda: clients.pop(0), FAST), job))[-1].succeeded == 1
    assert clients == []


def test_credentials_that_stay_expired_are_told(aws: Account) -> None:
    with pytest.raises(BatchError, match=r"refuses to describe jobs: .*expired"):
        asyncio.run(follow(Poller(lambda: Expired(), FAST), "job"))


def test_a_client_that_cannot_be_made_is_told(aws: Account) -> None:
    def broken() -> Any:
        raise LookupError("there is no connection 'x'")

    with pytest.raises(BatchError, match="No client for AWS Batch could be made: there is no connection"):
        asyncio.run(follow(Poller(broken, FAST), "job"))


def test_a_closed_event_loop_is_no_hindrance(aws: Account) -> None:
    async def begin(job: str) -> None:
        async for _ in poller("closing", lambda: aws.batch, FAST).watch([job]):
            return

    async def finish(job: str) -> list[Progress]:
        return await follow(poller("closing", lambda: aws.batch, FAST), job)

    job = aws.submit(["sleep", "0.5"])
    asyncio.run(begin(job))
    assert asyncio.run(finish(job))[-1].succeeded == 1


def test_waiters_of_one_loop_and_key_share_one_poller(aws: Account) -> None:
    async def both() -> tuple[Poller, Poller, Poller]:
        return poller("a", lambda: aws.batch), poller("a", lambda: aws.batch), poller("b", lambda: aws.batch)

    one, same, other = asyncio.run(both())
    assert one is same
    assert one is not other


def test_a_cancelled_waiter_leaves_the_others_and_then_nothing_runs(aws: Account) -> None:
    def left() -> int:
        return sum(task.get_name() == "platerunner-poller" for task in asyncio.all_tasks())

    async def scene() -> list[Progress]:
        shared = Poller(lambda: aws.batch, FAST)
        waiting = asyncio.create_task(follow(shared, endless))
        staying = asyncio.create_task(follow(shared, job))
        await until(lambda: left() == 1)
        waiting.cancel()
        seen = await staying
        await until(lambda: left() == 0)
        return seen

    endless, job = aws.submit(["sleep", "60"]), aws.submit(["sleep", "0.5"])
    try:
        seen = asyncio.run(scene())
    finally:
        aws.batch.terminate_job(jobId=endless, reason="test is over")
    assert seen[-1].succeeded == 1


def test_a_slow_waiter_misses_what_lies_between_but_not_the_end(aws: Account) -> None:
    async def slow() -> list[Progress]:
        shared, seen = Poller(lambda: aws.batch, FAST), []
        other = asyncio.create_task(follow(shared, array))
        async for progress in shared.watch([array]):
            seen.append(progress)
            await asyncio.wait([other])  # until that one has seen the end
        return seen

    array = aws.submit(["sleep", "0.1"], size=20)
    seen = asyncio.run(slow())
    assert seen[-1].succeeded == 20
    assert len(seen) <= 2, "at first, and at the end"


ages = st.floats(0, 1e6)


@given(ages, st.integers(0, 10_000), st.integers(0, 10_000), st.floats(0, 1))
def test_an_end_is_seen_a_twentieth_of_the_time_later_at_most(age: float, done: int, more: int, part: float) -> None:
    pace = Pace()
    interval = pace.interval(age, done, done + more, age * part)
    assert pace.fastest <= interval <= min(pace.slowest, max(pace.fastest, age / 20))
    assert interval <= pace.interval(age + 1, 0, 100), "an older step is looked at no more often"


@given(st.floats(10, 1e5), st.integers(0, 10_000), st.integers(1, 10_000), st.floats(600, 1e5))
def test_what_does_not_change_is_looked_at_less_and_less(age: float, done: int, left: int, quiet: float) -> None:
    pace = Pace()
    looks, since = 0, 0.0
    while since < quiet:
        since += pace.interval(age + since, done, done + left, since)
        looks += 1
    assert looks <= 110 + quiet / pace.slowest, "an hour takes 140 looks, a day 830, near the end of an array as well"


@pytest.mark.slow
def test_the_interval_is_short_at_both_ends() -> None:
    pace = Pace()
    assert pace.interval(5, 0, 100) == pace.fastest
    assert pace.interval(3600, 0, 100) == pace.slowest
    assert pace.interval(3600, 50, 100) == pace.slowest
    assert pace.interval(3600, 999, 1000) == pace.fastest
