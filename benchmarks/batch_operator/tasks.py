"""Operators and triggers as Airflow's workers and triggerer run them, without Airflow's own costs."""

import asyncio
import logging
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from airflow.sdk import BaseOperator, Context
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import TaskDeferred
from airflow.triggers.base import BaseTrigger

ExecutorSafeguard.test_mode = True  # we are the task runner
logging.getLogger().setLevel(logging.WARNING)
logging.disable(logging.INFO)
RUN_ID = "bench"


class _Ti:
    """What operators use of a task instance."""

    context_carrier = None
    dag_id, task_id, run_id, map_index = "bench", "step", RUN_ID, -1

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any, **_: Any) -> None:
        self.pushed[key] = value


def _context() -> Context:
    return cast("Context", {"ti": _Ti(), "params": {}, "run_id": RUN_ID, "logical_date": None})


def start(make: Callable[[], BaseOperator]) -> TaskDeferred | None:
    """Run a task until it parks; None if it ended."""
    try:
        make().execute(_context())
    except TaskDeferred as parked:
        return parked
    return None


def resume(make: Callable[[], BaseOperator], method: str, event: object) -> TaskDeferred | None:
    """Go on with a parked task."""
    try:
        getattr(make(), method)(_context(), event=event)
    except TaskDeferred as parked:
        return parked
    return None


async def first_event(trigger: BaseTrigger) -> object:
    """What a trigger fires."""
    async for event in trigger.run():
        return event.payload
    raise AssertionError("the trigger ended without an event")


async def to_the_end(tasks: Sequence[Callable[[], BaseOperator]], workers: int) -> None:
    """Carry tasks as Airflow does: workers run them until they park, one event loop waits for all, workers go on.

    :param tasks: make their operator; as in Airflow, whoever goes on with a parked task makes it again.
    """
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(workers) as pool:

        async def one(make: Callable[[], BaseOperator]) -> None:
            parked = await loop.run_in_executor(pool, start, make)
            while parked is not None:
                event = await first_event(cast("BaseTrigger", parked.trigger))
                parked = await loop.run_in_executor(pool, resume, make, parked.method_name, event)

        await asyncio.gather(*(one(make) for make in tasks))


def rss_mib() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024**2


def peak_mib() -> float:
    """The most that it ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def theirs(index: int, definition: str, queue: str, prefix: str, poll: int) -> BaseOperator:
    """A BatchOperator for one unit, with its defaults but for what is named here."""
    from airflow.providers.amazon.aws.operators.batch import BatchOperator

    return BatchOperator(
        task_id=f"job_{index}",
        job_name=f"job-{index}",
        job_definition=definition,
        job_queue=queue,
        container_overrides={
            "command": ["platerunner-unit", "run", prefix],
            "environment": [{"name": "UNIT_INDEX", "value": str(index)}],
        },
        deferrable=True,
        poll_interval=poll,
        aws_conn_id=None,  # so that it looks no connection up
        region_name="us-east-1",
    )


def theirs_array(size: int, definition: str, queue: str, prefix: str, poll: int) -> BaseOperator:
    """One BatchOperator for an array, whose children it never looks at."""
    from airflow.providers.amazon.aws.operators.batch import BatchOperator

    return BatchOperator(
        task_id="array",
        job_name="array",
        job_definition=definition,
        job_queue=queue,
        array_properties={"size": size},
        container_overrides={"command": ["platerunner-unit", "run", prefix]},
        deferrable=True,
        poll_interval=poll,
        aws_conn_id=None,
        region_name="us-east-1",
    )
