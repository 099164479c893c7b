"""`platerunner launches`: the runs that uploaded files asked for, and the files that were refused."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from platerunner.cli.console import counted, fail, out, show_table
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.options import DataRoot, SpecArgument, WorkspaceRoot
from platerunner.engine.launches.ending import causes
from platerunner.engine.records.launches import Launch, Launches, LaunchState, Refused
from platerunner.spec.model import OnConfig

COLUMNS = ("launch", "state", "since", "run", "cause")


def launches(
    spec: SpecArgument,
    *,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: launches and refused files.")] = False,
) -> None:
    """List the runs that uploaded files asked for, how far each is, and the files that were refused.

    That which moved last comes first. Reads the workspace alone.
    """
    with spec_session(spec, Roots(data_root, workspace_root, needs_params=False)) as session:
        if not isinstance(session.pipeline.schedule, OnConfig):
            fail(f"{session.pipeline.name} waits for no files that ask for a run; see `schedule.on_config`")
        session.say_where()
        kept = Launches(session.workspace)
        found, refused = [_with_cause(session, each) for each in kept.all()], kept.all_refused()
    if as_json:
        told = {"launches": [each.to_json() for each in found], "refused": [asdict(each) for each in refused]}
        typer.echo(json.dumps(told, indent=1))
        return
    rows = [*(_launch(each) for each in found), *(_refused(each) for each in refused)]
    if not rows:
        out.print(f"No file has arrived in {session.pipeline.schedule.prefix} yet.", markup=False)
    elif out.is_terminal:
        show_table(COLUMNS, rows)
    else:
        for row in rows:
            out.print("  ".join(text or "-" for text in row), markup=False)
    if refused:
        out.print(f"{counted(len(refused), 'file')} refused; upload it again when it is fixed.", markup=False)


def _with_cause(session: SpecSession, launch: Launch) -> Launch:
    """The launch with what holds it up now, while it runs."""
    if launch.state is not LaunchState.RUNNING:
        return launch
    steps = [step.name for step in session.pipeline.modules]
    return launch.moved(launch.state, cause="; ".join(causes(session.workspace, launch.run, steps)))


def _launch(launch: Launch) -> list[str]:
    return [launch.id, str(launch.state), launch.at[:16].replace("T", " "), launch.run, launch.cause]


def _refused(refused: Refused) -> list[str]:
    row: list[Any] = [
        refused.name,
        "refused",
        refused.at[:16].replace("T", " "),
        "",
        f"{refused.error}: {refused.sentence}",
    ]
    return row
