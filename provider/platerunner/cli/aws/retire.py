"""`platerunner retire`: deregister the job definitions that steps have left behind."""

from pathlib import Path
from typing import Annotated

import typer

from platerunner.batch import definitions
from platerunner.batch.model import BatchError
from platerunner.cli.aws.connection import connect
from platerunner.cli.aws.hook import hook_of
from platerunner.cli.console import fail, out, quiet
from platerunner.cli.loading import load_or_fail
from platerunner.cli.options import Local
from platerunner.engine.connection import ConnectionProblem

Specs = Annotated[list[Path], typer.Argument(help="The pipelines' YAML files.", exists=True, dir_okay=False)]


def retire(
    specs: Specs,
    *,
    keep: Annotated[int, typer.Option(min=1, help="Newest definitions of each step that stay.")] = 3,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    local: Local = False,
) -> None:
    """Deregister old job definitions of these pipelines' steps; jobs that run with them go on."""
    steps = names_of_jobs(specs)
    word = "would retire" if dry_run else "retired"
    count = 0
    with quiet(), connect(local=local, needed=False) as cloud:
        try:
            hook = hook_of(cloud, local=local)
            for step in steps:
                for arn in definitions.retire(hook.batch, step, keep, dry_run=dry_run):
                    count += 1
                    out.print(f"{step}: {word} {arn.rpartition('/')[2]}", markup=False)
        except (ConnectionProblem, BatchError) as error:
            fail(str(error), code=1)
    out.print(f"{word} {count} job definitions of {len(steps)} steps; the newest {keep} of each stay.")


def names_of_jobs(specs: list[Path]) -> list[str]:
    """What the job definitions of pipelines' steps are called, without their hashes.

    :param specs: YAML files.
    """
    return [f"{pipeline.name}-{step.name}" for pipeline in map(load_or_fail, specs) for step in pipeline.modules]
