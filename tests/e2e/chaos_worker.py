"""What a task of one step does, from its start to its end, in a process that may be killed anywhere.

python chaos_worker.py SPEC DATA WORKSPACE
"""

import asyncio
import sys
from pathlib import Path

from platerunner.batch.poller import Pace, Poller
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.operators.step_run import StepRun
from platerunner.spec.loader import load_pipeline
from platerunner.units.context import RunContext

PACE = Pace(first=0.2, fastest=0.5, slowest=1.0)


async def wait(run: StepRun, jobs: list[str]) -> None:
    """As the trigger does it: until all have ended."""
    async for _ in Poller(run.hook.new_batch_client, PACE).watch(jobs):
        continue


def main(spec: str, data: str, workspace: str) -> None:
    context = RunContext({}, data, workspace, run_id="chaos")
    run = StepRun(PlaterunnerHook(), load_pipeline(Path(spec)), "work", context)
    run.start()
    while True:
        if jobs := run.waiting_for():
            asyncio.run(wait(run, jobs))
        if not run.collect():
            break
    _, failed = run.finish()
    for failure in failed:
        print(failure)
    sys.exit(len(failed) > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
