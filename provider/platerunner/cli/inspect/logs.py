"""`platerunner logs`: what a unit's tool wrote, and the verdict on it."""

import gzip
import zlib
from typing import Annotated

import typer

from platerunner.cli.completion import StepArgument, complete_unit
from platerunner.cli.console import err, fail
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.options import DataRoot, Params, SpecArgument, WorkspaceRoot
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import NotFoundError
from platerunner_unit.contract.unit_keys import natural_key, parse_unit_id
from platerunner_unit.contract.words import and_more

SHOWN = 10


def logs(
    spec: SpecArgument,
    step: StepArgument,
    unit: Annotated[
        str, typer.Argument(help="Unit id, or a pattern that one unit has: `well=A01`.", autocompletion=complete_unit)
    ] = "*",
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Last lines only; 0 for all.")] = 0,
    attempt: Annotated[int, typer.Option(min=0, help="Of those on record, 1 for the oldest; 0 for the last.")] = 0,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
) -> None:
    """Print the log of a unit's last attempt to stdout; the verdict goes to stderr."""
    with spec_session(spec, Roots(data_root, workspace_root, param)) as session:
        session.say_where()
        found = session.store.attempts(step, _unit(session, step, unit))
        if attempt > len(found):
            fail(f"{len(found)} attempts are on record; --attempt {attempt} is none of them")
        _show(session, found[attempt - 1], lines)


def _unit(session: SpecSession, step: str, text: str) -> str:
    """The one unit with a record that is meant; ends the command if none fits, or several."""
    pattern = session.pattern(step, text)
    known = session.store.index(step).units
    found = sorted((unit for unit in known if pattern.covers(step, parse_unit_id(unit))), key=natural_key)
    if not found:
        fail(f"nothing is recorded of {step} {text} in {session.workspace.url}; it has not run there")
    if len(found) > 1:
        more = and_more(len(found) - SHOWN)
        fail(f"{text} is {len(found):,} units of {step}; name one of {', '.join(found[:SHOWN])}{more}")
    return found[0]


def _show(session: SpecSession, outcome: Outcome, lines: int) -> None:
    verdict = outcome.verdict
    err.print(
        f"{outcome.unit}: {verdict.category}, attempt {outcome.attempt} in {outcome.run_id}: {verdict.sentence}",
        markup=False,
    )
    try:
        text = gzip.decompress(session.workspace.get(outcome.log)).decode(errors="replace") if outcome.log else ""
    except NotFoundError:
        fail(f"its log {session.workspace.url_of(outcome.log)} is gone")
    except (OSError, EOFError, zlib.error) as error:
        fail(f"its log {session.workspace.url_of(outcome.log)} cannot be read: {error}")
    shown = text.splitlines()
    for line in shown[-lines:] if lines else shown:
        typer.echo(line)
