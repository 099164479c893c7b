"""Many triggers that wait in one event loop, as in a triggerer: calls, memory, serialised size.

python -m benchmarks.batch_operator.park ANSWER (ours|theirs) SECONDS JOBS_FILE
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.handlers
from airflow.triggers.base import BaseTrigger
from benchmarks.batch_operator.tasks import first_event, rss_mib

asked: list[int] = []
"""Jobs named in each DescribeJobs call."""


def note(params: dict[str, Any], **_: Any) -> None:
    asked.append(len(params["jobs"]))


# Before there is any client, so that those of boto3 and of aiobotocore both have it.
botocore.handlers.BUILTIN_HANDLERS.append(("before-parameter-build.batch.DescribeJobs", note))


def make(side: str) -> Callable[[str], BaseTrigger]:
    """A trigger for one job, as the operator parks it."""
    if side == "ours":
        from platerunner.triggers.batch_jobs import BatchJobsTrigger

        return lambda job: BatchJobsTrigger("platerunner", [job], "work")
    from airflow.providers.amazon.aws.triggers.batch import BatchJobTrigger

    return lambda job: BatchJobTrigger(
        job_id=job, aws_conn_id=None, region_name="us-east-1", waiter_delay=30, waiter_max_attempts=4200
    )


async def park(triggers: list[BaseTrigger], seconds: float) -> dict[str, Any]:
    """Let one wait, so that everything is imported, then all; then cancel them."""
    tasks = [asyncio.create_task(first_event(triggers[0]))]
    while not asked:
        await asyncio.sleep(0.1)
    memory, wall, cpu = rss_mib(), time.monotonic(), time.process_time()
    tasks += [asyncio.create_task(first_event(trigger)) for trigger in triggers[1:]]
    while sum(asked) < 2 * len(triggers) or time.monotonic() - wall < seconds:
        await asyncio.sleep(0.1)
    assert not any(task.done() for task in tasks), "these jobs were to wait"
    found = {
        "triggers": len(triggers),
        "seconds": round(time.monotonic() - wall),
        "describe_calls": len(asked),
        "looks_per_job": round(sum(asked) / len(triggers), 1),
        "calls_per_poll": round(len(asked) * len(triggers) / sum(asked), 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "rss_before_mib": round(memory),
        "kib_per_trigger": round((rss_mib() - memory) * 1024 / len(triggers), 1),
        "serialised_bytes": len(json.dumps(triggers[0].serialize())),
    }
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


def main(answer: str, side: str, seconds: str, jobs: str) -> None:
    trigger = make(side)
    triggers = [trigger(job) for job in json.loads(Path(jobs).read_text())]
    Path(answer).write_text(json.dumps(asyncio.run(park(triggers, float(seconds)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
