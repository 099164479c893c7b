"""How many calls a thousand waiting triggers cost."""

import asyncio
import json
from math import ceil

import pytest
from tests.embedded import Account, embedded

from platerunner.batch.poller import Poller
from platerunner.batch.views import JobView
from platerunner.triggers.batch_jobs import BatchJobsTrigger

WAITING, PER_CALL = 1000, 100


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [WAITING, 1], ids=["a job each", "all for one"])
def test_a_look_at_what_a_thousand_triggers_wait_for_takes_a_call_for_each_hundred_jobs(
    monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    with embedded(cores=1) as aws:
        for name, value in aws.cloud.environment().items():
            monkeypatch.setenv(name, value)
        connection = {"conn_type": "platerunner", "extra": aws.cloud.connection()}
        monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
        looks = looks_of_poller(aws, monkeypatch)
        array = aws.submit(["sleep", "1000"], size=max(jobs, 2))
        asyncio.run(wait_a_while([f"{array}:{n % jobs}" for n in range(WAITING)], jobs, looks))
    assert looks == [(asked, ceil(asked / PER_CALL)) for asked, _ in looks]
    assert max(looks) >= (jobs / 2, 0), "they are looked at together"


def looks_of_poller(aws: Account, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """A list that grows by the jobs and the calls, of every kind, of each look of the poller."""
    looks: list[tuple[int, int]] = []
    describe = Poller._describe

    def counted(poller: Poller, ids: list[str], found: dict[str, JobView]) -> None:
        before = aws.cloud.calls.total()
        describe(poller, ids, found)
        looks.append((len(ids), aws.cloud.calls.total() - before))

    monkeypatch.setattr(Poller, "_describe", counted)
    return looks


async def wait_a_while(waited_for: list[str], jobs: int, looks: list[tuple[int, int]]) -> None:
    """Let a trigger wait for each until all jobs have been looked at several times."""
    triggers = [BatchJobsTrigger("platerunner", [job], "step", 0.5) for job in waited_for]
    tasks = [asyncio.create_task(anext(trigger.run())) for trigger in triggers]
    while sum(asked for asked, _ in looks) < 5 * jobs:
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
