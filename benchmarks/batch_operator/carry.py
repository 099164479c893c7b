"""Carry jobs from the start of their tasks to the end: one process that is worker and triggerer at once.

python -m benchmarks.batch_operator.carry ANSWER ours SPEC
python -m benchmarks.batch_operator.carry ANSWER (theirs|array) UNITS POLL DEFINITION QUEUE PREFIX
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from airflow.sdk import BaseOperator
from benchmarks.batch_operator.tasks import peak_mib, theirs, theirs_array, to_the_end

WORKERS = 32
"""Tasks at the same time: Airflow's own default (`parallelism`)."""


def tasks_of(side: str, arguments: list[str]) -> list[Callable[[], BaseOperator]]:
    if side == "ours":
        from platerunner.operators.batch_module import BatchModuleOperator

        return [lambda: BatchModuleOperator(task_id="work", spec=arguments[0], step="work")]
    units, poll, definition, queue, prefix = arguments
    if side == "array":
        return [partial(theirs_array, int(units), definition, queue, prefix, int(poll))]
    return [partial(theirs, index, definition, queue, prefix, int(poll)) for index in range(int(units))]


def main(answer: str, side: str, *arguments: str) -> None:
    tasks = tasks_of(side, list(arguments))
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(to_the_end(tasks, WORKERS))
    found = {
        "wall_s": round(time.perf_counter() - wall, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "peak_rss_mib": round(peak_mib()),
    }
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
