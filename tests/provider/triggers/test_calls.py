"""How many calls a thousand waiting triggers cost."""

import asyncio
import json
from statistics import median

import pytest
from tests.embedded import Account, embedded

from platerunner.batch.poller import Poller
from platerunner.triggers.batch_jobs import BatchJobsTrigger

WAITING, PER_CALL = 1000, 100


@pytest.mark.timeout(120)
def test_a_look_at_a_thousand_waiting_jobs_takes_ten_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded(cores=1) as aws:
        for name, value in aws.cloud.environment().items():
            monkeypatch.setenv(name, value)
        connection = {"conn_type": "platerunner", "extra": aws.cloud.connection()}
        monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
        calls = calls_of_looks(aws, monkeypatch)
        array = aws.submit(["sleep", "1000"], size=WAITING)
        asyncio.run(wait_a_while([f"{array}:{n}" for n in range(WAITING)], calls))
    assert median(calls) == WAITING / PER_CALL  # a call that the busy cloud answers late is made again


def calls_of_looks(aws: Account, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by the calls of every kind that a look of the poller makes."""
    calls: list[int] = []
    look = Poller._look

    async def counted(poller: Poller) -> None:
        before = aws.cloud.calls.total()
        await look(poller)
        calls.append(aws.cloud.calls.total() - before)

    monkeypatch.setattr(Poller, "_look", counted)
    return calls


async def wait_a_while(jobs: list[str], calls: list[int]) -> None:
    """Let a trigger wait for each job until all have been looked at several times."""
    triggers = [BatchJobsTrigger("platerunner", [job], "step", 0.5) for job in jobs]
    tasks = [asyncio.create_task(anext(trigger.run())) for trigger in triggers]
    while sum(calls) < 3 * len(jobs) / PER_CALL:
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
