"""What Airflow's processes do for a task of one step, each in a process that may be killed anywhere.

python chaos_worker.py execute SPEC DATA WORKSPACE RUN [ONLY]    as a worker at a try's start; leaves a trigger, or ends
python chaos_worker.py resume SPEC DATA WORKSPACE RUN [ONLY]     as a worker after the trigger has fired
python chaos_worker.py wait WORKSPACE RUN                        as a triggerer: the trigger that the worker left

A worker that ends with 0 is done, with 75 has parked its task, with 76 was refused by AWS, or not answered; a triggerer
ends with 0 once the trigger has fired.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from platerunner.batch.model import BatchError
from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.loader import load_pipeline
from platerunner.triggers.batch_jobs import BatchJobsTrigger

PARKED, REFUSED = 75, 76
FIRST_S = 0.2


def execute(spec: str, data: str, workspace: str, run_id: str, *only: str) -> int:
    run = step_run(spec, data, workspace, run_id, only)
    run.start()
    return go_on(run, parking(workspace, run_id), bool(run.waiting_for()) or run.collect())


def resume(spec: str, data: str, workspace: str, run_id: str, *only: str) -> int:
    run = step_run(spec, data, workspace, run_id, only)
    return go_on(run, parking(workspace, run_id), run.collect())


def step_run(spec: str, data: str, workspace: str, run_id: str, only: Sequence[str]) -> StepRun:
    pipeline = load_pipeline(Path(spec))
    # What the other run has lost meanwhile is that run's to try again.
    options = RunOptions.of({"only": list(only), "accept_failed": ["work"] if only else []}, pipeline)
    return StepRun(PlaterunnerHook(), pipeline, "work", RunContext({}, data, workspace, run_id=run_id, options=options))


def parking(workspace: str, run_id: str) -> Path:
    """Where a worker leaves the trigger."""
    return Path(workspace, f"{run_id}.parked.json")


def go_on(run: StepRun, left: Path, more: bool) -> int:
    """What the operator does once the step has started: wait for jobs, collect, submit again, until nothing is left.

    :param more: whether there are jobs to wait for, or to collect.
    """
    while more:
        if jobs := run.waiting_for():
            own = [job for job in jobs if job not in run.foreign]
            trigger = BatchJobsTrigger(
                PlaterunnerHook.default_conn_name, own, "work", FIRST_S, foreign=list(run.foreign)
            )
            left.write_text(json.dumps(trigger.serialize()))
            return PARKED
        more = run.collect()
    _, failed = run.finish()
    for failure in failed:
        print(failure, file=sys.stderr)
    return int(len(failed) > 0)


def wait(workspace: str, run_id: str) -> int:
    """Make the trigger again, as a triggerer does, and run it until it fires."""
    path, arguments = json.loads(parking(workspace, run_id).read_text())
    module, _, name = path.rpartition(".")
    trigger = getattr(importlib.import_module(module), name)(**arguments)

    async def first_event() -> object:
        return (await anext(trigger.run())).payload

    event = asyncio.run(first_event())
    print(event, file=sys.stderr)
    return int(event["status"] != "ended")  # type: ignore[index]


def main(argv: list[str]) -> int:
    try:
        return {"execute": execute, "resume": resume, "wait": wait}[argv[0]](*argv[1:])
    except BatchError as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
