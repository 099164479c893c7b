"""What Airflow's processes do for a task of one step, each in a process that may be killed anywhere.

python chaos_worker.py execute SPEC DATA WORKSPACE    as a worker at a try's start; leaves a trigger, or ends
python chaos_worker.py resume SPEC DATA WORKSPACE     as a worker after the trigger has fired
python chaos_worker.py wait WORKSPACE                 as a triggerer: the real trigger, made of what the worker left

A worker that ends with 0 is done, with 75 has parked its task; a triggerer ends with 0 once the trigger has fired.
"""

import asyncio
import importlib
import json
import sys
from pathlib import Path

from platerunner.engine.planning.context import RunContext
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.loader import load_pipeline
from platerunner.triggers.batch_jobs import BatchJobsTrigger

PARKED = 75
PARKING = "parked.json"
FIRST_S = 0.2


def execute(*paths: str) -> int:
    run = step_run(*paths)
    run.start()
    return go_on(run, Path(paths[-1]))


def resume(*paths: str) -> int:
    return go_on(step_run(*paths), Path(paths[-1]))


def step_run(spec: str, data: str, workspace: str) -> StepRun:
    context = RunContext({}, data, workspace, run_id="chaos")
    return StepRun(PlaterunnerHook(), load_pipeline(Path(spec)), "work", context)


def go_on(run: StepRun, workspace: Path) -> int:
    """What the operator does once the step has started: wait for jobs, collect, submit again, until nothing is left."""
    while run.waiting_for() or run.collect():
        if jobs := run.waiting_for():
            trigger = BatchJobsTrigger(PlaterunnerHook.default_conn_name, jobs, "work", FIRST_S)
            (workspace / PARKING).write_text(json.dumps(trigger.serialize()))
            return PARKED
    _, failed = run.finish()
    for failure in failed:
        print(failure)
    return int(len(failed) > 0)


def wait(workspace: str) -> int:
    """Make the trigger again, as a triggerer does, and run it until it fires."""
    path, arguments = json.loads(Path(workspace, PARKING).read_text())
    module, _, name = path.rpartition(".")
    trigger = getattr(importlib.import_module(module), name)(**arguments)

    async def first_event() -> object:
        return (await anext(trigger.run())).payload

    event = asyncio.run(first_event())
    print(event)
    return int(event["status"] != "ended")  # type: ignore[index]


if __name__ == "__main__":
    sys.exit({"execute": execute, "resume": resume, "wait": wait}[sys.argv[1]](*sys.argv[2:]))
