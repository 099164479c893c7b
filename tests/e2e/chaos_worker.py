"""What Airflow's processes do for a task of one step, each in a process that may be killed anywhere.

python chaos_worker.py execute SPEC DATA WORKSPACE RUN    as a worker at a try's start; leaves a trigger, or ends
python chaos_worker.py resume SPEC DATA WORKSPACE RUN     as a worker after the trigger has fired
python chaos_worker.py wait WORKSPACE RUN                 as a triggerer: the real trigger, made of what the worker left

A worker that ends with 0 is done, with 75 has parked its task, with 76 was refused by AWS, or not answered; a triggerer
ends with 0 once the trigger has fired.
"""

import asyncio
import importlib
import json
import sys
from pathlib import Path

from platerunner.batch.model import BatchError
from platerunner.engine.planning.context import RunContext
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.loader import load_pipeline
from platerunner.triggers.batch_jobs import BatchJobsTrigger

PARKED, REFUSED = 75, 76
FIRST_S = 0.2


def execute(spec: str, data: str, workspace: str, run_id: str) -> int:
    run = step_run(spec, data, workspace, run_id)
    run.start()
    return go_on(run, parking(workspace, run_id))


def resume(spec: str, data: str, workspace: str, run_id: str) -> int:
    return go_on(step_run(spec, data, workspace, run_id), parking(workspace, run_id))


def step_run(spec: str, data: str, workspace: str, run_id: str) -> StepRun:
    context = RunContext({}, data, workspace, run_id=run_id)
    return StepRun(PlaterunnerHook(), load_pipeline(Path(spec)), "work", context)


def parking(workspace: str, run_id: str) -> Path:
    """Where a worker leaves the trigger."""
    return Path(workspace, f"{run_id}.parked.json")


def go_on(run: StepRun, left: Path) -> int:
    """What the operator does once the step has started: wait for jobs, collect, submit again, until nothing is left."""
    while run.waiting_for() or run.collect():
        if jobs := run.waiting_for():
            own = [job for job in jobs if job not in run.foreign]
            trigger = BatchJobsTrigger(
                PlaterunnerHook.default_conn_name, own, "work", FIRST_S, foreign=list(run.foreign)
            )
            left.write_text(json.dumps(trigger.serialize()))
            return PARKED
    _, failed = run.finish()
    for failure in failed:
        print(failure)
    return int(len(failed) > 0)


def wait(workspace: str, run_id: str) -> int:
    """Make the trigger again, as a triggerer does, and run it until it fires."""
    path, arguments = json.loads(parking(workspace, run_id).read_text())
    module, _, name = path.rpartition(".")
    trigger = getattr(importlib.import_module(module), name)(**arguments)

    async def first_event() -> object:
        return (await anext(trigger.run())).payload

    event = asyncio.run(first_event())
    print(event)
    return int(event["status"] != "ended")  # type: ignore[index]


if __name__ == "__main__":
    try:
        sys.exit({"execute": execute, "resume": resume, "wait": wait}[sys.argv[1]](*sys.argv[2:]))
    except BatchError as refusal:
        print(refusal)
        sys.exit(REFUSED)
