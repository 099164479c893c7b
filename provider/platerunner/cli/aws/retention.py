"""`platerunner retention`: take away what has been kept long enough, as the connection says."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.aws.connection import connect
from platerunner.cli.aws.hook import hook_of
from platerunner.cli.console import fail, out, quiet
from platerunner.cli.loading import load_or_fail
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.retention.keeping import keep_no_more
from platerunner_unit.contract.storage import StorageError

Specs = Annotated[list[Path], typer.Argument(help="The YAML files of all pipelines.", exists=True, dir_okay=False)]


def retention(
    specs: Specs,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and take nothing away.")] = False,
) -> None:
    """Take away logs, history and days of the ledger that are older than `retention` of the connection says."""
    pipelines = [load_or_fail(path) for path in specs]
    with quiet(), connect(local=False, needed=False) as cloud:
        try:
            told = False
            for kept in keep_no_more(hook_of(cloud, local=False), pipelines, datetime.now(UTC), dry_run=dry_run):
                out.print(kept.sentence(dry_run=dry_run), markup=False)
                told = True
        except (ConnectionProblem, PlanningError, StorageError) as error:
            fail(str(error), code=1)
    if not told:
        out.print('The connection says no `retention`, like {"logs": "90 d", "outcomes": "2 y"}: everything is kept.')
