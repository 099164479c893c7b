"""One step's task in three processes, as in Airflow: a worker submits, a triggerer waits, a worker collects.

python -m benchmarks.batch_operator.step ANSWER start SPEC
python -m benchmarks.batch_operator.step ANSWER wait PARKED
python -m benchmarks.batch_operator.step ANSWER collect SPEC EVENT
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from airflow.sdk._shared.module_loading import import_string
from benchmarks.batch_operator.tasks import first_event, peak_mib, resume, start

from platerunner.operators.batch_module import BatchModuleOperator


def submit(spec: str) -> dict[str, Any]:
    """Until the task parks."""
    parked = start(partial(BatchModuleOperator, task_id="work", spec=spec, step="work"))
    assert parked is not None, "the jobs ended before the task could park"
    return {"parked": parked.trigger.serialize()}


def wait(parked: str) -> dict[str, Any]:
    """Until the trigger fires."""
    path, arguments = json.loads(parked)
    return {"event": asyncio.run(first_event(import_string(path)(**arguments)))}


def collect(spec: str, event: str) -> dict[str, Any]:
    """From the event to the task's end."""
    make = partial(BatchModuleOperator, task_id="work", spec=spec, step="work")
    assert resume(make, "execute_complete", json.loads(event)) is None
    return {}


def main(answer: str, role: str, *arguments: str) -> None:
    before, began = peak_mib(), time.time()
    roles: dict[str, Callable[..., dict[str, Any]]] = {"start": submit, "wait": wait, "collect": collect}
    found = roles[role](*arguments)
    found |= {"began": began, "ended": time.time(), "rss_before_mib": round(before), "peak_rss_mib": round(peak_mib())}
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
