"""`platerunner run`: one run of a pipeline, to its end."""

from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.aws.connection import connect
from platerunner.cli.console import fail, quiet
from platerunner.cli.loading import load_or_fail
from platerunner.cli.options import (
    AcceptFailed,
    DataRoot,
    Local,
    Only,
    Params,
    Rerun,
    SpecArgument,
    WorkspaceRoot,
    parse_options,
    parse_params,
    with_roots,
)
from platerunner.cli.run.checks import check_before, check_connection, check_local_images, check_policy
from platerunner.cli.run.execution import RunRequest, execute
from platerunner.cli.run.one_at_a_time import alone
from platerunner.cli.run.summary import RunSummary
from platerunner.cli.run.unanswered import WAITING
from platerunner.engine.planning.settings import workspace_url

HOME = Path(".platerunner")
FAILED = 1
GATE_WAITS = 3
NOT_THERE = 4
"""Everything there was done, but some of what was named is not there."""
INTERRUPTED = 130
"""As shells show a program that Ctrl-C ended."""


def run(
    spec: SpecArgument,
    *,
    local: Local = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
    only: Only = None,
    rerun: Rerun = None,
    accept_failed: AcceptFailed = None,
    approve: Annotated[list[str] | None, typer.Option(help="Approve this gate without asking.", metavar="GATE")] = None,
    approve_all: Annotated[bool, typer.Option("--approve-all", help="Approve every gate without asking.")] = False,
    summary: Annotated[Path | None, typer.Option(help="Write what happened as JSON.", dir_okay=False)] = None,
    airflow: Annotated[
        bool, typer.Option("--airflow", help="Let Airflow's own machinery run the DAG: slower.")
    ] = False,
) -> None:
    """Run a pipeline once: what is done already is not done again. Ends with 0 only if the run succeeded.

    Ends with 4 if it succeeded, and `where` asks for a plate, well or the like that has no file.

    Without a terminal nobody can be asked: then all that needs no answer is done, and it ends with 3.
    """
    pipeline = load_or_fail(spec)
    gates = [gate.name for gate in pipeline.gates]
    for name in approve or []:
        if name not in gates:
            fail(f"--approve {name}: {spec} has no such gate; it has {', '.join(gates) or 'none'}")
    params = parse_params(param or [], pipeline.params)
    options = parse_options(pipeline, only, rerun, accept_failed)
    _check_summary(summary)
    with quiet(), connect(local=local) as cloud:
        connection = with_roots(cloud.extras, data_root, workspace_root)
        approved = tuple(gates if approve_all else approve or [])
        request = RunRequest(pipeline, params, connection, approved, options, airflow, cloud.registry)
        if not airflow:
            check_connection(connection)
        check_policy(connection, pipeline)
        if cloud.images is not None:
            check_local_images(pipeline, request.context(), cloud.images)
        with alone(workspace_url(pipeline, request.context())):
            check_before(pipeline, request.context(), connection, cloud.registry)
            result = _unless_interrupted(request)
    if summary:
        result.write(summary)
    if result.state != "success":
        raise typer.Exit(GATE_WAITS if result.state == WAITING else FAILED)
    if result.absent:
        fail(f"The dataset has no file of {', '.join(result.absent)}, which `where` asks for.", code=NOT_THERE)


def _check_summary(path: Path | None) -> None:
    """End the command now if the summary could not be written at the end; a pipe or a device is allowed."""
    if path is None:
        return
    try:
        there = path.exists()
        if there and not path.is_file():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        if not there:
            path.resolve().unlink()
    except OSError as error:
        fail(f"--summary {path} cannot be written: {error.strerror}. Name another file.")


def _unless_interrupted(request: RunRequest) -> RunSummary:
    try:
        return execute(request)
    except KeyboardInterrupt:
        fail("Interrupted. What is done stays done: the same command goes on from there.", code=INTERRUPTED)
