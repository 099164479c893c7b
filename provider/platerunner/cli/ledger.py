"""`platerunner ledger`: what keeps a ledger in order."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from platerunner.batch.model import BatchError
from platerunner.cli.command_group import Sentences
from platerunner.cli.console import counted, fail, out
from platerunner.cli.inspect.spec_session import Roots, spec_session
from platerunner.cli.ledger_ask import ask
from platerunner.cli.options import DataRoot, Params, SpecArgument, WorkspaceRoot
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.ledger.chargeback import write_chargeback
from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.merging import merge_before
from platerunner.engine.ledger.place import find_ledger
from platerunner.engine.periods import DAY_FORM, day_meant
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.engine.steps.uncollected import record_uncollected
from platerunner_unit.contract.storage import Storage, StorageError

ledger = typer.Typer(cls=Sentences, name="ledger", help="Keep the ledger of what attempts cost.", no_args_is_help=True)


@ledger.callback()
def main() -> None:
    """Keep the ledger of what attempts cost."""


@ledger.command()
def merge(
    place: Annotated[str, typer.Argument(help="A shared ledger, or a workspace: a folder or s3://.", metavar="URL")],
    *,
    before: Annotated[
        str | None, typer.Option(help="Merge all days before this one, like 2026-11-30.", show_default="today, in UTC")
    ] = None,
) -> None:
    """Merge the small files of each day that is over into one of Parquet. Safe while steps write and others merge."""
    day = _day(before)
    try:
        found = find_ledger(Storage(place))
        merged = merge_before(found, day)
    except (LedgerError, StorageError) as error:
        fail(str(error))
    for section, count in merged.items():
        out.print(f"{section.day} {section.pipeline}: {counted(count, 'file')} merged", markup=False)
    if not merged:
        out.print(f"There is nothing to merge before {day} in {found.url}.", markup=False)


@ledger.command()
def chargeback(
    place: Annotated[str, typer.Argument(help="A shared ledger, or a workspace: a folder or s3://.", metavar="URL")],
    *,
    month: Annotated[str | None, typer.Option(help="Like 2026-11.", show_default="the last one, in UTC")] = None,
) -> None:
    """Write what owners and tags owe for a month as CSV beside the ledger, with their part of idle instances."""
    try:
        url = write_chargeback(find_ledger(Storage(place)), _month(month))
    except (LedgerError, StorageError) as error:
        fail(str(error))
    out.print(url, markup=False, soft_wrap=True)


@ledger.command()
def collect(
    spec: SpecArgument,
    *,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
) -> None:
    """Write the rows of jobs that have ended and that no run has collected, such as those of a run that was deleted."""
    with spec_session(spec, Roots(data_root, workspace_root, param)) as session:
        session.say_where()
        try:
            count = record_uncollected(DirectAccess(session.connection), session.pipeline, session.workspace)
        except (ConnectionProblem, BatchError) as error:
            fail(str(error))
    out.print(f"{counted(count, 'submission')} that no run has collected: in the ledger", markup=False)


def _month(text: str | None) -> str:
    if text is None:
        return f"{datetime.now(UTC).date().replace(day=1) - timedelta(days=1):%Y-%m}"
    try:
        return f"{date.fromisoformat(f'{text}-01'):%Y-%m}"
    except ValueError:
        fail(f"--month {text}: write a month like 2026-11")


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return day_meant(text)
    except ValueError:
        fail(f"--before {text}: write {DAY_FORM}")


ledger.command()(ask)
