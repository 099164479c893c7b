"""`platerunner shell`: a shell in a unit that runs, with a record of who opened it."""

import getpass
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from platerunner.cli.aws import ecs_exec
from platerunner.cli.completion import StepArgument, complete_unit
from platerunner.cli.console import err, fail
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.inspect.status import branches_of
from platerunner.cli.options import DataRoot, Params, SpecArgument, WorkspaceRoot
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.inspect.going import GoingUnit, going_units
from platerunner.engine.records.shells import Shell, keep_shell
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.local.host.inside import NotHereError, WayIn, find_way_in
from platerunner_unit.contract.unit_keys import natural_key, parse_unit_id
from platerunner_unit.contract.words import and_more

SHOWN = 10
ELSEWHERE = "try again in a moment, or see `platerunner status` for which run has it"


def shell(
    spec: SpecArgument,
    step: StepArgument,
    unit: Annotated[
        str,
        typer.Argument(
            help="Unit id, or a pattern that one running unit has: `well=A01`.", autocompletion=complete_unit
        ),
    ] = "*",
    *,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
) -> None:
    """Open a shell in a running unit, in its folder, with its variables; on AWS by ECS Exec. Who did is on record."""
    with spec_session(spec, Roots(data_root, workspace_root, param)) as session:
        going = _the_one(session, step, unit)
        try:
            way, who = _way_into(session, going)
        except NotHereError as error:
            fail(f"{going.unit or step}: {error}")
        with _on_record(session, going, who):
            err.print(
                f"In {going.unit or step} of {going.run_id}, beside its {way.beside}; `exit` leaves it.", markup=False
            )
            code = _run(way)
    raise typer.Exit(code)


def _the_one(session: SpecSession, step: str, text: str) -> GoingUnit:
    """The one unit on Batch that is meant; ends the command if none fits, or several."""
    pattern = session.pattern(step, text)
    known = (each for branch in branches_of(session, step) for each in going_units(session.workspace, step, branch))
    found = {each.unit: each for each in known if pattern.covers(step, parse_unit_id(each.unit))}
    if not found:
        fail(f"no unit {text} of {step} is running in {session.workspace.url}; {_seen(session, step, text)}")
    if len(found) > 1:
        names, more = sorted(found, key=natural_key)[:SHOWN], and_more(len(found) - SHOWN)
        fail(f"{text} is {len(found):,} units of {step} that run or wait; name one of {', '.join(names)}{more}")
    return next(iter(found.values()))


def _seen(session: SpecSession, step: str, text: str) -> str:
    """What to do instead about a unit that does not run."""
    pattern = session.pattern(step, text)
    ended = [unit for unit in session.store.index(step).units if pattern.covers(step, parse_unit_id(unit))]
    if ended:
        return "it has ended, and `platerunner logs` has what it wrote"
    return "it never ran there, and `platerunner explain` says why"


def _way_into(session: SpecSession, going: GoingUnit) -> tuple[WayIn, str]:
    """The way in, and who takes it; AWS is asked where the connection is AWS's."""
    try:
        return find_way_in(going.job_id, going.fingerprint), getpass.getuser()
    except NotHereError as error:
        if not session.connection.get("queues"):
            raise NotHereError(f"{error}; {ELSEWHERE}") from error
        here = str(error)
    try:
        access = DirectAccess(session.connection)
        if access.settings.here:
            raise NotHereError(f"{here}; {ELSEWHERE}")
        way = ecs_exec.find_way_in(access, going.job_id, going.fingerprint)
        return way, str(access.sts.get_caller_identity()["Arn"])
    except (ConnectionProblem, ClientError, BotoCoreError) as error:
        raise NotHereError(str(error)) from error


@contextmanager
def _on_record(session: SpecSession, going: GoingUnit, who: str) -> Iterator[None]:
    """Keep who is in the unit before they are, and when they left it."""
    record = Shell(going.run_id, going.step, going.unit, going.job_id, who, socket.gethostname(), _now())
    key = keep_shell(session.workspace, record)
    err.print(f"On record: {session.workspace.url_of(key)}", style="dim", markup=False)
    try:
        yield
    finally:
        keep_shell(session.workspace, replace(record, ended=_now()))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _run(way: WayIn) -> int:
    """The shell to its end; Ctrl-C is its own, not this command's."""
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)  # the shell gets the default back
    try:
        return subprocess.call(way.argv, env=way.variables, cwd=way.folder)
    finally:
        signal.signal(signal.SIGINT, before)
