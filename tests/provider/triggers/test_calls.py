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


@pytest.mark.timeout(120)
def test_a_look_at_a_thousand_waiting_jobs_takes_ten_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded(cores=1) as aws:
        for name, value in aws.cloud.environment().items():
            monkeypatch.setenv(name, value)
        connection = {"conn_type": "platerunner", "extra": aws.cloud.connection()}
        monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
        looks = looks_of_poller(aws, monkeypatch)
        array = aws.submit(["sleep", "1000"], size=WAITING)
        asyncio.run(wait_a_while([f"{array}:{n}" for n in range(WAITING)], looks))
    assert looks == [(jobs, ceil(jobs / PER_CALL)) for jobs, _ in looks]
    assert max(looks) >= (WAITING / 2, 0), "they are looked at together"


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


async def wait_a_while(jobs: list[str], looks: list[tuple[int, int]]) -> None:
    """Let a trigger wait for each job until all have been looked at several times."""
    triggers = [BatchJobsTrigger("platerunner", [job], "step", 0.5) for job in jobs]
    tasks = [asyncio.create_task(anext(trigger.run())) for trigger in triggers]
    while sum(asked for asked, _ in looks) < 5 * len(jobs):
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
