"""`platerunner doctor`: does everything that the connection names exist, and may we use it?"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from platerunner.cli.aws import (
    doctor_checks,
    doctor_file_systems,
    doctor_queues,
    doctor_roles,
    doctor_storage,
    doctor_uploads,
)
from platerunner.cli.aws.connection import Connection, connect
from platerunner.cli.aws.doctor_checks import Check, Finding, State, examine
from platerunner.cli.aws.hook import hook_of
from platerunner.cli.console import out, quiet
from platerunner.cli.options import Local
from platerunner.engine.connection import ConnectionProblem

if TYPE_CHECKING:
    from platerunner.hooks.platerunner import PlaterunnerHook

CHECKS: tuple[Check, ...] = (
    *doctor_checks.CHECKS,
    *doctor_queues.CHECKS,
    *doctor_roles.CHECKS,
    *doctor_storage.CHECKS,
    *doctor_uploads.CHECKS,
    *doctor_file_systems.CHECKS,
)
NOTHING = Connection({})
STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


def doctor(
    *,
    local: Local = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list of state, check and message.")] = False,
    delete_storage: Annotated[
        str,
        typer.Option(metavar="ID", help="Delete a file system that a run has left behind; look at nothing else."),
    ] = "",
) -> None:
    """Check all that the connection names, and say what to fix; ends with 1 if anything fails."""
    if delete_storage:
        doctor_file_systems.delete(hook_of(NOTHING, local=False), delete_storage)
        return
    findings: list[Finding] = []
    with quiet(), connect(local=True) if local else nullcontext(NOTHING) as cloud:
        hook = hook_of(cloud, local=local)
        for finding in diagnose(hook):
            findings.append(finding)
            if not as_json:
                out.print(f"{finding.state:<4}", style=STYLES[finding.state], end="  ")
                out.print(f"{finding.check}: {finding.message}", markup=False)
    if as_json:
        typer.echo(json.dumps([finding._asdict() for finding in findings], indent=1))
    if any(finding.state is State.FAIL for finding in findings):
        raise typer.Exit(1)


def diagnose(hook: "PlaterunnerHook") -> Iterator[Finding]:
    """All findings, in the order in which they are best fixed; the connection alone if it cannot be used.

    :param hook: of the connection.
    """
    try:
        settings = hook.settings
    except ConnectionProblem as problem:
        yield Finding(State.FAIL, "connection", f"{problem}.")
        return
    yield Finding(State.OK, "connection", f"{settings.name!r} is well-formed.")
    first, *others = CHECKS
    yield from examine(hook, first)  # makes the session that the others share
    # All at once: an AWS that does not answer keeps each of them waiting.
    with ThreadPoolExecutor(len(others)) as pool:
        for found in pool.map(lambda check: list(examine(hook, check)), others):
            yield from found
